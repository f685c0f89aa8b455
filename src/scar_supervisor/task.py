"""One run of the container and what belongs around it, for a call, an object or another event."""

from __future__ import annotations

import functools
import json
import os
import time
from contextlib import contextmanager
from typing import Any, NamedTuple

from scar_oci.errors import ImageError

from . import contract
from .container import Container
from .contract import Call, Processed
from .errors import (
    ContainerFailed,
    ContainerTimedOut,
    EventMalformed,
    NoTimeLeft,
    SupervisorError,
    SystemRefused,
)
from .folder import CallFolders
from .function import WRITABLE, Function
from .image import obtain, tidy
from .process import SUCCESS, Ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .events import Item, S3Object
    from .function import Environment
    from .invocation import Invocation
    from .output import BoundedOutput, Log

_FOLDERS = CallFolders(WRITABLE)


class Outcome:
    """What became of a task, filled in as it goes on, so that a failure half-way shows how far it came."""

    def __init__(self) -> None:
        self.pulled = False
        """Whether the image was fetched for it."""
        self.ended: Ended | None = None
        """How the container ended; None if it did not start."""
        self.outputs = 0
        """Files that were written to S3."""
        self.skipped = ""
        """Why there was nothing to do, if so."""

    def raise_unless_successful(self, where: str = "") -> None:
        """Raise ContainerFailed or ContainerTimedOut; `where` says what the container worked on."""
        if self.ended is None or self.ended == SUCCESS:
            return
        prefix = where and f"{where}: "
        if self.ended.timed_out:
            raise ContainerTimedOut(f"{prefix}the container was stopped at its deadline")
        raise ContainerFailed(f"{prefix}the container ended with exit status {self.ended.exit_code}")


class Task(NamedTuple):
    """Does what a call asks. Raises SupervisorError, also for a container's failure, and ImageError."""

    invocation: Invocation
    log: Log
    call: Call = Call()
    output: BoundedOutput | None = None
    """Takes what the container prints, beside the log."""

    def run_call(self, outcome: Outcome) -> None:
        """Run what the call says, and nothing for a call that only fetches the image."""
        # Who waits for the call is told how it went. The log need hold only what a report counts.
        with (
            self._recorded(outcome, only_failures=not self.call.raise_on_failure),
            self._container(outcome) as container,
        ):
            if not self.call.pull_only:
                self._run(container, {}, outcome)
                outcome.raise_unless_successful()

    def run_item(self, item: Item, outcome: Outcome) -> None:
        """Do what a part of an event asks for."""
        from .events import Malformed, OtherEvent, S3Object

        if isinstance(item, S3Object):
            with self._recorded(outcome, item.bucket, item.key):
                self._run_object(item, outcome)
        elif isinstance(item, OtherEvent):
            with self._recorded(outcome):
                self._run_event(item.document, outcome)
        elif isinstance(item, Malformed):
            with self._recorded(outcome):
                raise EventMalformed(item.reason)
        else:
            with self._recorded(outcome, item.bucket, item.key):
                outcome.skipped = item.reason

    def _run_object(self, item: S3Object, outcome: Outcome) -> None:
        """Stage an object in, run, and stage the results out, also those of a container that failed."""
        from .keys import is_folder_marker

        if is_folder_marker(item.key):
            outcome.skipped = "it stands for a folder"
            return
        from . import staging

        with self._container(outcome) as container:
            function = container.function
            with staging.reading(item, container.deadline) as found:
                if found.made_by == function.name:
                    outcome.skipped = "it is a result of this function"
                    return
                path = found.save(container.folder.input)
            self._run(container, {b"SCAR_INPUT_FILE": path}, outcome)
            bucket, prefix = function.output or (item.bucket, contract.OUTPUT_PREFIX)
            results = staging.Results(
                bucket=bucket,
                prefix=prefix,
                metadata=contract.result_metadata(
                    function.name, self.invocation.request_id, item.bucket, item.key
                ),
                input_key=item.key,
                input_type=found.content_type,
            )
            for _ in results.write(container.folder.output, self.log, self.invocation.deadline - _RESERVE):
                outcome.outputs += 1
            outcome.raise_unless_successful(item.url)

    def _run_event(self, event: Any, outcome: Outcome) -> None:
        """Run with an event in a file."""
        with self._container(outcome) as container:
            with open(container.folder.event, "w", encoding="utf-8") as file:
                json.dump(event, file)
            self._run(container, {b"SCAR_EVENT_FILE": container.folder.event}, outcome)
            outcome.raise_unless_successful()

    @contextmanager
    def _recorded(
        self, outcome: Outcome, bucket: str = "", key: str = "", *, only_failures: bool = False
    ) -> Iterator[None]:
        """A line in the log at the end that says what became of the task, also after an error."""
        started = time.monotonic()
        error: Exception | None = None
        try:
            yield
        except Exception as raised:
            error = raised
            raise
        finally:
            if error is not None or not only_failures:
                self._record(outcome, error, time.monotonic() - started, bucket, key)

    def _record(
        self, outcome: Outcome, error: Exception | None, seconds: float, bucket: str, key: str
    ) -> None:
        ended = outcome.ended or SUCCESS if error is None else ended_by(error, outcome)
        processed = Processed(
            request_id=self.invocation.request_id,
            bucket=bucket,
            key=key,
            exit_code=ended.exit_code,
            timed_out=ended.timed_out,
            seconds=round(seconds, 3),
            outputs=outcome.outputs,
            skipped=outcome.skipped,
            error="" if error is None else f"{type(error).__name__}: {error}"[:_ERROR_LENGTH],
        )
        if error is not None:
            self.log.note(f"{type(error).__name__}: {error}")
            if hint := getattr(error, "hint", ""):
                self.log.note(f"what helps: {hint}")
            if not isinstance(error, SupervisorError | ImageError):
                self.log.trace(error)
        self.log.end_line()
        self.log.write(processed.line().encode())

    @contextmanager
    def _container(self, outcome: Outcome) -> Iterator[Container]:
        """The container, ready to run, and nothing of it left afterwards, also after an error."""
        function = _function()
        try:
            image, outcome.pulled = obtain(function, self.log, self.invocation.deadline)
            try:
                with _FOLDERS.folder(self.invocation.request_id) as folder:
                    yield Container(
                        function=function,
                        image=image,
                        folder=folder,
                        call=self.call,
                        request_id=self.invocation.request_id,
                        deadline=self.invocation.deadline - function.timeout_threshold,
                        log=self.log,
                    )
            finally:
                tidy(image, self.log)
        except OSError as error:
            raise SystemRefused.of(error) from error

    def _run(self, container: Container, event_env: Environment, outcome: Outcome) -> None:
        if container.deadline <= time.monotonic():
            raise NoTimeLeft(
                "nothing of the function's time is left for the container (fetching the image counts)",
                "give the function more time (`-t`), or more memory (`-m`), which makes it faster",
            )
        try:
            outcome.ended = container.run(self._sink, event_env)
        finally:
            self.log.end_line()
        if outcome.ended.timed_out:
            self.log.note("the container was stopped at its deadline")

    def _sink(self, data: bytes) -> None:
        self.log.write(data)
        if self.output is not None:
            self.output.write(data)


_RESERVE = 1.0
"""Seconds of a call's time that its results must leave: to say what failed."""

_ERROR_LENGTH = 2000
"""Characters of an error in the log's line: the whole of it is what Lambda is told."""


def ended_by(error: Exception, outcome: Outcome) -> Ended:
    """The container's end, or what stands for it where another error than the container's is to be told."""
    if isinstance(error, ContainerFailed | ContainerTimedOut) and outcome.ended is not None:
        return outcome.ended
    return Ended(getattr(error, "exit_code", contract.EXIT_SCAR_ERROR), timed_out=False)


@functools.cache
def _function() -> Function:
    # Lambda never changes the environment of a running process.
    return Function.from_environment(os.environb)
