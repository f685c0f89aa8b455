"""Asynchronous events: queued, run as environments come free, tried again when they fail."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from zipfile import BadZipFile

from scar.local import destination, limits
from scar.local.destination import Attempted
from scar.local.environment import Environment, Outcome
from scar.local.function import FunctionSpec
from scar.local.pool import Pool, Throttled
from scar.local.runtime_api import Invocation

_LOG = logging.getLogger(__name__)


class Target(NamedTuple):
    """A function as it is at the moment of an attempt."""

    spec: FunctionSpec
    config: dict[str, Any]
    """Its EventInvokeConfig, empty if it has none."""


class Event(NamedTuple):
    """One event on its way."""

    find: Callable[[], Target | None]
    """The function now; None if it was deleted, and the event is dropped."""
    invocation: Invocation
    attempts: int = 0


class EventQueue:
    """One dispatching thread; each event runs in a thread of its own, as many as the pool has places."""

    def __init__(self, pool: Pool, retry_delays: tuple[float, ...], send: destination.Send) -> None:
        self._pool, self._retry_delays, self._send = pool, retry_delays, send
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Event]] = []
        self._order = itertools.count()
        threading.Thread(target=self._dispatch, daemon=True, name="events").start()

    def put(self, event: Event, delay: float = 0.0) -> None:
        """Accept an event, to be run after `delay` seconds at the earliest."""
        with self._changed:
            heapq.heappush(self._waiting, (time.monotonic() + delay, next(self._order), event))
            self._changed.notify()

    def _dispatch(self) -> None:
        while True:
            event = self._next()
            target = event.find()
            if target is None:
                continue
            try:
                environment = self._pool.acquire(target.spec, wait=True)
            except Throttled:
                return  # the pool was closed
            except (BadZipFile, OSError) as error:
                _LOG.warning(
                    "%s: an event is dropped, no environment can be made: %s", target.spec.arn, error
                )
                continue
            threading.Thread(
                target=self._attempt, args=(event, target, environment), daemon=True, name="event"
            ).start()

    def _next(self) -> Event:
        with self._changed:
            while not self._waiting or self._waiting[0][0] > time.monotonic():
                self._changed.wait(self._waiting[0][0] - time.monotonic() if self._waiting else None)
            return heapq.heappop(self._waiting)[2]

    def _attempt(self, event: Event, target: Target, environment: Environment) -> None:
        try:
            outcome = environment.invoke(event.invocation)
        finally:
            self._pool.release(environment)
        self._settle(event._replace(attempts=event.attempts + 1), target, outcome)

    def _settle(self, event: Event, target: Target, outcome: Outcome) -> None:
        retries = int(target.config.get("MaximumRetryAttempts", limits.RETRIES))
        if outcome.function_error and event.attempts <= retries:
            self.put(event, self._retry_delays[event.attempts - 1])
            return
        done = Attempted(target.spec, event.invocation, event.attempts, outcome)
        destination.report(done, target.config, self._send)
