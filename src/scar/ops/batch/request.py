"""What the user asks `scar run -es` for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from scar import limits
from scar.deploy import calls
from scar.errors import UsageError
from scar.ops import script
from scar_supervisor.contract import Call

CONCURRENCY = 10
"""Calls at once, if nothing else is said. Where an answer takes 50 ms, that is 200 calls a second."""


@dataclass(frozen=True)
class Choice:
    """Which of the objects under ``input/``."""

    prefix: str = ""
    """What their paths under ``input/`` begin with."""
    pattern: str = ""
    """A glob for the whole of the path under ``input/``; ``*`` goes over slashes. Empty: any."""
    since: int = 0
    """Milliseconds since 1970: not what was written before."""
    since_said: str = ""
    """How the user said it, which may be relative to the moment."""

    def is_said_as(self, other: Choice) -> bool:
        """Whether the same options gave both, though at different moments."""
        return replace(self, since=0) == replace(other, since=0)


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


@dataclass(frozen=True)
class Job:
    """A request that was checked, and the call that is made for each object."""

    request: BatchRequest
    call: Call
    """Without an object."""

    @property
    def digest(self) -> str:
        """What the calls of two runs have in common if their script and their variables are the same."""
        return hashlib.sha256(calls.payload_of(self.call, asynchronous=True)).hexdigest()

    def payload(self, key: str, *, asynchronous: bool) -> bytes:
        """The call for one object as Lambda gets it. Raises UsageError if it is larger than Lambda takes."""
        call = self.call._replace(object=(self.request.bucket, key), raise_on_failure=asynchronous)
        return calls.payload_of(call, asynchronous=asynchronous)


def prepare(request: BatchRequest) -> Job:
    """Check the request, and read the script. Raises UsageError."""
    limits.function_name(request.function, "NAME")
    limits.bucket(request.bucket, "-es/--event-source")
    limits.concurrency(request.concurrency, "--concurrency")
    if request.resend_unsure and not request.resume:
        raise UsageError("--resend-unsure is for --resume: a run that begins anew sends every file")
    job = Job(request, Call(script=script.read(request.script_file, "-s/--script"), env=request.env))
    job.payload(_LARGEST_KEY, asynchronous=True)
    return job


_LARGEST_KEY = "\x01" * limits.KEY_BYTES
"""In JSON, a control character takes more than any other."""
