"""Where records are kept: in a bucket or a queue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from scar.aws.errors import AwsError, NotFound
from scar.aws.session import Aws
from scar.deploy import names
from scar.errors import ScarError
from scar.ops.retry.record import Record

_HIDDEN_SECONDS = 600
"""How long messages are hidden that were received: a killed command keeps them from others for so long."""


@dataclass(frozen=True)
class Kept:
    """A record in its place."""

    handle: str
    """What the place removes it by."""
    record: Record | None
    """None for what is no record, or cannot be read as one."""


class Place(Protocol):
    """Keeps the records of a function."""

    def records(self) -> Iterator[Kept]:
        """Each once."""

    def remove(self, kept: Kept) -> None: ...


@contextmanager
def place(aws: Aws, function: str, function_arn: str) -> Iterator[Place]:
    """Where the function's records are kept. In a queue, what was not removed is given back at the end.

    Raises ScarError if they are not kept.
    """
    arn = aws.functions.event_policy(function).failure_destination
    if not arn:
        raise ScarError(
            f"function {function} has no failure destination: events that failed for good are lost",
            hint=f"only scar init sets it: scar rm {function}, then scar init --on-failure s3://BUCKET …",
        )
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "s3":
        yield _Bucket(aws, name, names.failure_prefix(function), function_arn)
    elif service == "sqs":
        near = aws.in_region(region)
        queue = _Queue(near, near.queues.url(name, account), function_arn)
        try:
            yield queue
        finally:
            queue.give_back()
    else:
        raise ScarError(
            f"the failure destination of function {function} keeps nothing: {arn}",
            hint="scar retry reads buckets and queues",
        )


class _Bucket:
    """Lambda's keys name the function, but neither its account nor its region."""

    def __init__(self, aws: Aws, bucket: str, prefix: str, function_arn: str) -> None:
        self._aws, self._bucket, self._prefix, self._function_arn = aws, bucket, prefix, function_arn

    def records(self) -> Iterator[Kept]:
        for item in self._aws.buckets.objects(self._bucket, self._prefix):
            try:
                content = self._aws.buckets.read(self._bucket, item.key)
            except NotFound:  # another `scar retry` was faster
                continue
            record = Record.parse(content)
            if record is None or record.function_arn == self._function_arn:
                yield Kept(item.key, record)

    def remove(self, kept: Kept) -> None:
        self._aws.buckets.delete_object(self._bucket, kept.handle)


class _Queue:
    """Messages of others, and those that stay, are hidden until the end: they would be received again."""

    def __init__(self, aws: Aws, url: str, function_arn: str) -> None:
        self._aws, self._url, self._function_arn = aws, url, function_arn
        self._received: dict[str, str] = {}
        """Handles by the messages' ids."""

    def records(self) -> Iterator[Kept]:
        """Until no message is to be seen: one that shows itself again may come before others."""
        while batch := self._aws.queues.receive(self._url, _HIDDEN_SECONDS):
            new = [message for message in batch if message.id not in self._received]
            self._received |= {message.id: message.handle for message in batch}
            for message in new:
                record = Record.parse(message.body)
                if record is not None and record.function_arn == self._function_arn:
                    yield Kept(message.id, record)

    def remove(self, kept: Kept) -> None:
        self._aws.queues.delete(self._url, self._received[kept.handle])
        del self._received[kept.handle]

    def give_back(self) -> None:
        for handle in self._received.values():
            with suppress(AwsError):  # it shows itself when its time is over
                self._aws.queues.show(self._url, handle)
