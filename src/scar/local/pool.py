"""The environments that exist: reused warm, bounded, ended when their function changes."""

from __future__ import annotations

import threading
from collections.abc import Callable

from scar.local.environment import Environment
from scar.local.function import FunctionSpec


class Throttled(Exception):
    """No environment is free and no more may be made: AWS's 429."""

    reason = "ConcurrentInvocationLimitExceeded"


class Pool:
    """At most `limit` environments, busy and idle together. Safe for any number of threads."""

    def __init__(self, limit: int, create: Callable[[FunctionSpec], Environment]) -> None:
        self._limit, self._create = limit, create
        self._changed = threading.Condition()
        self._busy = 0
        self._idle: list[Environment] = []  # the most recently used last
        self._in_use: set[Environment] = set()
        self._current: dict[str, FunctionSpec] = {}
        self._closed = False

    def acquire(self, spec: FunctionSpec, *, wait: bool = False) -> Environment:
        """A warm environment of this function, or a new one. Raises Throttled, if not told to wait."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._busy < self._limit or self._closed)
            if self._busy >= self._limit or self._closed:
                raise Throttled
            self._busy += 1
            self._current[spec.arn] = spec
            warm, surplus = self._take(spec)
        _close(surplus)
        if warm is None:
            warm = self._make(spec)
        return warm

    def release(self, environment: Environment) -> None:
        """Give back what `acquire` returned."""
        with self._changed:
            self._in_use.discard(environment)
            current = self._current.get(environment.spec.arn) == environment.spec
            keep = current and environment.alive and not self._closed
            if keep:
                self._idle.append(environment)
        if not keep:
            environment.close()
        self._free_place()

    def retire(self, arn: str) -> None:
        """A function was deleted: its idle environments end now, busy ones after their invocation."""
        with self._changed:
            gone = [env for env in self._idle if env.spec.arn == arn or env.spec.arn.startswith(f"{arn}:")]
            self._idle = [env for env in self._idle if env not in gone]
            for name in [name for name in self._current if name == arn or name.startswith(f"{arn}:")]:
                del self._current[name]
        _close(gone)

    def close(self) -> None:
        """End every environment, also those at work, and hand out no more."""
        with self._changed:
            self._closed = True
            everything = [*self._idle, *self._in_use]
            self._idle.clear()
            self._changed.notify_all()
        _close(everything)

    def _take(self, spec: FunctionSpec) -> tuple[Environment | None, list[Environment]]:
        """The warmest environment that fits, and those that have to go: outdated ones, and the one that was
        idle for the longest time if a new one needs its place."""
        outdated = [env for env in self._idle if env.spec.arn == spec.arn and env.spec != spec]
        self._idle = [env for env in self._idle if env not in outdated]
        fitting = [env for env in self._idle if env.spec == spec and env.alive]
        if fitting:
            self._idle.remove(fitting[-1])
            self._in_use.add(fitting[-1])
            return fitting[-1], outdated
        if self._idle and self._busy + len(self._idle) > self._limit:
            outdated.append(self._idle.pop(0))
        return None, outdated

    def _make(self, spec: FunctionSpec) -> Environment:
        try:
            made = self._create(spec)
        except BaseException:
            self._free_place()
            raise
        with self._changed:
            self._in_use.add(made)
            closed = self._closed
        if closed:  # in the meantime
            made.close()
        return made

    def _free_place(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()


def _close(environments: list[Environment]) -> None:
    for environment in environments:
        environment.close()
