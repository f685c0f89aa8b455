"""What AWS would refuse, refused before it is asked: each check has what it takes and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scar import limits
from scar.errors import ScarError, UsageError

Check = Callable[[Any, str], Any]
ROLE = "arn:aws:iam::123456789012:role/path/name"


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (limits.memory, 128),
        (limits.memory, 10_240),
        (limits.time, 1),
        (limits.time, 900),
        (limits.function_name, "a" * 64),
        (limits.function_name, "lambda-docker_cowsay-1"),
        (limits.description, "ü" * 256),
        (limits.description, ""),
        (limits.role, ROLE),
        (limits.role, ROLE.replace("aws", "aws-us-gov", 1)),
        (limits.region, "us-gov-west-1"),
        (limits.bucket, "my.bucket-1"),
        (limits.bucket, "b" * 63),
        (limits.registry_mirror, "http://127.0.0.1:5555"),
        (limits.registry_mirror, "https://mirror.example.org/"),
        (limits.storage, 512),
        (limits.storage, 10_240),
        (limits.runtime, "python3.12"),
        (limits.architecture, "arm64"),
        (limits.destination, "s3://failures"),
        (limits.destination, "arn:aws:s3:::failures"),
        (limits.destination, "arn:aws:sqs:eu-west-1:123456789012:failures"),
        (limits.log_stream, "2026/11/21/[$LATEST]7a7b5d38bf684619addd6e0b56e32d42"),
        (limits.request_id, "b513383e-2979-4fc1-a106-b85fc0346989"),
    ],
)
def test_accepts(check: Check, value: Any) -> None:
    assert check(value, "--option") == value


@pytest.mark.parametrize(
    ("check", "value", "said"),
    [
        (limits.memory, 127, "127 is not between 128 and 10,240 MB"),
        (limits.memory, 10_241, "10,240 MB"),
        (limits.time, 0, "between 1 and 900 seconds"),
        (limits.time, 901, "between 1 and 900 seconds"),
        (limits.threshold, -1, "between 1 and 900 seconds"),
        (limits.function_name, "a" * 65, "at most 64 characters, this one has 65"),
        (limits.function_name, "", "only letters"),
        (limits.function_name, "a.b", "'a.b'"),
        (limits.function_name, "a\n", "only letters"),
        (limits.function_name, "é", "only letters"),
        (limits.description, "a" * 257, "at most 256 characters, this one has 257"),
        (limits.description, "a\udcff", "UTF-8"),
        (limits.role, "scar", "not the ARN of a role"),
        (limits.role, ROLE.replace("role", "user"), "not the ARN of a role"),
        (limits.role, ROLE.replace("123456789012", "12"), "not the ARN of a role"),
        (limits.region, "nowhere", "not the name of an AWS region"),
        (limits.region, "US-EAST-1", "not the name of an AWS region"),
        (limits.bucket, "ab", "not the name of a bucket"),
        (limits.bucket, "Bucket", "not the name of a bucket"),
        (limits.bucket, "a..b", "not the name of a bucket"),
        (limits.bucket, "192.168.0.1", "not the name of a bucket"),
        (limits.bucket, "b" * 64, "not the name of a bucket"),
        (limits.registry_mirror, "mirror.example.org", "not the URL of a registry"),
        (limits.registry_mirror, "http://user:secret@host", "not the URL of a registry"),
        (limits.registry_mirror, "http://host/v2/", "not the URL of a registry"),
        (limits.storage, 511, "511 is not between 512 and 10,240 MB"),
        (limits.storage, 10_241, "10,240 MB"),
        (limits.runtime, "python3.7", "one of python3.12, python3.13, python3.14"),
        (limits.architecture, "amd64", "one of x86_64, arm64"),
        (limits.destination, "failures", "not a destination"),
        (limits.destination, "s3://failures/folder", "a bucket alone"),
        (limits.destination, "arn:aws:ec2:eu-west-1:123456789012:failures", "not a destination"),
        (limits.log_stream, "a:b", "not the name of a log stream"),
        (limits.request_id, 'a" "b', "not a request id"),
    ],
)
def test_refuses(check: Check, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=r"^--option: ") as caught:
        check(value, "--option")
    assert said in caught.value.message


def test_threshold_must_leave_time() -> None:
    limits.threshold_below_time(9, 10, "-tt")
    with pytest.raises(UsageError, match=r"threshold \(10 s\) must be smaller .* time-out \(10 s\)"):
        limits.threshold_below_time(10, 10, "-tt")


def test_environment_counts_bytes_of_names_and_values() -> None:
    limits.environment({"A": "é" * 2047, "B": ""}, "-e")  # 1 + 4,094 + 1
    with pytest.raises(UsageError, match=r"takes 4,097 bytes; AWS Lambda allows 4,096"):
        limits.environment({"A": "é" * 2047, "BC": ""}, "-e")


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "é", "A="])
def test_refuses_names_of_variables(name: str) -> None:
    limits.variable_names(["A", "_a1", "AWS_REGION"], "-e")
    with pytest.raises(UsageError, match="not the name of an environment variable"):
        limits.variable_names(["A", name], "-e")


def test_package_size() -> None:
    limits.package_size(50 * 1024 * 1024)
    with pytest.raises(ScarError, match=r"has 52,428,801 bytes; AWS Lambda takes 52,428,800"):
        limits.package_size(50 * 1024 * 1024 + 1)


def test_unzipped_size() -> None:
    limits.unzipped_size(250 * 1024 * 1024)
    with pytest.raises(ScarError, match=r"have 262,144,001 bytes; AWS Lambda allows 262,144,000"):
        limits.unzipped_size(250 * 1024 * 1024 + 1)


@pytest.mark.parametrize(("asynchronous", "limit"), [(False, 6 * 1024 * 1024), (True, 1024 * 1024)])
def test_payload_size(asynchronous: bool, limit: int) -> None:
    limits.payload_size(limit, asynchronous=asynchronous)
    with pytest.raises(UsageError, match=f"take {limit + 1:,} bytes; AWS Lambda allows {limit:,}"):
        limits.payload_size(limit + 1, asynchronous=asynchronous)
