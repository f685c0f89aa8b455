"""The first file of a run: its call is waited for, so that the image is there for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scar import report_line
from scar.aws.errors import AwsError, Throttled
from scar.deploy import calls
from scar.deploy.calls import AnswerNotUnderstood, CallFailed, Outcome
from scar.errors import ScarError
from scar.ops.batch.board import Board, Status
from scar.ops.batch.journal import Journal
from scar.ops.batch.launching import FOR_ALL, passes, status_after
from scar.ops.batch.target import Target
from scar_supervisor.contract import Result

OF_ONE_FILE = frozenset({"InputTooLarge", "NoTimeLeft", "StagingFailed", "SystemRefused"})
"""Errors of SCAR's in the function that may be one file's. Others, such as an image that is not there, would
keep every file from being processed."""


class AllWouldFail(ScarError):
    """The first file failed for a reason that the others share: they are not sent."""


@dataclass(frozen=True)
class First:
    """Makes the first call. What comes of it is told to board and journal."""

    target: Target
    board: Board
    journal: Journal
    show: Callable[[Result], None]
    """Gets the result of a call that failed."""

    def send(self, key: str, payload: bytes) -> None:
        """Call and wait.

        Where Lambda has no room for a call that is waited for, the file stays unsent, to be queued like the
        others: environments are busy, perhaps with the queue of a run before, and have the image.
        Raises AllWouldFail, and AwsError for what would happen to the next call as well.
        """
        self.journal.sending(key)
        try:
            outcome = calls.call_and_wait(
                self.target.aws, self.target.name, self.target.function.time, payload
            )
        except KeyboardInterrupt:
            self.board.set(key, Status.UNSURE, reason="interrupted before the answer")
            raise
        except AwsError as error:
            self._not_answered(key, error)
        except CallFailed as error:
            self._settle(key, Status.FAILED, reason=error.message)
            if isinstance(error, AnswerNotUnderstood):
                raise _all_would_fail(error.message, error.hint) from error
        else:
            self._answered(key, outcome)

    def _not_answered(self, key: str, error: AwsError) -> None:
        if passes(error) or isinstance(error, FOR_ALL):
            self.journal.record(key, Status.UNSENT)
            if not isinstance(error, Throttled):
                raise error
            return
        self._settle(key, status_after(error), reason=error.message)

    def _answered(self, key: str, outcome: Outcome) -> None:
        result = outcome.result
        reason = _failure(result)
        self._settle(key, Status.FAILED if reason else Status.DONE, result.request_id, reason)
        report = report_line.last(outcome.log_tail)
        if report is not None:
            self.board.add_call(key, report)
        if result.error is not None and result.error.type not in OF_ONE_FILE:
            raise _all_would_fail(result.error.message, result.error.hint)
        if reason:
            self.show(result)

    def _settle(self, key: str, status: Status, request_id: str = "", reason: str = "") -> None:
        self.board.set(key, status, request_id=request_id, reason=reason)
        self.journal.record(key, status, request_id, reason)


def _failure(result: Result) -> str:
    """Why the file was not processed; empty if it was."""
    if result.error is not None:
        return f"{result.error.type}: {result.error.message}"
    if result.timed_out:
        return "ContainerTimedOut: the container was stopped at its deadline"
    if result.exit_code != 0:
        return f"ContainerFailed: the container ended with exit status {result.exit_code}"
    return ""


def _all_would_fail(reason: str, hint: str) -> AllWouldFail:
    return AllWouldFail(f"the first file failed as all others would, which are not sent: {reason}", hint=hint)
