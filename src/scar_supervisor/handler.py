"""The entry of the function: one call, from event to result.

    event ─ a call of `scar run`, objects in S3, or anything else
      │
    Function ─ configuration, from Lambda's environment        (function)
    CallFolder ─ /tmp/<request id>, removed at the end          (folder)
    StoredImage ─ found on disk, or pulled by scar_oci          (image)
      │
      ├─ objects: for each one, staged in, run, staged out      (events, staging)
      │
    Container ─ command and environment                         (container)
      ├─ program: which binary of the image                     (program)
      ├─ F1: its argv and environment for exec                  (f1)
      └─ process: deadline, output, the whole tree stopped      (process, output)
      │
    Result ─ what the client is told                            (contract)

A call of `scar run` gets a result, also when the container or SCAR failed. An event has nobody to read
one: its failures are raised, after what there is was uploaded, so that Lambda's retries and destinations
see them.

Everything that one call needs is in the values passed down here. What is kept between calls is no call's: the
configuration, the image on disk, an empty folder, the S3 client.
"""

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
from .contract import Call, Failure, Result
from .errors import ContainerFailed, ContainerTimedOut, NoTimeLeft, SupervisorError, SystemRefused
from .folder import CallFolders
from .function import WRITABLE, Function
from .image import obtain, tidy
from .output import BoundedOutput, Log
from .process import SUCCESS, Ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .events import S3Object
    from .function import Environment

_FOLDERS = CallFolders(WRITABLE)


class Invocation(NamedTuple):
    """What Lambda says of a call, beside its event."""

    request_id: str
    log_group: str
    log_stream: str
    deadline: float
    """Of ``time.monotonic``, in seconds: when Lambda ends the function."""

    @classmethod
    def from_context(cls, context: Any) -> Invocation:
        """Read Lambda's context object."""
        return cls(
            request_id=context.aws_request_id,
            log_group=context.log_group_name,
            log_stream=context.log_stream_name,
            deadline=time.monotonic() + context.get_remaining_time_in_millis() / 1000,
        )


def handle(event: Any, context: Any) -> dict[str, Any]:
    """Serve one event. The name is in the function's configuration (`contract.HANDLER`)."""
    invocation = Invocation.from_context(context)
    log = Log()
    if isinstance(event, dict) and contract.PAYLOAD_KEY in event:
        return _serve_call(event, invocation, log)
    return _serve_event(event, invocation, log)


def _serve_call(payload: dict[str, Any], invocation: Invocation, log: Log) -> dict[str, Any]:
    output = BoundedOutput(contract.OUTPUT_LIMIT)
    call, pulled, failure = Call(), False, None
    try:
        call = Call.from_payload(payload)
        with _container(invocation, call, log) as container:
            pulled = container.pulled
            ended = SUCCESS if call.pull_only else _run(container, output, log, {})
    except (SupervisorError, ImageError, contract.ContractError) as error:
        if call.raise_on_failure:
            raise
        failure = Failure(type(error).__name__, str(error), getattr(error, "hint", ""))
        ended = Ended(getattr(error, "exit_code", contract.EXIT_SCAR_ERROR), timed_out=False)
        log.note(f"{failure.type}: {failure.message}")
    if call.raise_on_failure:
        _raise_unless_successful(ended)
    return Result(
        request_id=invocation.request_id,
        log_group=invocation.log_group,
        log_stream=invocation.log_stream,
        exit_code=ended.exit_code,
        output=output.value(),
        output_size=output.size,
        timed_out=ended.timed_out,
        image_pulled=pulled,
        error=failure,
    ).to_document()


def _serve_event(event: Any, invocation: Invocation, log: Log) -> dict[str, Any]:
    from .events import is_s3_event, s3_objects

    if not is_s3_event(event):
        return _serve_other_event(event, invocation, log)
    objects = s3_objects(event)
    if objects:
        _serve_objects(objects, invocation, log)
    else:
        log.note("nothing to do: the event names no object")
    return _processed(len(objects))


def _serve_objects(objects: tuple[S3Object, ...], invocation: Invocation, log: Log) -> None:
    """Process each object, also after one failed; raise the first failure at the end."""
    failures: list[SupervisorError | ImageError] = []
    with _container(invocation, Call(), log) as container:
        for item in objects:
            container.folder.renew()
            try:
                _serve_object(item, container, log)
            except (SupervisorError, ImageError) as error:
                log.note(f"{type(error).__name__}: {error}")
                failures.append(error)
    if failures:
        raise failures[0]


def _serve_object(item: S3Object, container: Container, log: Log) -> None:
    from .staging import download, upload

    path = download(item, container.folder.input)
    ended = _run(container, None, log, {b"SCAR_INPUT_FILE": path})
    upload(container.folder.output, item.bucket, log)
    _raise_unless_successful(ended, f"s3://{item.bucket}/{item.key}: ")


def _serve_other_event(event: Any, invocation: Invocation, log: Log) -> dict[str, Any]:
    with _container(invocation, Call(), log) as container:
        with open(container.folder.event, "w", encoding="utf-8") as file:
            json.dump(event, file)
        ended = _run(container, None, log, {b"SCAR_EVENT_FILE": container.folder.event})
    _raise_unless_successful(ended)
    return _processed(1)


def _processed(count: int) -> dict[str, Any]:
    return {contract.PAYLOAD_KEY: {"version": contract.VERSION, "processed": count}}


@contextmanager
def _container(invocation: Invocation, call: Call, log: Log) -> Iterator[Container]:
    """The container of a call, ready to run, and nothing of it left afterwards, also after an error."""
    function = _function()
    try:
        image, pulled = obtain(function, log)
        try:
            with _FOLDERS.folder(invocation.request_id) as folder:
                yield Container(
                    function=function,
                    image=image,
                    pulled=pulled,
                    folder=folder,
                    call=call,
                    request_id=invocation.request_id,
                    deadline=invocation.deadline - function.timeout_threshold,
                )
        finally:
            tidy(image)
    except OSError as error:
        raise SystemRefused.of(error) from error


def _run(container: Container, output: BoundedOutput | None, log: Log, event_env: Environment) -> Ended:
    if container.deadline <= time.monotonic():
        raise NoTimeLeft(
            "nothing of the function's time is left for the container (fetching the image counts)",
            "give the function more time (`-t`), or more memory (`-m`), which makes it faster",
        )

    def sink(data: bytes) -> None:
        log.write(data)
        if output is not None:
            output.write(data)

    try:
        ended = container.run(sink, event_env)
    finally:
        log.end_line()
    if ended.timed_out:
        log.note("the container was stopped at its deadline")
    return ended


def _raise_unless_successful(ended: Ended, where: str = "") -> None:
    if ended.timed_out:
        raise ContainerTimedOut(f"{where}the container was stopped at its deadline")
    if ended.exit_code != 0:
        raise ContainerFailed(f"{where}the container ended with exit status {ended.exit_code}")


@functools.cache
def _function() -> Function:
    # Lambda never changes the environment of a running process.
    return Function.from_environment(os.environb)
