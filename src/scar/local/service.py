"""The local Lambda: what happens behind the Invoke call."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from scar.local import limits
from scar.local.code_cache import CodeCache
from scar.local.destination import Send
from scar.local.environment import Environment, Outcome, Surroundings
from scar.local.event_queue import Event, EventQueue, Target
from scar.local.function import FunctionSpec
from scar.local.pool import Pool
from scar.local.runtime_api import Invocation
from scar.local.settings import Settings


class PayloadTooLarge(Exception):
    """More bytes than Lambda takes: AWS's 413."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"Request must be smaller than {limit} bytes for the InvokeFunction operation")


class LocalLambda:
    """Runs functions. Raises pool.Throttled and PayloadTooLarge."""

    def __init__(self, settings: Settings, code: CodeCache, around: Surroundings, send: Send) -> None:
        def create(spec: FunctionSpec) -> Environment:
            return Environment(spec, code.folder(spec), around)

        self.pool = Pool(settings.concurrency, create)
        self._events = EventQueue(self.pool, settings.retry_delays, send)

    def call(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """Run the function now and wait for its response."""
        _check(invocation, limits.SYNC_PAYLOAD_BYTES)
        environment = self.pool.acquire(spec)
        try:
            return environment.invoke(invocation)
        finally:
            self.pool.release(environment)

    def enqueue(self, find: Callable[[], Target | None], invocation: Invocation) -> None:
        """Accept an event. `find` reads the function when its turn has come."""
        _check(invocation, limits.ASYNC_PAYLOAD_BYTES)
        self._events.put(Event(find, invocation))

    def retire(self, arn: str) -> None:
        """The function was deleted."""
        self.pool.retire(arn)

    def close(self) -> None:
        """End all processes."""
        self.pool.close()


def new_request_id() -> str:
    """As Lambda's are."""
    return str(uuid.uuid4())


def _check(invocation: Invocation, limit: int) -> None:
    if len(invocation.payload) > limit:
        raise PayloadTooLarge(limit)
