"""Clouds and functions for the tests of the local cloud."""

from __future__ import annotations

import base64
import io
import json
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import boto3
import pytest
from botocore.config import Config

from scar.local import cloud as local_cloud
from scar.local.cloud import LocalCloud

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

T = TypeVar("T")


@contextmanager
def environment(home: Path, **variables: str) -> Iterator[None]:
    """What decides which local cloud is meant, and how it behaves."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"SCAR_HOME": str(home), **variables}.items():
            patch.setenv(name, value)
        yield


@contextmanager
def running(home: Path, **variables: str) -> Iterator[LocalCloud]:
    """A local cloud of its own, stopped at the end. Only the two moments of that see its environment."""
    with environment(home, **variables):
        cloud = local_cloud.start()
    try:
        yield cloud
    finally:
        with environment(home):
            local_cloud.stop()


def eventually(look: Callable[[], T | Literal[False] | None], seconds: float = 20) -> T:
    """The first true value of `look`. Fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@dataclass(frozen=True)
class Answer:
    """What Invoke answered."""

    payload: Any
    error: str
    request_id: str
    status: int
    headers: dict[str, str]

    @property
    def log_tail(self) -> str:
        """Of a call that asked for it."""
        return base64.b64decode(self.headers["x-amz-log-result"]).decode()


class Aws:
    """The services of a local cloud, each asked once: no retries behind the tests' back."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.session = boto3.Session(cloud.access_key_id, cloud.secret_access_key, region_name=cloud.region)
        once = Config(retries={"total_max_attempts": 1})
        options: dict[str, Any] = {"endpoint_url": cloud.endpoint, "config": once}
        self.functions: LambdaClient = self.session.client("lambda", **options)
        self.logs: CloudWatchLogsClient = self.session.client("logs", **options)
        self.iam: IAMClient = self.session.client("iam", **options)
        self.s3: S3Client = self.session.client("s3", **options)
        self.sqs: SQSClient = self.session.client("sqs", **options)

    def function(self, source: str, files: dict[str, bytes] | None = None, **config: Any) -> Function:
        """Make a function whose handler is `handle` in this source."""
        name = f"f-{uuid.uuid4().hex[:12]}"
        defaults = {"Runtime": "python3.12", "Role": self.cloud.role_arn, "Handler": "main.handle"}
        code = package(source, files)
        made = self.functions.create_function(
            FunctionName=name, Code={"ZipFile": code}, **{**defaults, "Timeout": 20, **config}
        )
        return Function(self, name, made["FunctionArn"])


@dataclass(frozen=True)
class Function:
    """A function of a test."""

    aws: Aws
    name: str
    arn: str

    def call(self, event: Any = None, **options: Any) -> Answer:
        """Invoke it and wait."""
        answer = self.aws.functions.invoke(
            FunctionName=self.name, Payload=json.dumps(event).encode(), LogType="Tail", **options
        )
        body = answer["Payload"].read()
        metadata = answer["ResponseMetadata"]
        return Answer(
            json.loads(body) if body else None,
            answer.get("FunctionError", ""),
            metadata["RequestId"],
            metadata["HTTPStatusCode"],
            metadata["HTTPHeaders"],
        )

    def send(self, event: Any) -> Answer:
        """Invoke it asynchronously."""
        return self.call(event, InvocationType="Event")

    def log(self) -> list[str]:
        """All messages of its log group so far."""
        if not self.aws.logs.describe_log_groups(logGroupNamePrefix=self.group)["logGroups"]:
            return []
        return [event["message"] for event in self.events()]

    def events(self) -> list[Any]:
        """All events of its log group so far, in the order of time."""
        pages = self.aws.logs.get_paginator("filter_log_events").paginate(logGroupName=self.group)
        return [event for page in pages for event in page["events"]]

    @property
    def group(self) -> str:
        """Its log group."""
        return f"/aws/lambda/{self.name}"

    def logged(self, prefix: str) -> list[str]:
        """The messages that begin so."""
        return [message for message in self.log() if message.startswith(prefix)]


def package(source: str, files: dict[str, bytes] | None = None) -> bytes:
    """A deployment package with main.py and other files; those are executable."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("main.py", textwrap.dedent(source))
        for name, content in (files or {}).items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
