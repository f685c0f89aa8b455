"""What ``--dry-run`` says is what is then asked of AWS: those calls, in that order, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.aws.conftest import IMAGE, Argument, Cloud


class Meaning(NamedTuple):
    """What a step's words mean: a call and its telling parameters, in which groups of the words stand."""

    words: str
    operation: str = ""
    """Empty for a step that changes nothing."""
    parameters: Mapping[str, str] = {}


GROUP = r"(/aws/lambda/\S+)"
MEANINGS = (
    Meaning(f"create log group {GROUP}", "CreateLogGroup", {"logGroupName": r"\1"}),
    Meaning(
        rf"keep the events of {GROUP} for (\d+) days",
        "PutRetentionPolicy",
        {"logGroupName": r"\1", "retentionInDays": r"\2"},
    ),
    Meaning(
        r"create function (\S+) \((\d+) MB, (\d+) s, .*\)",
        "CreateFunction",
        {"FunctionName": r"\1", "MemorySize": r"\2", "Timeout": r"\3"},
    ),
    Meaning(r"wait until function (\S+) is (active|changed)"),
    Meaning(r"preheat function (\S+): .*", "Invoke", {"FunctionName": r"\1"}),
    Meaning(r"create bucket (\S+)", "CreateBucket", {"Bucket": r"\1"}),
    Meaning(r"create folder (\S+) in bucket (\S+)", "PutObject", {"Key": r"\1", "Bucket": r"\2"}),
    Meaning(
        r"permit bucket (\S+) of account (\d+) to call (\S+)",
        "AddPermission",
        {"SourceArn": r"arn:aws:s3:::\1", "SourceAccount": r"\2", "FunctionName": r"\3"},
    ),
    Meaning(
        r"call \S+ for new objects under \S+ in bucket (\S+)",
        "PutBucketNotificationConfiguration",
        {"Bucket": r"\1"},
    ),
    Meaning(r"change function (\S+): .*", "UpdateFunctionConfiguration", {"FunctionName": r"\1"}),
    Meaning(r"replace the package of function (\S+) \(.*\)", "UpdateFunctionCode", {"FunctionName": r"\1"}),
    Meaning(
        r"remove the notification of bucket (\S+)", "PutBucketNotificationConfiguration", {"Bucket": r"\1"}
    ),
    Meaning(r"delete function (\S+) and its permissions", "DeleteFunction", {"FunctionName": r"\1"}),
    Meaning(f"delete log group {GROUP}", "DeleteLogGroup", {"logGroupName": r"\1"}),
)


def meant(step: str) -> Iterator[tuple[Meaning, dict[str, str]]]:
    """What a step announces; nothing for a step that only waits."""
    (found,) = [(one, match) for one in MEANINGS if (match := re.fullmatch(one.words, step))]
    meaning, match = found
    if meaning.operation:
        yield meaning, {name: match.expand(value) for name, value in meaning.parameters.items()}


def check(cloud: Cloud, *command: Argument) -> list[str]:
    """Compare what a command line plans with what it does; the operations that it was."""
    plan: list[str] = []
    dry = cloud.changes(lambda: plan.extend(cloud.succeed(*command, "--dry-run", "--json").json["plan"]))
    assert dry == []
    announced = [one for step in plan for one in meant(step)]
    made = cloud.changes(lambda: cloud.succeed(*command))
    assert [call.operation for call in made] == [meaning.operation for meaning, _ in announced]
    for call, (_, parameters) in zip(made, announced, strict=True):
        assert {name: str(call.parameters[name]) for name in parameters} == parameters
    return [call.operation for call in made]


def test_init_update_and_rm_make_the_calls_of_their_plans(moto: Cloud, script: Callable[[str], Path]) -> None:
    assert check(moto, "init", "-n", "planned", "-p", "-es", "planned", "-m", "256", IMAGE) == [
        *("CreateLogGroup", "PutRetentionPolicy", "CreateFunction", "Invoke", "CreateBucket"),
        *("PutObject", "PutObject", "AddPermission", "PutBucketNotificationConfiguration"),
    ]
    assert check(moto, "update", "-m", "512", "-e", "A=1", "planned") == ["UpdateFunctionConfiguration"]
    assert check(moto, "update", "-s", script("true\n"), "planned") == ["UpdateFunctionCode"]
    assert check(moto, "update", "-m", "512", "planned") == []
    assert check(moto, "rm", "planned") == [
        *("PutBucketNotificationConfiguration", "DeleteFunction", "DeleteLogGroup")
    ]
    assert check(moto, "rm", "planned") == []


def test_what_is_there_is_not_made_again(moto: Cloud) -> None:
    s3, logs = moto.account.client("s3"), moto.account.client("logs")
    s3.create_bucket(Bucket="theirs")
    s3.put_object(Bucket="theirs", Key="input/")
    logs.create_log_group(logGroupName="/aws/lambda/beside")
    assert check(moto, "init", "-n", "beside", "-es", "theirs", IMAGE) == [
        *("CreateFunction", "PutObject", "AddPermission", "PutBucketNotificationConfiguration")
    ]
    check(moto, "rm", "beside")


@pytest.mark.parametrize("step", ["create something else", "create log group x"])
def test_a_step_that_nobody_knows_is_noticed(step: str) -> None:
    with pytest.raises(ValueError, match="unpack"):
        list(meant(step))
