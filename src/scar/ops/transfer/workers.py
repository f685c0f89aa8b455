"""Threads that take one job after another, while the caller shows how far they are."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Workers(Generic[Job]):
    """A job's exception ends the work: what may go wrong with one alone, the job takes note of itself."""

    def __init__(self, jobs: Iterable[Job], do: Callable[[Job], None], at_once: int) -> None:
        self._jobs = deque(jobs)
        self._do = do
        self._stopped_by: Exception | None = None
        self.stopping = threading.Event()
        """Set when no more jobs are begun. What waits in a job should not outlast it."""
        # Daemons: who presses Ctrl-C twice does not wait for answers.
        self._threads = [
            threading.Thread(target=self._work, daemon=True, name="transfer")
            for _ in range(min(at_once, len(self._jobs)))
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or less if all is done; whether it is. Raises what ended the work."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            return False
        if self._stopped_by is not None:
            raise self._stopped_by
        return True

    def stop(self) -> None:
        """Begin no more jobs, and wait for those that have begun."""
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self.stopping.is_set():
            try:
                job = self._jobs.popleft()
            except IndexError:
                return
            try:
                self._do(job)
            except Exception as error:  # noqa: BLE001 - raised by the thread that waits
                self._stopped_by = error
                self.stopping.set()
