"""Many files: each is processed, none of them twice, and nothing of them stays in the local cloud."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from tests.e2e.conftest import IMAGE, Scar
from tests.local.support import eventually, running

FILES = 60
AT_ONCE = 16
BUCKET = "e2e-load"
COPY_AND_HASH = """#!/bin/sh
set -e
result=$SCAR_OUTPUT_DIR/${SCAR_INPUT_FILE##*/}.$REQUEST_ID
cp "$SCAR_INPUT_FILE" "$result.copy"
sha256sum < "$SCAR_INPUT_FILE" > "$result.sha256"
"""
"""A file that is processed twice leaves two results: each event has a request id of its own."""


def test_each_of_many_files_has_exactly_one_result(
    scar: Scar, s3: Any, script: Callable[[str | bytes], Path]
) -> None:
    assert scar("init", "-n", "load", "-s", script(COPY_AND_HASH), "-es", BUCKET, IMAGE).status == 0
    contents = {f"{number:02}.bin": b"%d" % number * 5000 for number in range(FILES)}

    def put(name: str) -> None:
        s3.put_object(Bucket=BUCKET, Key=f"input/{name}", Body=contents[name])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(put, contents))
    _results(s3, 2 * FILES)
    contents["last.bin"] = b"what was queued before it has been begun when it is done"
    put("last.bin")
    results = _results(s3, 2 * len(contents))
    names = [key.removeprefix("output/").rsplit(".", 2) for key in results]
    assert sorted((name, kind) for name, _, kind in names) == sorted(
        (name, kind) for name in contents for kind in ("copy", "sha256")
    )
    for (name, _, kind), result in zip(names, results.values(), strict=True):
        digest = hashlib.sha256(contents[name]).hexdigest()
        assert result == (contents[name] if kind == "copy" else f"{digest}  -\n".encode()), name
    assert scar("log", "load").stdout.count(b"START RequestId: ") == len(contents)
    assert scar("rm", "load").status == 0


ROUNDS, IN_A_ROUND = 4, 30
CONTENT = bytes(300_000)
LEFT_MB, LEFT_THREADS = 40, 20
"""What may come to the local cloud with all rounds but the first. Their files and copies have 54 MB, and one
thread or descriptor that stayed for each file would be 90."""


def test_nothing_stays_of_files_that_are_gone(
    scar: Scar, settings: dict[str, str], tmp_path: Path, script: Callable[[str | bytes], Path]
) -> None:
    variables = settings | {"SCAR_HOME": str(tmp_path), "SCAR_LOCAL_CONCURRENCY": "2"}
    home = {b"SCAR_HOME": bytes(tmp_path), b"SCAR_LOCAL_CONCURRENCY": b"2"}
    with running(tmp_path, **variables) as cloud:
        session = boto3.Session(cloud.access_key_id, cloud.secret_access_key, region_name=cloud.region)
        s3 = session.client("s3", endpoint_url=cloud.endpoint)
        init = scar("init", "-n", "load", "-s", script(COPY_AND_HASH), "-es", BUCKET, IMAGE, env=home)
        assert init.status == 0, init.stderr
        _round(s3)
        before = _Held.by(cloud.pid)
        for _ in range(ROUNDS - 1):
            _round(s3)
        eventually(lambda: _Held.by(cloud.pid).is_about(before))


class _Held(NamedTuple):
    """What a process holds."""

    memory_mb: int
    threads: int
    descriptors: int

    @classmethod
    def by(cls, pid: int) -> _Held:
        about = Path("/proc", str(pid))
        status = dict(line.split(":", 1) for line in (about / "status").read_text().splitlines())
        descriptors = sum(1 for _ in (about / "fd").iterdir())
        return cls(int(status["VmRSS"].split()[0]) // 1024, int(status["Threads"]), descriptors)

    def is_about(self, before: _Held) -> bool:
        return (
            self.memory_mb - before.memory_mb < LEFT_MB
            and self.threads - before.threads < LEFT_THREADS
            and self.descriptors - before.descriptors < LEFT_THREADS
        )


def _round(s3: Any) -> None:
    """Have files processed, and remove them and their results."""
    for number in range(IN_A_ROUND):
        s3.put_object(Bucket=BUCKET, Key=f"input/{number}", Body=CONTENT)
    results = [*_results(s3, 2 * IN_A_ROUND), *(f"input/{number}" for number in range(IN_A_ROUND))]
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in results]})


def _results(s3: Any, count: int) -> dict[str, bytes]:
    """All of them, as soon as there are so many."""
    deadline = time.monotonic() + 120
    while len(keys := _keys(s3)) < count:
        assert time.monotonic() < deadline, f"{len(keys)} of {count} results"
        time.sleep(0.2)
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _keys(s3: Any) -> list[str]:
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="output/").get("Contents", ())
    return [item["Key"] for item in found if item["Key"] != "output/"]
