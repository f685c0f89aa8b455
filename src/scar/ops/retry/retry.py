"""Sending events again, each before its record is removed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from scar.aws.errors import AccessDenied, BadCredentials, NotFound, Throttled
from scar.aws.functions import Functions
from scar.errors import ScarError
from scar.ops.cloud import Cloud
from scar.ops.functions import callable_function
from scar.ops.patience import patiently
from scar.ops.retry.record import CannotSend
from scar.ops.retry.records import Kept, place

_FOR_ALL = (AccessDenied, BadCredentials, NotFound)
"""Refusals that the next event would meet as well."""


@dataclass(frozen=True)
class Retried:
    """What became of one record."""

    kept: Kept
    error: ScarError | None = None
    """Why the record stays, if it does."""


def retry(function: str, cloud: Cloud, *, dry_run: bool) -> Iterator[Retried]:
    """Send the events of all records of the function, one after another; ``dry_run``: only read them.

    Raises ScarError for what keeps all of them from being sent: what was told before, was done.
    """
    found = callable_function(cloud.aws, function)
    sender = _Sender(cloud.aws.calls(0), function)
    with place(cloud.aws, function, found.arn) as where:
        for kept in where.records():
            try:
                event = _event(kept)
                if not dry_run:
                    sender.send(event)
                    where.remove(kept)
            except _FOR_ALL:
                raise
            except ScarError as error:
                yield Retried(kept, error)
            else:
                yield Retried(kept)


def _event(kept: Kept) -> bytes:
    """Raises CannotSend."""
    if kept.record is None:
        raise CannotSend("it is not a record that AWS Lambda writes")
    return kept.record.event()


class _Sender:
    """Sends each event once: one that fails again at once must not go round and round."""

    def __init__(self, functions: Functions, function: str) -> None:
        self._functions, self._function = functions, function
        self._sent: set[bytes] = set()
        """Digests."""

    def send(self, event: bytes) -> None:
        """Raises ScarError if Lambda has not taken the event, or nobody knows."""
        digest = hashlib.sha256(event).digest()
        if digest in self._sent:
            raise CannotSend(
                "this command has sent the same event before: it failed again, or was kept twice",
                hint="the same command sends it, too",
            )
        patiently(lambda: self._attempt(event), (Throttled,), threading.Event())
        self._sent.add(digest)

    def _attempt(self, event: bytes) -> None:
        self._functions.invoke_later(self._function, event)
