"""Files through a bucket's function in the local cloud, beside the same work done by xargs.

A local cloud of its own gets a function by `scar init -es`. A round puts all files into `input/`, several at
once, and is over when the last result is in `output/`; then it is checked that there is exactly one copy and
one hash of each, and at the end that the function was called once for each. Rounds with SCAR and without it
take turns.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from bench import work
from bench.inside import IMAGE, Inside
from scar.deploy import kit
from scar.local import cloud
from scar.local.cloud import LocalCloud
from scar.local.memory import descendants

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

FILES = 1000
SIZE = 10_000
"""Bytes of a file."""
UPLOADS = 16
"""At once."""
ROUNDS = 3
BUCKET, NAME = "bench-files", "bench-files"
TICKS = os.sysconf("SC_CLK_TCK")
Figures = Iterator[tuple[str, str]]


class Cpu(NamedTuple):
    """Seconds of CPU that kinds of processes have used so far."""

    client: float
    cloud: float
    environments: float
    containers: float

    @classmethod
    def now(cls, daemon: int) -> Cpu:
        """This process is the client. The function's handler collects all processes of its containers."""
        cloud, _ = _times(daemon)
        below = [_times(pid) for pid in descendants(daemon)]
        return cls(
            time.process_time(), cloud, sum(own for own, _ in below), sum(children for _, children in below)
        )

    def since(self, before: Cpu) -> Cpu:
        """What was used between two moments."""
        return Cpu(*(now - then for now, then in zip(self, before, strict=True)))


def measure(inside: Inside, folder: Path) -> Figures:
    """The figures, in a folder of its own."""
    source = _files(folder / "files")
    with _cloud(folder, inside) as running, _bare(inside, source) as bare:
        load = Load(running, source)
        seconds, _ = load.run()
        yield f"files: the first {FILES}, while environments start (files/s)", f"{FILES / seconds:.1f}"
        yield "files: local cloud after them", _held(running.pid)
        for parallel in sorted({2, os.cpu_count() or 2}):
            yield from _compare(load, parallel, bare)
        yield "files: local cloud at the end", _held(running.pid)
        load.check_calls()


def _compare(load: Load, parallel: int, bare: Bare) -> Figures:
    """With SCAR and without it in turns, and the ratios round by round."""
    rounds = [(load.run(), bare(parallel)) for _ in range(ROUNDS)]
    middle = statistics.median
    yield "files: through the local cloud (files/s)", f"{FILES / middle(ours for (ours, _), _ in rounds):.1f}"
    for kind in Cpu._fields:
        spent = middle(getattr(cpu, kind) for (_, cpu), _ in rounds)
        yield f"files: CPU of {kind} (ms a file)", f"{spent / FILES * 1000:.2f}"
    name = f"xargs -P {parallel}"
    yield f"files: {name} (files/s)", f"{FILES / middle(alone for _, (alone, _) in rounds):.1f}"
    yield f"files: CPU of {name} (ms a file)", f"{middle(cpu for _, (_, cpu) in rounds) / FILES * 1000:.2f}"
    ratio = middle(alone / ours for (ours, _), (alone, _) in rounds)
    yield f"files: local cloud / {name}, files/s (target: at least 0.4)", f"{ratio:.2f}"
    ratio = middle(alone / sum(ours) for (_, ours), (_, alone) in rounds)
    yield f"files: {name} / local cloud, CPU", f"{ratio:.2f}"


def _held(pid: int) -> str:
    """What a process holds now."""
    about = Path("/proc", str(pid))
    status = dict(line.split(":\t", 1) for line in (about / "status").read_text().splitlines())
    descriptors = sum(1 for _ in (about / "fd").iterdir())
    memory = int(status["VmRSS"].split()[0]) // 1024
    return f"{memory} MB, {status['Threads']} threads, {descriptors} descriptors"


class Load:
    """The client: puts files, waits for results, checks them."""

    def __init__(self, running: LocalCloud, source: Path) -> None:
        self._daemon, self._source = running.pid, source
        self._files = sorted(source.iterdir())
        session = boto3.Session(running.access_key_id, running.secret_access_key, region_name=running.region)
        pool = Config(max_pool_connections=UPLOADS)
        self._s3: S3Client = session.client("s3", endpoint_url=running.endpoint, config=pool)
        self._logs: CloudWatchLogsClient = session.client("logs", endpoint_url=running.endpoint)
        self._rounds = 0

    def run(self) -> tuple[float, Cpu]:
        """One round: its seconds from the first put to the last result, and the CPU used."""
        before, started = Cpu.now(self._daemon), time.monotonic()
        with ThreadPoolExecutor(UPLOADS) as pool:
            list(pool.map(self._put, self._files))
        self._await_results()
        seconds, cpu = time.monotonic() - started, Cpu.now(self._daemon).since(before)
        work.check(
            self._source, {key.removeprefix("output/"): self._get(key) for key in self._keys("output/")}
        )
        self._empty()
        self._rounds += 1
        return seconds, cpu

    def check_calls(self) -> None:
        """Raise SystemExit unless there was one call for each file."""
        pages = self._logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{NAME}", filterPattern="START"
        )
        starts = [
            event for page in pages for event in page["events"] if event["message"].startswith("START ")
        ]
        if len(starts) != self._rounds * FILES:
            raise SystemExit(f"{len(starts)} calls for {self._rounds * FILES} files")

    def _put(self, path: Path) -> None:
        self._s3.put_object(Bucket=BUCKET, Key=f"input/{path.name}", Body=path.read_bytes())

    def _await_results(self) -> None:
        """The last file's first, for listing all of them is work for the cloud."""
        while not self._exists(f"output/{self._files[-1].name}"):
            time.sleep(0.1)
        while len(self._keys("output/")) < 2 * FILES:
            time.sleep(0.1)

    def _exists(self, key: str) -> bool:
        try:
            self._s3.head_object(Bucket=BUCKET, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return False
        return True

    def _keys(self, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", ()) if item["Key"] != prefix]

    def _get(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def _empty(self) -> None:
        keys = [*self._keys("input/"), *self._keys("output/")]
        for start in range(0, len(keys), 1000):
            some = keys[start : start + 1000]
            self._s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in some]})


def _files(folder: Path) -> Path:
    """A folder of files that differ from each other."""
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:04}.bin").write_bytes(os.urandom(SIZE))
    return folder


@contextlib.contextmanager
def _cloud(folder: Path, inside: Inside) -> Iterator[LocalCloud]:
    """A local cloud of this run, with the function."""
    script = folder / "script.sh"
    script.write_bytes(work.SCRIPT)
    os.environ |= {
        "SCAR_KIT": str(kit.folder().expanduser().absolute()),  # not that of the home which follows
        "SCAR_HOME": str(folder / "home"),
        "SCAR_REGISTRY_MIRROR": inside.variables["SCAR_REGISTRY_MIRROR"],
    }
    scar = Path(sys.executable).with_name("scar")
    try:
        subprocess.run(
            [scar, "init", "--local", "-n", NAME, "-s", script, "-es", BUCKET, IMAGE],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        yield cloud.start()
    finally:
        cloud.stop()


@contextlib.contextmanager
def _bare(inside: Inside, source: Path) -> Iterator[Bare]:
    process = inside.start("bare", source)
    requests, answers = process.stdin, process.stdout
    if requests and answers:
        with process, requests, answers:
            yield Bare(requests, answers)


class Bare:
    """The work without SCAR, done by `bare`."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self._requests, self._answers = requests, answers

    def __call__(self, parallel: int) -> tuple[float, float]:
        """One round with so many processes at once: seconds of wall time and of CPU."""
        self._requests.write(b"%d\n" % parallel)
        self._requests.flush()
        done = json.loads(self._answers.readline())
        return done["seconds"], done["cpu"]


def _times(pid: int) -> tuple[float, float]:
    """Seconds of CPU that a process has used itself, and those of its children that it has waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0, 0.0
    user, system, child_user, child_system = map(int, text.rpartition(")")[2].split()[11:15])
    return (user + system) / TICKS, (child_user + child_system) / TICKS
