"""Which objects an event names."""

from __future__ import annotations

from typing import Any

import pytest

from scar_supervisor.events import S3Object, is_s3_event, s3_objects


def record(key: str, bucket: str = "b") -> dict[str, Any]:
    return {"eventSource": "aws:s3", "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


def test_keys_are_decoded_as_aws_encodes_them() -> None:
    event = {"Records": [record("input/a+b%2Bc%20%C3%BC%25"), record("input%2Fd", bucket="c")]}
    assert is_s3_event(event)
    assert s3_objects(event) == (S3Object("b", "input/a b+c ü%"), S3Object("c", "input/d"))


def test_folder_markers_are_left_out() -> None:
    assert s3_objects({"Records": [record("input/"), record("input/x/"), record("input/x/y")]}) == (
        S3Object("b", "input/x/y"),
    )


def test_the_test_event_names_no_object() -> None:
    event = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}
    assert is_s3_event(event)
    assert s3_objects(event) == ()


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": []},
        {"Records": [{"eventSource": "aws:sqs"}]},
        {"Records": [3]},
        {"Records": 3},
        [],
        "x",
        None,
    ],
)
def test_other_events_are_told_apart(event: object) -> None:
    assert not is_s3_event(event)
