"""Threads that take one job after another, while the caller shows how far they are."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Job = TypeVar("Job")


class Workers(Generic[Job]):
    """A job's exception ends the work: what may go wrong with one alone, the job takes note of itself."""

    def __init__(self, do: Callable[[Job], None]) -> None:
        self._do = do
        self._jobs: deque[Job] = deque()
        self._threads: list[threading.Thread] = []
        self._ended: list[threading.Thread] = []
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._stopped_by: Exception | None = None
        self.stopping = threading.Event()
        """Set when no more jobs are begun. What waits in a job should not outlast it."""

    def start(self, jobs: Iterable[Job], *, at_once: int) -> None:
        """Do these, no more than so many at once. For once only."""
        self._jobs.extend(jobs)
        # Daemons: who presses Ctrl-C twice does not wait for answers.
        for _ in range(min(at_once, len(self._jobs))):
            thread = threading.Thread(target=self._work, daemon=True, name="worker")
            self._threads.append(thread)
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait so long, or less if a worker ends; whether all have.

        `Thread.join` is not how: before Python 3.13, one that Ctrl-C interrupts takes its thread for ended
        (bpo-45274), and `stop` would not wait for what it has begun.
        """
        if not self._all_have_ended():
            try:
                self._wake.get(timeout=seconds)
            except Empty:
                return False
        return self._all_have_ended()

    def raise_if_stopped(self) -> None:
        """Raise what ended the work before all was done, if so."""
        if self._stopped_by is not None:
            raise self._stopped_by

    def give_up(self, error: Exception) -> None:
        """Begin no more jobs, because of this."""
        self._stopped_by = self._stopped_by or error
        self.stopping.set()

    def stop(self) -> None:
        """Begin no more jobs, and wait for those that have begun."""
        self.stopping.set()
        for thread in self._threads:
            with suppress(RuntimeError):  # interrupted while it was being started
                thread.join()

    def _all_have_ended(self) -> bool:
        return len(self._ended) == len(self._threads)

    def _work(self) -> None:
        try:
            while not self.stopping.is_set():
                try:
                    job = self._jobs.popleft()
                except IndexError:  # another worker took the last one
                    return
                self._do(job)
        except Exception as error:  # noqa: BLE001 - raised by the thread that waits
            self.give_up(error)
        finally:
            self._ended.append(threading.current_thread())
            self._wake.put(None)
