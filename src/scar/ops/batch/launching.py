"""Sending calls that nobody waits for: some at once, each exactly once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from scar.aws.errors import (
    AccessDenied,
    AwsError,
    BadCredentials,
    Conflict,
    NotFound,
    Throttled,
    Unreachable,
)
from scar.aws.functions import Functions
from scar.ops.batch.board import Board, Status
from scar.ops.batch.journal import Journal
from scar.ops.talk import Talk
from scar.ops.workers import Workers

PATIENCE_SECONDS = 300
"""How long Lambda may take no call at all before a run gives up."""
QUIET_SECONDS = 10
"""How long it may do so until the user is told what is waited for."""
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0

FOR_ALL = (AccessDenied, BadCredentials, Conflict, NotFound)
"""Refusals that the next call would meet as well: of Conflict, that the function is being changed."""


@dataclass(frozen=True)
class Sender:
    """What is called, and with what."""

    functions: Functions
    function: str
    payload: Callable[[str], bytes]
    """For the object with this key."""


class Launcher:
    """Sends from threads of its own, while `wait` lets the caller do other things."""

    def __init__(
        self, sender: Sender, board: Board, journal: Journal, talk: Talk, *, idle_seconds: float = 0.0
    ) -> None:
        """``idle_seconds``: how long ago runs before this one have sent something."""
        self._sender, self._board, self._journal, self._talk = sender, board, journal, talk
        self._workers = Workers(self._send)
        self._last_taken = time.monotonic() - idle_seconds
        self._told = False

    def start(self, keys: Iterable[str], *, at_once: int) -> None:
        """Send these, with no more than so many requests in flight."""
        self._workers.start(keys, at_once=at_once)

    def wait(self, seconds: float) -> bool:
        """Wait so long, or less if all is sent; whether it is."""
        return self._workers.wait(seconds)

    def raise_if_stopped(self) -> None:
        """Raise why the rest is not sent, if so: AwsError for Lambda's reason, OSError for the journal's."""
        self._workers.raise_if_stopped()

    @property
    def idle_seconds(self) -> float:
        """How long ago the last call was taken."""
        return time.monotonic() - self._last_taken

    def stop(self) -> None:
        """Send no more, and wait for the answers to what was sent."""
        self._workers.stop()

    def _send(self, key: str) -> None:
        payload = self._sender.payload(key)
        refused_since = time.monotonic()
        for pause in _pauses():
            self._journal.sending(key)
            try:
                answer = self._sender.functions.invoke_later(self._sender.function, payload)
            except AwsError as error:
                if not passes(error):
                    self._failed(key, error)
                    return
                self._journal.record(key, Status.UNSENT)
                self._bear(error, time.monotonic() - max(self._last_taken, refused_since))
                if self._workers.stopping.wait(pause):
                    return
            else:
                self._last_taken = time.monotonic()
                self._settle(key, Status.SENT, request_id=answer.request_id)
                return

    def _bear(self, error: AwsError, seconds: float) -> None:
        """Lambda has taken nothing for so long."""
        if seconds > PATIENCE_SECONDS:
            self._workers.give_up(error)
        elif seconds > QUIET_SECONDS and not self._told:
            self._told = True
            self._talk.say(
                f"{error.message}: waiting for up to {PATIENCE_SECONDS} s until calls are taken again"
            )

    def _failed(self, key: str, error: AwsError) -> None:
        if isinstance(error, FOR_ALL):
            self._journal.record(key, Status.UNSENT)
            self._workers.give_up(error)
        else:
            self._settle(key, status_after(error), reason=error.message)

    def _settle(self, key: str, status: Status, *, request_id: str = "", reason: str = "") -> None:
        self._board.set(key, status, request_id=request_id, reason=reason)
        self._journal.record(key, status, request_id, reason)


def passes(error: AwsError) -> bool:
    """Whether the call was not made, and may well be made a little later."""
    return isinstance(error, Throttled | Unreachable) and error.nothing_done


def status_after(error: AwsError) -> Status:
    """What an error, which does not pass by itself, says of the call."""
    return Status.REFUSED if error.nothing_done else Status.UNSURE


def _pauses() -> Iterator[float]:
    """Seconds before each new try: exponential, all of it jitter, so that threads do not come back as one."""
    longest = FIRST_PAUSE_SECONDS
    while True:
        yield random.uniform(0, longest)  # noqa: S311 - no secret
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)
