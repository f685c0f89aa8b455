"""What an event asks for: objects of S3, however the notification came here, or a run with the whole event.

S3's notifications come as they are, through SNS, through SQS, through both, or as events of EventBridge:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class S3Object(NamedTuple):
    """An object to process."""

    bucket: str
    key: str
    version_id: str = ""
    """Of a bucket that keeps versions."""

    @property
    def url(self) -> str:
        """For messages."""
        return f"s3://{self.bucket}/{self.key}"


class OtherEvent(NamedTuple):
    """An event that is none of S3's: the container gets it in a file."""

    document: Any


class Skipped(NamedTuple):
    """What S3 tells of and needs no work."""

    reason: str
    bucket: str = ""
    key: str = ""


class Malformed(NamedTuple):
    """A record that says it is S3's, and is not as S3 writes them."""

    reason: str


Item = S3Object | OtherEvent | Skipped | Malformed


class Message(NamedTuple):
    """A part of an event that succeeds or fails as one."""

    items: tuple[Item, ...]
    queue: str = ""
    """ARN of the queue of SQS that it came from, if it did."""
    id: str = ""
    receipt: str = ""
    """With which the message is deleted from its queue."""


def messages(event: Any) -> tuple[Message, ...]:
    """The messages of a queue's event; any other event is one message."""
    if not _has_records(event, "eventSource", "aws:sqs"):
        return (Message(_items(event)),)
    return tuple(
        Message(
            _wrapped(record.get("body")) or _alone(event, record),
            queue=str(record.get("eventSourceARN", "")),
            id=str(record.get("messageId", "")),
            receipt=str(record.get("receiptHandle", "")),
        )
        for record in event["Records"]
    )


def _items(event: Any) -> tuple[Item, ...]:
    if not _has_records(event, "EventSource", "aws:sns"):
        return _of_s3(event) or (OtherEvent(event),)
    return tuple(
        item
        for record in event["Records"]
        for item in _wrapped(_at(record, "Sns", "Message")) or _alone(event, record)
    )


def _alone(event: dict[str, Any], record: Any) -> tuple[Item, ...]:
    """A record of another kind than S3's, in an event like the one that it came in."""
    return (OtherEvent({**event, "Records": [record]}),)


def _wrapped(text: Any) -> tuple[Item, ...]:
    """What a notification of S3 that travels as text asks for; nothing if it is none."""
    try:
        return _of_s3(json.loads(text))
    except (TypeError, ValueError, RecursionError):
        return ()


def _of_s3(event: Any) -> tuple[Item, ...]:
    """What an event of S3 asks for; nothing if it is none."""
    if not isinstance(event, dict):
        return ()
    if event.get("Event") == "s3:TestEvent":
        return (Skipped("S3 tests the notification", bucket=str(event.get("Bucket", ""))),)
    if event.get("Type") == "Notification" and "TopicArn" in event:  # SNS on its way through SQS
        return _wrapped(event.get("Message"))
    if event.get("source") == "aws.s3" and str(event.get("detail-type")).startswith("Object "):
        return (_of_event_bridge(event),)
    records = event.get("Records")
    if isinstance(records, list) and any(_at(record, "eventSource") == "aws:s3" for record in records):
        return tuple(map(_of_record, records))
    return ()


def _of_record(record: Any) -> Item:
    encoded = _at(record, "s3", "object", "key")
    key = _decoded(encoded)
    if key is None:
        return Malformed(f"the key in a record of S3 is not text in URL encoding: {encoded!r}")
    name = str(_at(record, "eventName") or _READABLE[0]).removeprefix("s3:")
    return _item(
        "" if name.startswith(_READABLE) else name,
        _at(record, "s3", "bucket", "name"),
        key,
        _at(record, "s3", "object", "versionId"),
    )


def _decoded(key: Any) -> str | None:
    """A key out of an event, where it is as in a URL's query, with ``+`` for a space; None if it is not."""
    from urllib.parse import unquote_plus

    # unquote_plus lets pass a `%` that begins no byte.
    if not isinstance(key, str) or not all(set(part[:2]) <= _HEX and part[1:] for part in key.split("%")[1:]):
        return None
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError:
        return None


_HEX = frozenset("0123456789abcdefABCDEF")


def _of_event_bridge(event: dict[str, Any]) -> Item:
    name = event["detail-type"]
    return _item(
        "" if name in _READABLE_HERE else name,
        _at(event, "detail", "bucket", "name"),
        _at(event, "detail", "object", "key"),  # as it is, in contrast to a record's
        _at(event, "detail", "object", "version-id"),
    )


_READABLE = ("ObjectCreated:", "ObjectRestore:Completed")
_READABLE_HERE = ("Object Created", "Object Restore Completed")
"""The events after which there is an object to read. Others tell of one that is gone, or was there before."""


def _item(other: str, bucket: Any, key: Any, version_id: Any) -> Item:
    """An object, if the event is not another one than of its making, and names are what they should be."""
    for what, value in (("bucket's name", bucket), ("key", key), ("version", version_id or "")):
        if not isinstance(value, str) or not (value or what == "version") or not _is_utf8(value):
            return Malformed(f"the {what} in an event of S3 is {value!r}")
    if other:
        return Skipped(f"{other} brings no object to process", bucket, key)
    return S3Object(bucket, key, version_id or "")


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _has_records(event: Any, name: str, source: str) -> bool:
    records = _at(event, "Records")
    return (
        isinstance(records, list) and bool(records) and all(_at(record, name) == source for record in records)
    )


def _at(document: Any, *path: str) -> Any:
    """The value at a path of keys; None where there is no such path."""
    for name in path:
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document
