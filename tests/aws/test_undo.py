"""A permission is missing half-way: what was made before is taken back, the last first, and it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.conftest import IMAGE, Cloud, Ran

CALLS = (
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

NAMES = tuple(dict.fromkeys(name for name, _ in CALLS))


@pytest.fixture
def denied(moto: Cloud, request: pytest.FixtureRequest) -> Iterator[str]:
    """An operation that the account does not permit."""
    moto.account.proxy.denied = request.param
    yield request.param
    moto.account.proxy.denied = ""


def init(cloud: Cloud) -> Ran:
    return cloud.scar("init", "-n", "halfway", "-es", "halfway", IMAGE)


@pytest.mark.parametrize("denied", NAMES, indirect=True)
def test_init_takes_back_what_it_made_before_a_denial(moto: Cloud, denied: str) -> None:
    failed: list[Ran] = []
    calls = moto.changes(lambda: failed.append(init(moto)))
    done = CALLS[: [name for name, _ in CALLS].index(denied)]
    taken_back = [undo for _, undo in reversed(done) if undo]
    assert [call.operation for call in calls] == [*(name for name, _ in done), *taken_back]
    assert failed[0].status == 1
    assert f":{denied}" in failed[0].stderr
    assert ("undone" in failed[0].stderr) == bool(taken_back)
    assert "NOT undone" not in failed[0].stderr


def test_the_same_command_works_once_nothing_is_denied(moto: Cloud) -> None:
    calls = moto.changes(lambda: init(moto))
    assert [call.operation for call in calls] == [name for name, _ in CALLS]
    moto.succeed("rm", "halfway")
