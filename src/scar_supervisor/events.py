"""Which objects an event names."""

from __future__ import annotations

from typing import Any, NamedTuple

from .keys import is_folder_marker


class S3Object(NamedTuple):
    """An object that an event tells of."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        """For messages."""
        return f"s3://{self.bucket}/{self.key}"


def is_s3_event(event: Any) -> bool:
    """Whether this is a notification of S3, also the test event that S3 sends when one is set up."""
    if not isinstance(event, dict):
        return False
    if event.get("Event") == "s3:TestEvent":
        return True
    records = event.get("Records")
    return (
        isinstance(records, list)
        and bool(records)
        and all(isinstance(record, dict) and record.get("eventSource") == "aws:s3" for record in records)
    )


def s3_objects(event: dict[str, Any]) -> tuple[S3Object, ...]:
    """The objects to process; folder markers are left out.

    Keys in events are encoded as in a URL's query, with ``+`` for a space
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html).
    """
    from urllib.parse import unquote_plus

    objects = (
        S3Object(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(record["s3"]["object"]["key"], errors="strict"),
        )
        for record in event.get("Records", ())
    )
    return tuple(item for item in objects if not is_folder_marker(item.key))
