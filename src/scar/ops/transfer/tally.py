"""How far a transfer is, and what became of its files. Any thread may tell and ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from scar.aws.pieces import Progress
from scar.errors import ScarError


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not moved."""

    name: str
    """Its path where it is sent, its key where it is got."""
    error: ScarError


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is no file to be sent."""

    path: str
    reason: str


class Tally:
    """Counts of files and bytes."""

    def __init__(self, files: int, size: int) -> None:
        self._lock = threading.Lock()
        self.files = files
        """All of them."""
        self.size = size
        """Bytes to be moved. What turns out to be at its place is taken off."""
        self.moved = 0
        self.there = 0
        """Files that were at their place already, with the same content."""
        self.bytes = 0
        """That have been moved."""
        self.failures: list[Failure] = []

    @property
    def ended(self) -> int:
        """Files that need no more work."""
        return self.moved + self.there + len(self.failures)

    @contextmanager
    def attempt(self) -> Iterator[Progress]:
        """A way to tell of the bytes that an attempt moves. If it fails, they have not been."""
        own = 0

        def progress(count: int) -> None:
            nonlocal own
            with self._lock:
                own += count
                self.bytes += count

        try:
            yield progress
        except Exception:
            progress(-own)
            raise

    def move(self) -> None:
        """A file is at its place."""
        with self._lock:
            self.moved += 1

    def find(self, size: int) -> None:
        """A file of so many bytes was at its place."""
        with self._lock:
            self.there += 1
            self.size -= size

    def fail(self, name: str, error: ScarError) -> None:
        with self._lock:
            self.failures.append(Failure(name, error))


@dataclass(frozen=True)
class Outcome:
    """How a transfer ended."""

    tally: Tally
    left_out: tuple[LeftOut, ...] = ()
    stopped: ScarError | None = None
    """Why the rest was not tried, if so."""
