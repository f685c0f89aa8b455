"""What the user asks `scar run -es` for."""

from __future__ import annotations

from dataclasses import dataclass, field

from scar import limits
from scar.deploy import calls
from scar.errors import UsageError
from scar.ops import script
from scar_supervisor.contract import Call

CONCURRENCY = 10
"""Calls at once, if nothing else is said: some 300 a second, and one processor's work."""


@dataclass(frozen=True)
class Choice:
    """Which of the objects under ``input/``."""

    prefix: str = ""
    """What their paths under ``input/`` begin with."""
    pattern: str = ""
    """A glob for the whole of the path under ``input/``; ``*`` goes over slashes. Empty: any."""
    since: int = 0
    """Milliseconds since 1970: not what was written before."""


@dataclass(frozen=True)
class BatchRequest:
    """One command."""

    function: str
    bucket: str
    choice: Choice = Choice()
    env: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    script_file: str | None = None
    asynchronous: bool = False
    """Do not wait for the results."""
    concurrency: int = CONCURRENCY
    resume: bool = False
    """Leave out what the last run has sent."""
    resend_unsure: bool = False
    """Send again what the last run may have sent."""


def call_of(request: BatchRequest) -> Call:
    """The call that is made for each object, without the object. Raises UsageError for bad input."""
    limits.function_name(request.function, "NAME")
    limits.bucket(request.bucket, "-es/--event-source")
    limits.concurrency(request.concurrency, "--concurrency")
    if request.resend_unsure and not request.resume:
        raise UsageError("--resend-unsure is for --resume: a run that begins anew sends every file")
    call = Call(script=script.read(request.script_file, "-s/--script"), env=request.env)
    payload(call, request.bucket, _LARGEST_KEY, asynchronous=True)
    return call


def payload(call: Call, bucket: str, key: str, *, asynchronous: bool) -> bytes:
    """The call for one object as Lambda gets it. Raises UsageError if it is larger than Lambda takes."""
    one = call._replace(object=(bucket, key), raise_on_failure=asynchronous)
    return calls.payload_of(one, asynchronous=asynchronous)


_LARGEST_KEY = "\x01" * limits.KEY_BYTES
"""In JSON, a control character takes more than any other."""
