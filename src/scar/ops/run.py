"""`scar run`: one call of a function."""

from __future__ import annotations

from dataclasses import dataclass, field

from scar.deploy import calls, names
from scar.deploy.calls import Outcome
from scar.ops import script
from scar.ops.cloud import Cloud
from scar.ops.functions import callable_function
from scar_supervisor.contract import Call


@dataclass(frozen=True)
class RunRequest:
    """What the user asked for."""

    function: str
    args: tuple[bytes, ...] = field(default=(), repr=False)
    env: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    script_file: str | None = None
    asynchronous: bool = False


@dataclass(frozen=True)
class Queued:
    """A call that Lambda has accepted, to be made soon."""

    request_id: str
    log_group: str


def payload(request: RunRequest) -> bytes:
    """The call as Lambda gets it. Raises UsageError for a script that cannot be read, or too large a call."""
    call = Call(
        script=script.read(request.script_file, "-s/--script"),
        args=request.args,
        env=request.env,
        raise_on_failure=request.asynchronous,
    )
    return calls.payload_of(call, asynchronous=request.asynchronous)


def run(request: RunRequest, body: bytes, cloud: Cloud) -> Outcome | Queued:
    """Call the function with ``body``, which `payload` made. Raises ScarError."""
    function = callable_function(cloud.aws, request.function)
    if request.asynchronous:
        request_id = calls.call_later(cloud.aws, function.name, body)
        return Queued(request_id, names.log_group(function.name))
    return calls.call_and_wait(cloud.aws, function.name, function.time, body)
