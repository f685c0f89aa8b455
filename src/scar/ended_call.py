"""A call that has ended, as its lines in the log tell it, and why it failed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scar.report_line import Report
from scar_supervisor.contract import EXIT_SCAR_ERROR, Processed

FUNCTION_TIMED_OUT = "function timed out"
CONTAINER_TIMED_OUT = "container timed out"
NO_TIME_LEFT = "NoTimeLeft"
"""The supervisor's: fetching the image took the function's time."""
OUT_OF_MEMORY = "out of memory"

_KILLED = "Runtime.ExitError"
"""What Lambda says of a process that ended; also of one that the kernel killed for its memory."""
_NAME = re.compile(r"[A-Za-z_][\w.]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class EndedCall:
    """One call. Times are in milliseconds since 1970."""

    report: Report
    stream: str
    """The environment's log stream."""
    started: int
    """When the handler was called."""
    failure: str = ""
    """Why it failed, in few words that other calls share; empty if nothing is known against it."""

    @property
    def began(self) -> int:
        """When the environment was taken: with the start of a cold one, before the handler was called."""
        return self.started - round(self.report.init_ms or 0)

    @property
    def ended(self) -> int:
        """Later than `began`, by 1 at least."""
        return max(self.started + round(self.report.duration_ms), self.began + 1)


def failure_of(report: Report) -> str:
    """Why Lambda itself ended the call; empty where it did not."""
    if report.status == "timeout":
        return FUNCTION_TIMED_OUT
    if not report.status:
        return ""
    full = report.memory_used_mb >= report.memory_mb
    if report.error_type == "Runtime.OutOfMemory" or (report.error_type == _KILLED and full):
        return OUT_OF_MEMORY
    return _named(report.error_type)


def failure_of_work(processed: Processed) -> str:
    """Why the work on an object, an event or an asynchronous call failed; empty if it did not."""
    if processed.timed_out:
        return CONTAINER_TIMED_OUT
    if processed.error and processed.exit_code == EXIT_SCAR_ERROR:
        return _named(processed.error.partition(":")[0])
    return f"exit status {processed.exit_code}" if processed.exit_code else ""


def _named(error: str) -> str:
    """The error, if its name is one: a container can write such lines, too."""
    return error if _NAME.fullmatch(error) else "error"
