"""What Lambda itself says: the platform's lines in the log, and the documents of its own errors.

Formats: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html and the text that Lambda prints.
"""

from __future__ import annotations

import json
import math
import signal
from datetime import UTC, datetime
from typing import NamedTuple


class Usage(NamedTuple):
    """What REPORT tells of one invocation."""

    duration_ms: float
    memory_mb: int
    """Of the function's configuration."""
    max_memory_mb: int
    init_ms: float | None
    """None unless this invocation started the environment."""


class Failure(NamedTuple):
    """An end that the handler did not choose."""

    payload: bytes
    """The response's JSON document."""
    log_line: str
    """What Lambda logs before END. Empty: nothing."""
    status: str
    """What REPORT adds."""


def start(request_id: str, version: str) -> str:
    """The line before the function's own."""
    return f"START RequestId: {request_id} Version: {version}\n"


def end(request_id: str) -> str:
    """The line after the function's own."""
    return f"END RequestId: {request_id}\n"


def report(request_id: str, usage: Usage, failure: Failure | None) -> str:
    """The line with the figures."""
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {usage.duration_ms:.2f} ms",
        f"Billed Duration: {math.ceil(usage.duration_ms + (usage.init_ms or 0))} ms",
        f"Memory Size: {usage.memory_mb} MB",
        f"Max Memory Used: {min(usage.max_memory_mb, usage.memory_mb)} MB",
    ]
    if usage.init_ms is not None:
        fields.append(f"Init Duration: {usage.init_ms:.2f} ms")
    if failure is not None:
        fields.append(failure.status)
    return "\t".join(fields) + "\t\n"


def init_report(init_ms: float, failure: Failure) -> str:
    """The line of an init phase that failed."""
    return f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\t{failure.status}\n"


def timed_out(request_id: str, timeout_s: int) -> Failure:
    """The function's time-out was reached."""
    sentence = f"Task timed out after {timeout_s:.2f} seconds"
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Failure(
        payload=_document("Sandbox.Timedout", f"RequestId: {request_id} Error: {sentence}"),
        log_line=f"{now} {request_id} {sentence}\n\n",
        status="Status: timeout",
    )


def exited(request_id: str, wait_status: int | None) -> Failure:
    """The runtime's process ended. `wait_status` as of waitpid, None if it was not the process that told."""
    sentence = f"RequestId: {request_id} Error: {_exit_sentence(wait_status)}"
    return Failure(
        payload=_document("Runtime.ExitError", sentence),
        log_line=f"{sentence}\nRuntime.ExitError\n",
        status="Status: error\tError Type: Runtime.ExitError",
    )


def init_failed(payload: bytes) -> Failure:
    """The handler's module could not be loaded: the runtime said why, in the log too."""
    return Failure(payload, "", f"Status: error\tError Type: {error_type(payload)}")


def response_too_large() -> Failure:
    """The handler returned more than Lambda passes on."""
    return Failure(
        payload=_document(
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
        log_line="",
        status="Status: error\tError Type: Function.ResponseSizeTooLarge",
    )


def error_type(payload: bytes) -> str:
    """The errorType of an error document, or ``Unknown``."""
    try:
        return str(json.loads(payload)["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Unknown"


def _exit_sentence(wait_status: int | None) -> str:
    if wait_status is None or wait_status == 0:
        return "Runtime exited without providing a reason"
    number = wait_status & 0x7F
    if number == 0:
        return f"Runtime exited with error: exit status {wait_status >> 8}"
    names = {signal.SIGKILL: "killed", signal.SIGTERM: "terminated", signal.SIGSEGV: "segmentation fault"}
    try:
        description = names.get(signal.Signals(number)) or (signal.strsignal(number) or str(number)).lower()
    except ValueError:
        description = str(number)
    return f"Runtime exited with error: signal: {description}"


def _document(error: str, message: str) -> bytes:
    return json.dumps({"errorType": error, "errorMessage": message}, separators=(",", ":")).encode()
