"""What is known of each file, and of the calls as a whole. Any thread may tell and ask."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from scar.report_line import Report
from scar.statistics import Calls


class Status(StrEnum):
    """How far a file has come."""

    UNSENT = "unsent"
    """No call was made for it, or Lambda had too many."""
    REFUSED = "refused"
    """Lambda did not take the call: nothing ran."""
    UNSURE = "unsure"
    """The call may have been made: the answer was lost."""
    SENT = "sent"
    """Lambda has the call."""
    RETRYING = "retrying"
    """It failed, and Lambda will make it again."""
    DONE = "done"
    SKIPPED = "skipped"
    """The function found nothing to do for it."""
    FAILED = "failed"
    """For good."""


WITH_LAMBDA = frozenset({Status.SENT, Status.RETRYING})
"""How the call will end is not known yet."""
ENDED = frozenset({Status.DONE, Status.SKIPPED, Status.FAILED})
TAKEN = WITH_LAMBDA | ENDED
"""Lambda has taken the call."""
LOST = frozenset({Status.REFUSED, Status.UNSURE, Status.FAILED})
"""There will be no result, or nobody knows."""


@dataclass(frozen=True, slots=True)
class File:
    """One object under ``input/``."""

    key: str
    status: Status = Status.UNSENT
    request_id: str = ""
    reason: str = ""
    """Why it failed, was skipped, or is not known."""
    duration_ms: float | None = None
    """Of its last call, when that has ended."""


class Board:
    """All files of a run."""

    def __init__(self, files: Iterable[File], calls: Calls) -> None:
        self._lock = threading.Lock()
        self._files = {file.key: file for file in files}
        self._counts = Counter(file.status for file in self._files.values())
        self._with_lambda = {
            file.request_id: file.key for file in self._files.values() if file.status in WITH_LAMBDA
        }
        self.calls = calls
        """What the calls took whose end is known."""

    def set(self, key: str, status: Status, **changes: str) -> None:
        """Give the file another status, and with it a request id or a reason, if these change."""
        with self._lock:
            self._replace(replace(self._files[key], status=status, **changes))  # type: ignore[arg-type]

    def add_call(self, key: str, report: Report) -> None:
        """One call for the file has ended, and took this."""
        with self._lock:
            self._files[key] = replace(self._files[key], duration_ms=report.duration_ms)
            self.calls.add(report)

    def key_of(self, request_id: str) -> str | None:
        """The key for which Lambda has this request; None if it has ended, or is not one of the run."""
        with self._lock:
            return self._with_lambda.get(request_id)

    def counts(self) -> Mapping[Status, int]:
        """How many files have each status."""
        with self._lock:
            return dict(self._counts)

    def count(self, statuses: Iterable[Status]) -> int:
        """How many files have one of these."""
        with self._lock:
            return sum(self._counts[status] for status in statuses)

    def files(self, statuses: Iterable[Status] = frozenset(Status)) -> Iterator[File]:
        """Those that have one of these now, in the order of the list."""
        with self._lock:
            files = list(self._files.values())
        return (file for file in files if file.status in statuses)

    def __len__(self) -> int:
        return len(self._files)

    def _replace(self, file: File) -> None:
        old = self._files[file.key]
        self._files[file.key] = file
        self._counts[old.status] -= 1
        self._counts[file.status] += 1
        if old.status in WITH_LAMBDA:
            del self._with_lambda[old.request_id]
        if file.status in WITH_LAMBDA:
            self._with_lambda[file.request_id] = file.key
