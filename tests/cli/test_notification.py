"""Merging into a bucket's notification: what is ours goes in and out, what others own stays."""

from __future__ import annotations

from typing import Any

import pytest

from scar.deploy import notification
from scar.deploy.notification import Entry

ARN = "arn:aws:lambda:us-east-1:123456789012:function:cowsay"
OURS = Entry("scar-cowsay", ARN, "input/")

OTHERS: dict[str, Any] = {
    "TopicConfigurations": [{"Id": "t", "TopicArn": "arn:topic", "Events": ["s3:ObjectRemoved:*"]}],
    "QueueConfigurations": [{"Id": "q", "QueueArn": "arn:queue", "Events": ["s3:ObjectRestore:*"]}],
    "LambdaFunctionConfigurations": [
        {
            "Id": "f",
            "LambdaFunctionArn": f"{ARN}-other",
            "Events": ["s3:ObjectCreated:Put"],
            "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "elsewhere/"}]}},
        }
    ],
    "EventBridgeConfiguration": {},
}


def test_goes_in_beside_others() -> None:
    merged = notification.with_entry(OTHERS, OURS)
    functions = merged.pop("LambdaFunctionConfigurations")
    assert functions == [*OTHERS["LambdaFunctionConfigurations"], OURS.to_document()]
    assert merged == {key: OTHERS[key] for key in OTHERS if key != "LambdaFunctionConfigurations"}


def test_going_in_twice_is_going_in_once() -> None:
    once = notification.with_entry(OTHERS, OURS)
    assert notification.with_entry(once, OURS) == once


def test_comes_out_and_leaves_what_was_there() -> None:
    assert notification.without_function(notification.with_entry(OTHERS, OURS), ARN) == OTHERS
    assert notification.without_function(notification.with_entry({}, OURS), ARN) == {}


def test_comes_out_in_every_version_of_the_function() -> None:
    document = notification.with_entry({}, OURS)
    document["LambdaFunctionConfigurations"][0]["LambdaFunctionArn"] += ":7"
    assert notification.without_function(document, ARN) == {}


def _other(events: list[str], prefix: str | None, key: str = "QueueArn") -> dict[str, Any]:
    rules = [{"Name": "Suffix", "Value": ".png"}]
    if prefix is not None:
        rules.append({"Name": "Prefix", "Value": prefix})
    entry = {"Id": "x", key: "arn:other", "Events": events, "Filter": {"Key": {"FilterRules": rules}}}
    return {key.replace("Arn", "Configurations"): [entry]}


@pytest.mark.parametrize(
    "document",
    [
        _other(["s3:ObjectCreated:*"], "input/"),
        _other(["s3:ObjectRemoved:*", "s3:ObjectCreated:Put"], "input/pictures/"),
        _other(["s3:ObjectCreated:*"], "in"),
        _other(["s3:ObjectCreated:*"], None, "TopicArn"),
    ],
)
def test_finds_what_overlaps(document: dict[str, Any]) -> None:
    found = notification.overlapping(document, OURS)
    assert found is not None
    assert notification.target(found) == "arn:other"


@pytest.mark.parametrize(
    "document",
    [
        {},
        OTHERS,
        _other(["s3:ObjectRemoved:*"], "input/"),
        _other(["s3:ObjectCreated:*"], "input2/"),
        notification.with_entry({}, OURS),
    ],
)
def test_finds_nothing_where_nothing_overlaps(document: dict[str, Any]) -> None:
    assert notification.overlapping(document, OURS) is None
