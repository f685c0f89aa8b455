"""Calling a function: the contract's payload there, its result or a clear error back."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field

from scar import limits
from scar.aws.errors import AnswerTimedOut, Throttled
from scar.aws.functions import Answer, Functions
from scar.aws.session import Aws
from scar.errors import ScarError
from scar_supervisor.contract import EXIT_TIMED_OUT, Call, ContractError, Result

THROTTLE_PAUSES = (1, 2, 4, 8, 16)
"""Seconds to wait before each new try of a call that Lambda refused because too many were running."""


class CallFailed(ScarError):
    """The function did not come to answer with a result of the contract's."""


class AnswerNotUnderstood(CallFailed):
    """The function answered, and not as this version of SCAR has it."""


class FunctionTimedOut(CallFailed):
    """Lambda stopped the function before SCAR in it could stop the container."""

    exit_status = EXIT_TIMED_OUT


@dataclass(frozen=True)
class Outcome:
    """A synchronous call that gave a result."""

    result: Result
    log_tail: bytes = field(repr=False)
    """The last 4 KB of the log."""


def payload_of(call: Call, *, asynchronous: bool) -> bytes:
    """The call as JSON. Raises UsageError if it is larger than Lambda takes."""
    document = json.dumps(call.to_payload(), ensure_ascii=False, separators=(",", ":"))
    payload = document.encode()
    limits.payload_size(len(payload), asynchronous=asynchronous)
    return payload


def call_and_wait(aws: Aws, function: str, seconds: int, payload: bytes) -> Outcome:
    """Call a function whose time-out is ``seconds``. Raises CallFailed, and AwsError."""
    try:
        answer = _patiently(aws.calls(seconds), function, payload, asynchronous=False)
    except AnswerTimedOut as error:
        raise AnswerTimedOut(
            error.message,
            hint=f"it may have run, and would run a second time: first look at scar log {function}",
        ) from error
    if answer.error:
        raise _failure(function, answer)
    try:
        result = Result.from_document(json.loads(answer.payload))
    except (ContractError, ValueError) as error:
        raise AnswerNotUnderstood(
            f"function {function} gave an answer that is not understood: {error}",
            hint="it may be of another version of SCAR: make it again with scar init",
        ) from error
    return Outcome(result, answer.log_tail)


def call_later(aws: Aws, function: str, payload: bytes) -> str:
    """Queue a call; its request id."""
    return _patiently(aws.calls(0), function, payload, asynchronous=True).request_id


def preheat(aws: Aws, function: str, seconds: int) -> None:
    """Make the function fetch its image now. Raises CallFailed if it cannot."""
    result = call_and_wait(
        aws, function, seconds, payload_of(Call(pull_only=True), asynchronous=False)
    ).result
    if result.error is not None:
        raise CallFailed(result.error.message, hint=result.error.hint, kind=result.error.type)
    if result.timed_out:
        raise CallFailed(
            f"the image was not there before the function's time-out of {seconds} s",
            hint="give the function more memory (with it comes CPU) or time: -m, -t",
        )


def _patiently(functions: Functions, function: str, payload: bytes, *, asynchronous: bool) -> Answer:
    """Invoke, and again if Lambda had too many calls: then nothing ran. No other error is retried."""
    send = functions.invoke_later if asynchronous else functions.invoke
    for pause in THROTTLE_PAUSES:
        try:
            return send(function, payload)
        except Throttled as error:
            if not error.nothing_done:
                raise
            time.sleep(pause)
    return send(function, payload)


def _failure(function: str, answer: Answer) -> CallFailed:
    """The error in the answer of a function that failed."""
    try:
        document = json.loads(answer.payload)
        kind, message = str(document.get("errorType", "")), str(document.get("errorMessage", ""))
    except (ValueError, AttributeError):
        kind, message = "", answer.payload[:200].decode(errors="replace")
    where = f"request id {answer.request_id}"
    hint = f"its log may say more: scar log {function} -ri {answer.request_id}"
    if kind == "Sandbox.Timedout" or "Task timed out" in message:
        return FunctionTimedOut(
            f"function {function} was stopped at its time-out ({where}): {message}", hint=hint
        )
    if kind == "Runtime.ExitError":
        hint = f"it may need more memory (-m of scar init); {hint}"
    return CallFailed(f"function {function} failed ({where}): {kind or answer.error}: {message}", hint=hint)
