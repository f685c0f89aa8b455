"""What the log says of one request that Lambda makes again until it succeeds, or its tries are used up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import NamedTuple

from scar.report_line import Report
from scar_supervisor.contract import Processed

LATE_SECONDS = 60
"""How much later than the end of a call a line of it may arrive in the log."""


class Attempt(NamedTuple):
    """One call that has ended."""

    processed: Processed | None
    """None if the function could not say what became of it: Lambda stopped it, or it crashed."""
    report: Report

    @property
    def failed(self) -> bool:
        return self.processed is None or bool(self.processed.error or self.report.status)

    @property
    def skipped(self) -> bool:
        return self.processed is not None and bool(self.processed.skipped)

    @property
    def reason(self) -> str:
        """Why it failed, or why there was nothing to do."""
        if self.report.status == "timeout":
            return "Lambda stopped the function at its time-out"
        if self.report.status:
            return f"the function ended: {self.report.error_type or self.report.status}"
        if self.processed is None:
            return "the function's log does not say what became of it"
        return self.processed.error or self.processed.skipped


@dataclass
class Attempts:
    """The calls made for one request. Lines may be told again and again, as the log is read in pieces that
    overlap; those of one call are told in their order.
    """

    failed: int = 0
    _counted: set[str] = field(default_factory=set)
    """Ids of the REPORT lines of calls that failed."""
    _processed: Processed | None = None
    """Of the call that has no REPORT line yet. What the function says last counts."""
    _unexplained: tuple[str, Report, float] | None = None
    """A REPORT line whose call has not said what became of it, its id, and when it was first seen."""

    def say(self, processed: Processed) -> Attempt | None:
        """The function's line; the call that ended, if its REPORT line was there before."""
        if self._unexplained is not None:
            line_id, report, _ = self._unexplained
            return self._end(line_id, Attempt(processed, report))
        self._processed = processed
        return None

    def report(self, line_id: str, report: Report) -> Attempt | None:
        """Lambda's line; the call that ended, unless the function's line is still to come."""
        processed, self._processed = self._processed, None
        if line_id in self._counted:
            return None
        if processed is None and not report.status:
            since = time.monotonic() if self._unexplained is None else self._unexplained[2]
            self._unexplained = (line_id, report, since)
            return None
        return self._end(line_id, Attempt(processed, report))

    def overdue(self) -> Attempt | None:
        """A call that ended long ago and will not say any more what became of it."""
        if self._unexplained is None:
            return None
        line_id, report, since = self._unexplained
        if time.monotonic() - since <= LATE_SECONDS:
            return None
        return self._end(line_id, Attempt(None, report))

    def _end(self, line_id: str, attempt: Attempt) -> Attempt:
        self._unexplained = None
        if attempt.failed:
            self._counted.add(line_id)
            self.failed += 1
        return attempt
