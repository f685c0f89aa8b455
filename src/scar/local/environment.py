"""An execution environment: a runtime process that serves one invocation at a time, a /tmp, a log stream."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from scar.local import limits, memory, report, variables
from scar.local.function import FunctionSpec
from scar.local.log_stream import LogSink, LogStream
from scar.local.process import EnvironmentProcesses
from scar.local.report import Failure, Usage
from scar.local.runtime_api import (
    Exited,
    Handed,
    HandlerError,
    InitError,
    Invocation,
    Ready,
    Response,
    RuntimeApi,
    Signal,
)
from scar.local.sandbox import Sandbox

_SAMPLE_SECONDS = 0.1
"""Between two looks at the memory of a call that lasts."""
_SAMPLE_AGE_SECONDS = 0.5
"""How old the last look may be at the end of a call: a short call takes little more than a look."""


class Outcome(NamedTuple):
    """What became of an invocation."""

    payload: bytes
    function_error: str
    """Empty, or ``Unhandled``: what Lambda calls every failure of a Python function."""
    log_tail: bytes


class Surroundings(NamedTuple):
    """What all environments share."""

    cloud: str
    """URL of the local cloud."""
    sandbox: Sandbox
    log_sink: Callable[[FunctionSpec], LogSink]
    credentials: Callable[[FunctionSpec], variables.RoleCredentials]


class Environment:
    """Starts its sandbox when made and its runtime at the first invocation. For one thread at a time."""

    def __init__(self, spec: FunctionSpec, code: Path, around: Surroundings) -> None:
        self.spec = spec
        self._log = LogStream(around.log_sink(spec), spec.log_group, spec.version)
        self._api = RuntimeApi()
        self._layout = around.sandbox.layout(code)
        self._until_closed = ExitStack()
        tmp = self._until_closed.enter_context(around.sandbox.tmp())
        self._variables = variables.of_function(
            spec,
            self._layout,
            variables.Addresses(around.cloud, self._api.address, self._log.name, tmp),
            around.credentials(spec),
        )
        self._session = self._api.session
        self._running = self._ready = False
        self._cold = True
        self._peak_bytes = 0
        self._sampled = -_SAMPLE_AGE_SECONDS
        self.alive = True
        self._closing, self._closed = threading.Lock(), False
        self._processes = EnvironmentProcesses(
            around.sandbox.command(code, spec.storage_mb),
            self._log.descriptor,
            self._on_exit,
            wrapped=around.sandbox.wrapped,
        )
        self._log.release_descriptor()

    def invoke(self, invocation: Invocation) -> Outcome:
        """Run one event to its end, which is the function's time-out at the latest."""
        self._log.begin()
        init_ms = self._first_init(invocation.request_id) if self._cold else None
        started = time.monotonic()
        self._log.platform(report.start(invocation.request_id, self.spec.version))
        result = self._run(invocation, started + self.spec.timeout_s)
        failure = result if isinstance(result, Failure) else None
        if failure is not None and failure.log_line:
            self._log.platform(failure.log_line)
        self._log.platform(report.end(invocation.request_id))
        usage = self._usage((time.monotonic() - started) * 1000, init_ms)
        self._log.platform(report.report(invocation.request_id, usage, failure))
        return Outcome(result.payload, "" if isinstance(result, Response) else "Unhandled", self._log.tail())

    def close(self) -> None:
        """End every process. An invocation that is running ends with Runtime.ExitError. For any thread."""
        self.alive = False
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._processes.close()
        self._api.close()
        self._log.close()
        self._until_closed.close()

    def _first_init(self, request_id: str) -> float | None:
        """The init phase proper, before the invocation's clock starts: its milliseconds if it succeeded.
        If not, it is tried once more inside the invocation, as Lambda does."""
        self._cold = False
        started = time.monotonic()
        failure = self._init(request_id, started + limits.INIT_SECONDS)
        init_ms = (time.monotonic() - started) * 1000
        if failure is None:
            return init_ms
        self._log.platform(report.init_report(init_ms, failure))
        return None

    def _run(self, invocation: Invocation, deadline: float) -> Response | HandlerError | Failure:
        failure = self._make_ready(invocation.request_id, deadline)
        if failure is not None:
            return failure
        self._ready = False
        self._session.events.put(Handed(invocation, self.spec.arn, time.time() + deadline - time.monotonic()))
        while True:
            happened = self._await(invocation.request_id, deadline)
            if isinstance(happened, Failure):
                self._stop_runtime()
                return happened
            if isinstance(happened, Response | HandlerError) and happened.request_id == invocation.request_id:
                too_large = len(happened.payload) > limits.RESPONSE_BYTES
                return report.response_too_large() if too_large else happened

    def _make_ready(self, request_id: str, deadline: float) -> Failure | None:
        """Have a runtime that waits for an event, the one of the last invocation if it still runs."""
        if self._running and not self._ready:
            self._ready = isinstance(self._await(request_id, deadline), Ready)
            if not self._ready:
                self._stop_runtime()
        return None if self._ready else self._init(request_id, deadline)

    def _init(self, request_id: str, deadline: float) -> Failure | None:
        self._session = self._api.renew()
        if not self.alive:
            return report.exited(request_id, None)
        self._running = True
        self._processes.start_runtime(
            [self._layout.python, "-m", "awslambdaric", self.spec.handler],
            self._variables,
            self._layout.task_root,
        )
        happened = self._await(request_id, deadline)
        if isinstance(happened, Failure):
            self._stop_runtime()
            return happened
        self._ready = True
        return None

    def _await(self, request_id: str, deadline: float) -> Ready | Response | HandlerError | Failure:
        """The next thing that happens, while the memory is watched."""
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return report.timed_out(request_id, self.spec.timeout_s)
            try:
                happened = self._session.signals.get(timeout=min(remaining, _SAMPLE_SECONDS))
            except queue.Empty:
                if self._sample().anonymous > self.spec.memory_mb * limits.MIB:
                    return report.exited(request_id, signal.SIGKILL)
                continue
            return _as_result(happened, request_id)

    def _sample(self) -> memory.Sample:
        """A short look, and a close one, of 1 ms of CPU for a process, where that could change anything."""
        self._sampled = time.monotonic()
        sample = self._processes.memory(memory.at_most)
        too_much = sample.anonymous > self.spec.memory_mb * limits.MIB
        if too_much or _in_mib(sample.resident) > _in_mib(self._peak_bytes):
            sample = self._processes.memory(memory.measure)
            self._peak_bytes = max(self._peak_bytes, sample.resident)
        return sample

    def _usage(self, duration_ms: float, init_ms: float | None) -> Usage:
        """Lambda too reports the most memory of all invocations so far."""
        if time.monotonic() - self._sampled >= _SAMPLE_AGE_SECONDS:
            self._sample()
        return Usage(duration_ms, self.spec.memory_mb, _in_mib(self._peak_bytes), init_ms)

    def _stop_runtime(self) -> None:
        """End every process but the environment's first; /tmp stays."""
        self._running = self._ready = False
        self._processes.kill_runtime()

    def _on_exit(self, wait_status: int | None) -> None:
        if wait_status is None:
            self.alive = False
        self._session.signals.put(Exited(wait_status))


def _in_mib(count: int) -> int:
    """Bytes as REPORT has them, rounded up."""
    return -(-count // limits.MIB)


def _as_result(happened: Signal, request_id: str) -> Ready | Response | HandlerError | Failure:
    match happened:
        case InitError(payload):
            return report.init_failed(payload)
        case Exited(wait_status):
            return report.exited(request_id, wait_status)
        case _:
            return happened
