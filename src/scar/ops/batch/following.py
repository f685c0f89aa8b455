"""How the calls end that nobody waits for: read out of the function's log, as it arrives.

The log is asked again and again for the lines that `contract.Processed` and Lambda's REPORT are. As lines may
arrive late, behind younger ones, each question goes back a little, and now and then to the run's beginning.
Nothing of a file that has ended is kept but its status.
"""

from __future__ import annotations

import math
import time

from scar import report_line
from scar.aws.errors import NotFound, Throttled, Unreachable
from scar.aws.logs import LogEvent
from scar.deploy import names
from scar.ops.batch.attempts import LATE_SECONDS, Attempt, Attempts
from scar.ops.batch.board import WITH_LAMBDA, Board, Status
from scar.ops.batch.target import Target
from scar.ops.follow import CLOCKS_DIFFER_MS, LATE_MS
from scar.ops.functions import missing
from scar.ops.talk import Talk
from scar_supervisor.contract import PROCESSED_LINE, Processed

PAUSE_SECONDS = 1.0
"""Between questions, as long as they bring something. (Pages have a pause of their own.)"""
LONGEST_PAUSE_SECONDS = 10.0
FROM_THE_BEGINNING_SECONDS = 300
"""How often all of the run's log is read, for lines that came very late."""
PATIENCE_SECONDS = 300
"""How long the log may be out of reach before a run gives up."""
SILENT_SECONDS = 120
"""How long after the end of the first call its log may take to arrive before the user is told."""

_TERMS = (PROCESSED_LINE.strip(), "REPORT RequestId")


class Follower:
    """Tells the board of each call that has ended."""

    def __init__(self, target: Target, board: Board, since: int, talk: Talk) -> None:
        """``since``: when the run began, in milliseconds since 1970."""
        self._target, self._board, self._talk = target, board, talk
        self._policy = target.aws.functions.event_policy(target.name)
        self._attempts: dict[str, Attempts] = {}
        self._beginning = since - CLOCKS_DIFFER_MS
        self._youngest = 0
        self._heard = 0
        self._pause = PAUSE_SECONDS
        now = time.monotonic()
        self._next = now
        self._next_from_the_beginning = now
        self._last_answer = now
        self._silent_after = now + target.function.time + SILENT_SECONDS

    def poll(self) -> None:
        """Ask the log, if it is time to.

        Raises AwsError if it is out of reach for too long, and FunctionMissing if the function is gone.
        """
        now = time.monotonic()
        if now < self._next:
            return
        heard = self._heard
        try:
            self._read(self._since(now))
        except (Throttled, Unreachable):
            if now - self._last_answer > PATIENCE_SECONDS:
                raise
        except NotFound as error:
            if self._target.aws.functions.configuration(self._target.name) is None:
                raise missing(self._target.aws, self._target.name) from error
        else:
            self._last_answer = time.monotonic()
        self._end_the_overdue()
        self._tell_silence(now)
        self._pause = PAUSE_SECONDS if self._heard > heard else min(self._pause * 1.5, LONGEST_PAUSE_SECONDS)
        self._next = time.monotonic() + self._pause

    def end_the_lost(self, seconds_since_the_last_was_sent: float) -> None:
        """Take for failed what Lambda must have dropped: calls older than it makes them, at the latest."""
        age = self._policy.age
        if seconds_since_the_last_was_sent > age + self._target.function.time + LATE_SECONDS:
            reason = f"its end is not in the log, and after {age} s Lambda makes no call again"
            for file in self._board.files(WITH_LAMBDA):
                self._board.set(file.key, Status.FAILED, reason=reason)

    def _since(self, now: float) -> int:
        """From where to read: a little before the youngest line, or the beginning if it is time to."""
        if now < self._next_from_the_beginning:
            return max(self._beginning, self._youngest - LATE_MS)
        self._next_from_the_beginning = now + FROM_THE_BEGINNING_SECONDS
        return self._beginning

    def _read(self, since: int) -> None:
        group = names.log_group(self._target.name)
        for event in self._target.aws.logs.events(group, terms=_TERMS, since=since):
            self._youngest = max(self._youngest, event.timestamp)
            self._hear(event)

    def _hear(self, event: LogEvent) -> None:
        line = Processed.parse(event.message) or report_line.parse(event.message)
        key = None if line is None else self._board.key_of(line.request_id)
        if line is None or key is None:
            return
        attempts = self._attempts.setdefault(line.request_id, Attempts())
        ended = (
            attempts.report(event.id, line) if isinstance(line, report_line.Report) else attempts.say(line)
        )
        if ended is not None:
            self._end(line.request_id, ended)

    def _tell_silence(self, now: float) -> None:
        if not self._heard and now > self._silent_after:
            self._silent_after = math.inf
            self._talk.warn(
                "nothing of these calls is in the function's log yet: they may wait for others to end, or the"
                " function's role may not write logs (scar doctor looks). Ctrl-C ends the waiting only"
            )

    def _end_the_overdue(self) -> None:
        for request_id, attempts in list(self._attempts.items()):
            ended = attempts.overdue()
            if ended is not None:
                self._end(request_id, ended)

    def _end(self, request_id: str, ended: Attempt) -> None:
        """One call of a request has ended."""
        key = self._board.key_of(request_id)
        assert key is not None  # noqa: S101 - only what is with Lambda has attempts
        self._heard += 1
        if not ended.failed:
            status = Status.SKIPPED if ended.skipped else Status.DONE
        elif self._attempts[request_id].failed > self._policy.retries:
            status = Status.FAILED
        else:
            status = Status.RETRYING
        self._board.set(key, status, reason=ended.reason)
        self._board.add_call(key, ended.report)
        if status is not Status.RETRYING:
            del self._attempts[request_id]
