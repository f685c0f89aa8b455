"""What the tests of the command line share besides fixtures."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ROLE = "arn:aws:iam::123456789012:role/scar"


@dataclass(frozen=True)
class Ran:
    """What one command line gave."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


Scar = Callable[..., Ran]


class Account:
    """The account that the commands work on, seen with boto3."""

    def __init__(self, url: str) -> None:
        self.url = url
        session = boto3.Session("test", "test", region_name="us-east-1")
        client: Callable[..., Any] = partial(session.client, endpoint_url=url)
        self.functions = client("lambda")
        self.logs = client("logs")
        self.s3 = client("s3")
        self.iam = client("iam")
        self._clients = (self.functions, self.logs, self.s3, self.iam)

    def close(self) -> None:
        for client in self._clients:
            client.close()

    def contents(self) -> dict[str, list[str]]:
        """Names of everything in it that a command could have made."""
        return {
            "functions": [one["FunctionName"] for one in self.functions.list_functions()["Functions"]],
            "log groups": [one["logGroupName"] for one in self.logs.describe_log_groups()["logGroups"]],
            "buckets": [one["Name"] for one in self.s3.list_buckets()["Buckets"]],
        }

    def make_anothers(self, name: str, **changes: Any) -> None:
        """Make a function that is not SCAR's."""
        theirs = {
            "FunctionName": name,
            "Role": ROLE,
            "Runtime": "python3.13",
            "Handler": "theirs.handler",
            "Code": {"ZipFile": b"x"},
        }
        self.functions.create_function(**{**theirs, **changes})

    def configuration(self, function: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.functions.get_function_configuration(FunctionName=function)
        return answer

    def notification(self, bucket: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.s3.get_bucket_notification_configuration(Bucket=bucket)
        del answer["ResponseMetadata"]
        return answer

    def statements(self, function: str) -> list[dict[str, Any]]:
        policy = self.functions.get_policy(FunctionName=function)["Policy"]
        statements: list[dict[str, Any]] = json.loads(policy)["Statement"]
        return statements


NOTHING: dict[str, list[str]] = {"functions": [], "log groups": [], "buckets": []}

BASE = 1_795_302_477_000
"""Milliseconds since 1970: a moment that moto takes for neither too old nor in the future."""


def write_log(account: Account, stream: str, moments: Sequence[int], lines: Sequence[str]) -> None:
    """Lines of the function cowsay, written so many milliseconds after BASE."""
    group = "/aws/lambda/cowsay"
    account.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [
        {"timestamp": BASE + moment, "message": f"{line}\n"}
        for moment, line in zip(moments, lines, strict=True)
    ]
    account.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
