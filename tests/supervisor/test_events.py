"""What an event asks for, in each of the shapes in which AWS sends it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scar_supervisor.events import Malformed, Message, OtherEvent, S3Object, Skipped, messages

TEST_EVENT = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b", "RequestId": "1"}
QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"


def record(key: str, bucket: str = "b", name: str = "ObjectCreated:Put", **more: Any) -> dict[str, Any]:
    s3 = {"bucket": {"name": bucket}, "object": {"key": key, **more}}
    return {"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name, "s3": s3}


def s3(*keys: str) -> dict[str, Any]:
    return {"Records": [record(key) for key in keys]}


def sns(message: Any) -> dict[str, Any]:
    text = message if isinstance(message, str) else json.dumps(message)
    notification = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": text}
    return {"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": notification}]}


def in_queue(message: Any) -> dict[str, Any]:
    """What SNS puts into a queue, without raw delivery."""
    return {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": json.dumps(message)}


def sqs(*bodies: Any) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"id-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "eventSource": "aws:sqs",
                "eventSourceARN": QUEUE,
            }
            for number, body in enumerate(bodies)
        ]
    }


def event_bridge(key: Any, kind: str = "Object Created", **more: Any) -> dict[str, Any]:
    detail = {"version": "0", "bucket": {"name": "b"}, "object": {"key": key, **more}}
    return {"version": "0", "detail-type": kind, "source": "aws.s3", "account": "1", "detail": detail}


def items(event: Any) -> tuple[Any, ...]:
    (message,) = messages(event)
    assert (message.queue, message.id, message.receipt) == ("", "", "")
    return message.items


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("input/a+b", "input/a b"),
        ("input/a%2Bb%25%2F%2520", "input/a+b%/%20"),
        ("input%2Fd", "input/d"),
        ("input/../..//x", "input/../..//x"),
        ("input/%C3%BC+u%CC%88", "input/ü u\u0308"),
        ("input/ü", "input/ü"),
        ("input/a%0Ab", "input/a\nb"),
        ("input/" + "%E2%82%AC" * 339 + "x", "input/" + "€" * 339 + "x"),
    ],
)
def test_keys_are_decoded_as_aws_encodes_them(encoded: str, key: str) -> None:
    assert items(s3(encoded)) == (S3Object("b", key),)
    assert items(event_bridge(encoded)) == (S3Object("b", encoded),)  # which does not encode them


@pytest.mark.parametrize("wrap", [lambda event: event, sns, lambda event: sns(in_queue(event))])
@pytest.mark.parametrize(
    ("event", "asked"),
    [
        (s3("input/a", "input/b"), (S3Object("b", "input/a"), S3Object("b", "input/b"))),
        (event_bridge("input/a"), (S3Object("b", "input/a"),)),
        (TEST_EVENT, (Skipped("S3 tests the notification", "b"),)),
    ],
)
def test_a_wrapped_notification_asks_for_the_same(wrap: Any, event: Any, asked: Any) -> None:
    assert items(wrap(event)) == asked


@pytest.mark.parametrize("wrap", [lambda event: event, in_queue])
def test_each_message_of_a_queue_is_taken_for_itself(wrap: Any) -> None:
    event = sqs(wrap(s3("input/a", "input/b")), wrap(event_bridge("input/c")), wrap(TEST_EVENT), "hello")
    assert messages(event) == (
        Message((S3Object("b", "input/a"), S3Object("b", "input/b")), QUEUE, "id-0", "receipt-0"),
        Message((S3Object("b", "input/c"),), QUEUE, "id-1", "receipt-1"),
        Message((Skipped("S3 tests the notification", "b"),), QUEUE, "id-2", "receipt-2"),
        Message((OtherEvent({"Records": [event["Records"][3]]}),), QUEUE, "id-3", "receipt-3"),
    )


@pytest.mark.parametrize("name", ["ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy"])
def test_the_version_that_was_made_is_the_one_to_read(name: str) -> None:
    assert items({"Records": [record("input/a", name=name, versionId="3/L4")]}) == (
        S3Object("b", "input/a", "3/L4"),
    )
    assert items(event_bridge("input/a", **{"version-id": "3/L4"})) == (S3Object("b", "input/a", "3/L4"),)


def test_an_archived_object_is_there_when_it_is_restored() -> None:
    assert items({"Records": [record("a", name="ObjectRestore:Completed")]}) == (S3Object("b", "a"),)
    assert items(event_bridge("a", "Object Restore Completed")) == (S3Object("b", "a"),)


@pytest.mark.parametrize(
    "name", ["ObjectRemoved:Delete", "ObjectRestore:Post", "LifecycleExpiration:Delete", "ObjectTagging:Put"]
)
def test_what_brings_no_object_is_skipped(name: str) -> None:
    assert items({"Records": [record("a+b", name=name), record("c")]}) == (
        Skipped(f"{name} brings no object to process", "b", "a b"),
        S3Object("b", "c"),
    )
    assert items(event_bridge("a", "Object Deleted")) == (
        Skipped("Object Deleted brings no object to process", "b", "a"),
    )


@pytest.mark.parametrize(
    "broken",
    [
        3,
        {"eventSource": "aws:s3"},
        {"eventSource": "aws:s3", "s3": "x"},
        {"eventSource": "aws:s3", "s3": {"bucket": {"name": "b"}, "object": {}}},
        {"eventSource": "aws:s3", "s3": {"bucket": {}, "object": {"key": "k"}}},
        record(""),
        record("k", bucket=""),
        record("%FF"),
        record("100%"),
        record("%2"),
        record("%zz"),
        record("\ud800"),
        record("k", versionId=3),
    ],
)
def test_a_record_that_is_malformed_is_told_and_spoils_no_other(broken: Any) -> None:
    first, malformed, last = items({"Records": [record("a"), broken, record("b")]})
    assert (first, last) == (S3Object("b", "a"), S3Object("b", "b"))
    assert isinstance(malformed, Malformed)


@pytest.mark.parametrize("key", [None, 3, "", "\ud800"])
def test_an_event_of_event_bridge_can_be_malformed_too(key: Any) -> None:
    (malformed,) = items(event_bridge(key))
    assert isinstance(malformed, Malformed)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"Records": []},
        {"Records": [{"eventSource": "aws:kinesis"}, {"eventSource": "aws:kinesis"}]},
        {"Records": [3]},
        {"Records": 3},
        [],
        "x",
        None,
        sns("hello"),
        sns("[" * 100_000),
        sns(3),
        {"Records": [{"EventSource": "aws:sns"}]},
        {"source": "aws.s3", "detail-type": "AWS API Call via CloudTrail"},
        {"source": "aws.ec2", "detail-type": "Object Created"},
    ],
)
def test_any_other_event_is_for_the_container(event: object) -> None:
    assert items(event) == (OtherEvent(event),)


@pytest.mark.parametrize("body", ["", "hello", "[", "[" * 100_000, "3", "null", "{}"])
def test_any_other_message_is_for_the_container(body: str) -> None:
    (message,) = messages(sqs(body))
    assert message.items == (OtherEvent(sqs(body)),)
