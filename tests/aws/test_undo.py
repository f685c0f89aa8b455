"""A permission is missing half-way: what was made before is taken back, the last first, and it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scar import limits
from tests.aws.conftest import IMAGE, Argument, Cloud, Ran
from tests.aws.emulators import REGION

Calls = tuple[tuple[str, str], ...]

CALLS: Calls = (
    ("CreateLogGroup", "DeleteLogGroup"),
    ("PutRetentionPolicy", ""),
    ("CreateFunction", "DeleteFunction"),
    ("CreateBucket", "DeleteBucket"),
    ("PutObject", "DeleteObject"),
    ("PutObject", "DeleteObject"),
    ("AddPermission", "RemovePermission"),
    ("PutBucketNotificationConfiguration", ""),
)
"""The changing calls of init, in their order, and what takes each back."""

FULL: Calls = (
    ("CreateLogGroup", "DeleteLogGroup"),
    ("PutRetentionPolicy", ""),
    ("PutObject", "DeleteObject"),  # the package, which is too large to be sent along
    ("CreateFunction", "DeleteFunction"),
    ("DeleteObject", ""),
    ("PutFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig"),
    ("Invoke", ""),
    *CALLS[3:],
)
"""Those of an init with all that it can make."""


@pytest.fixture
def denied(moto: Cloud, request: pytest.FixtureRequest) -> Iterator[str]:
    """An operation that the account does not permit."""
    moto.account.proxy.denied = request.param
    yield request.param
    moto.account.proxy.denied = ""


def init(cloud: Cloud, name: str, *more: Argument) -> Ran:
    return cloud.scar("init", "-n", name, "-es", name, *more, IMAGE)


def check(cloud: Cloud, name: str, expected: Calls, denied: str, *more: Argument) -> None:
    """Deny a call, and see that those before it are taken back."""
    failed: list[Ran] = []
    calls = cloud.changes(lambda: failed.append(init(cloud, name, *more)))
    done = expected[: [name for name, _ in expected].index(denied)]
    taken_back = [undo for _, undo in reversed(done) if undo]
    assert [call.operation for call in calls] == [*(name for name, _ in done), *taken_back]
    assert failed[0].status == 1
    assert f":{denied}" in failed[0].stderr
    assert ("undone" in failed[0].stderr) == bool(taken_back)
    assert "NOT undone" not in failed[0].stderr


@pytest.mark.parametrize("denied", dict.fromkeys(name for name, _ in CALLS), indirect=True)
def test_init_takes_back_what_it_made_before_a_denial(moto: Cloud, denied: str) -> None:
    check(moto, "halfway", CALLS, denied)


def test_the_same_command_works_once_nothing_is_denied(moto: Cloud) -> None:
    calls = moto.changes(lambda: init(moto, "halfway"))
    assert [call.operation for call in calls] == [name for name, _ in CALLS]
    moto.succeed("rm", "halfway")


@pytest.fixture(scope="module")
def all_options(moto: Cloud, tmp_path_factory: pytest.TempPathFactory) -> list[Argument]:
    """What has init make all that it can."""
    moto.account.client("s3").create_bucket(Bucket="packages")
    queue = moto.account.client("sqs").create_queue(QueueName="failures")["QueueUrl"].rpartition("/")[2]
    folder = tmp_path_factory.mktemp("extra")
    with (folder / "hole").open("wb") as file:
        file.truncate(limits.PACKAGE_BYTES)
    destination = f"arn:aws:sqs:{REGION}:{moto.role.split(':')[4]}:{queue}"
    return ["-p", "--on-failure", destination, "--extra-payload", folder, "--package-bucket", "packages"]


@pytest.mark.parametrize(
    "denied",
    ["CreateFunction", "PutFunctionEventInvokeConfig", "Invoke", "PutBucketNotificationConfiguration"],
    indirect=True,
)
def test_an_upload_a_destination_and_a_preheated_function_are_taken_back_too(
    moto: Cloud, all_options: list[Argument], denied: str
) -> None:
    check(moto, "whole", FULL, denied, *all_options)


def test_all_is_made_once_nothing_is_denied(moto: Cloud, all_options: list[Argument]) -> None:
    calls = moto.changes(lambda: init(moto, "whole", *all_options))
    assert [call.operation for call in calls] == [name for name, _ in FULL]
    moto.succeed("rm", "whole")
