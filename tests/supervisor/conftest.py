"""The handler as Lambda runs it: from its package, in a process and with a /tmp of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from scar.deploy import package
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry
from scar_supervisor.contract import PAYLOAD_KEY, Call, Processed, Result
from tests.oci import layers

ARCHITECTURE = "x86_64" if os.uname().machine == "x86_64" else "arm64"
REPOSITORY = "grycap/cowsay"

DRIVER = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from scar_supervisor import handler

class Context:
    log_group_name, log_stream_name = "/aws/lambda/test", "stream"
    def get_remaining_time_in_millis(self):
        return self.milliseconds

for line in sys.stdin:
    request, context = json.loads(line), Context()
    context.aws_request_id, context.milliseconds = request["id"], request["seconds"] * 1000
    try:
        answer = {"result": handler.handle(request["event"], context)}
    except Exception as error:
        answer = {"raised": type(error).__name__, "message": str(error)}
    answer["open"] = len(os.listdir("/proc/self/fd"))
    # As AWS's client of the runtime encodes it from Python 3.12 on: what is not Unicode ends the process.
    line = json.dumps(answer, ensure_ascii=False) + "\\n"
    sys.stderr.buffer.write(line.encode())
    sys.stderr.buffer.flush()
"""


class Environment:
    """One environment of a function."""

    def __init__(self, process: subprocess.Popen[str], tmp: Path, log: Path) -> None:
        self.tmp = tmp
        self._process = process
        self._log = log

    def answer(self, event: Any, *, seconds: float = 60, request_id: str = "") -> dict[str, Any]:
        """What becomes of an event: ``result``, or ``raised`` and ``message``; ``open``: files that are."""
        assert self._process.stdin
        assert self._process.stderr
        line = {"event": event, "seconds": seconds, "id": request_id or str(uuid.uuid4())}
        print(json.dumps(line), file=self._process.stdin, flush=True)
        return dict(json.loads(self._process.stderr.readline()))

    def call(self, *args: str, seconds: float = 60, **more: Any) -> Result:
        """What becomes of a call of ``scar run``."""
        call = Call(args=tuple(map(os.fsencode, args)), **more)
        return Result.from_document(self.answer(call.to_payload(), seconds=seconds)["result"])

    def log(self) -> str:
        """All that the function has logged."""
        return self._log.read_text(errors="replace")


Start = Callable[..., Any]


@pytest.fixture(scope="session")
def task(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the unpacked deployment package."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(io.BytesIO(package.build(ARCHITECTURE, init_script=None))) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def derived(registry: str) -> Callable[..., str]:
    """Push an image with layers on those of cowsay and another configuration; its digest."""

    def push(tag: str, process: dict[str, Any], *more: layers.Member) -> str:
        with Registry(mirror=registry) as source, layers.pushing(registry) as pusher:
            image = source.resolve(ImageReference.parse(REPOSITORY), Platform.of_lambda(ARCHITECTURE))
            added = layers.layer(*more)
            config = json.loads(source.config_document(image))
            config["config"] = process
            config["rootfs"]["diff_ids"].append(added.diff_id)
            blob = json.dumps(config).encode()
            described = {"mediaType": f"{layers.OCI}.config.v1+json", "digest": layers.digest_of(blob)}
            below = [
                {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}
                for layer in image.layers
            ]
            manifest = {
                "schemaVersion": 2,
                "mediaType": f"{layers.OCI}.manifest.v1+json",
                "config": described | {"size": len(blob)},
                "layers": [*below, added.descriptor],
            }
            pusher.push_blob(REPOSITORY, added.blob)
            pusher.push_blob(REPOSITORY, blob)
            document = json.dumps(manifest).encode()
            pusher.push_manifest(REPOSITORY, tag, document, str(manifest["mediaType"]))
            return layers.digest_of(document)

    return push


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """URL of an S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3(s3_endpoint: str) -> Iterator[Any]:
    """boto3's client for it."""
    client = boto3.client(
        "s3",
        endpoint_url=s3_endpoint,
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="secret",
    )
    yield client
    client.close()


@pytest.fixture(scope="session")
def start(task: Path, registry: str, s3_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Start an environment for the image with a digest, and end it with the context. It may have a /tmp."""

    @contextmanager
    def started(digest: str, tmp: Path | None = None, **variables: str) -> Iterator[Environment]:
        tmp = tmp or tmp_path_factory.mktemp("tmp")
        log = tmp_path_factory.mktemp("log") / "log"
        variables = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(tmp),
            "AWS_LAMBDA_FUNCTION_NAME": "function",
            "SCAR_IMAGE": REPOSITORY,
            "SCAR_IMAGE_DIGEST": digest,
            "SCAR_REGISTRY_MIRROR": registry,
            "SCAR_TIMEOUT_THRESHOLD": "4",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL": s3_endpoint,
            **variables,
        }
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [sys.executable, "-c", DRIVER, str(task)],
                stdin=subprocess.PIPE, stdout=output, stderr=subprocess.PIPE, encoding="utf-8", env=variables,
            ) as process,
        ):  # fmt: skip
            yield Environment(process, tmp, log)

    return started


@pytest.fixture(scope="session")
def cow(start: Start, registry: str) -> Iterator[Environment]:
    """A warm environment of the image cowsay."""
    with Registry(mirror=registry) as source:
        image = source.resolve(ImageReference.parse(REPOSITORY), Platform.of_lambda(ARCHITECTURE))
    with start(image.digest) as environment:
        assert environment.call(pull_only=True).image_pulled
        yield environment


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket of this test."""
    name = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    return name


def s3_event(bucket: str, *keys: str) -> dict[str, Any]:
    """The event of S3 for new objects."""
    return {
        "Records": [
            {"eventSource": "aws:s3", "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}
            for key in keys
        ]
    }


def processed(answer: dict[str, Any]) -> int:
    """How many objects a successful answer to an event names."""
    return int(answer["result"][PAYLOAD_KEY]["processed"])


def left(environment: Environment) -> list[str]:
    """What calls left beside image and spare folder."""
    return [
        path.name
        for path in environment.tmp.iterdir()
        if path.name != "udocker" and not path.name.startswith(".scar-")
    ]


def results(s3: Any, bucket: str, prefix: str = "output/") -> dict[str, bytes]:
    """Contents of a bucket's results by their paths under the prefix."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    return {key.removeprefix(prefix): s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def last(environment: Environment) -> Processed:
    """The last line that the function has logged, which says what became of its work."""
    found = Processed.parse(environment.log().splitlines()[-1])
    assert found
    return found
