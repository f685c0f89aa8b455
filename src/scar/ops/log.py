"""`scar log`: what a function's calls wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scar import limits
from scar.aws.errors import NotFound
from scar.aws.logs import LogEvent
from scar.aws.session import Aws
from scar.deploy import names
from scar.errors import ScarError
from scar.ops.cloud import Cloud
from scar.ops.functions import missing


@dataclass(frozen=True)
class LogRequest:
    """Whose log, and which part of it; empty: all."""

    function: str
    stream: str = ""
    request_id: str = ""
    since: int = 0
    """Milliseconds since 1970."""

    def check(self) -> None:
        """Raises UsageError."""
        limits.function_name(self.function, "NAME")
        if self.stream:
            limits.log_stream(self.stream, "-ls/--log-stream-name")
        if self.request_id:
            limits.request_id(self.request_id, "-ri/--request-id")

    @property
    def group(self) -> str:
        """The function's log group."""
        return names.log_group(self.function)


def events(request: LogRequest, cloud: Cloud) -> Iterator[LogEvent]:
    """In order of time, as they come. Raises ScarError if there is no such function, stream or request."""
    request.check()
    nothing = True
    try:
        for event in _events(request, cloud.aws):
            nothing = False
            yield event
    except NotFound as error:
        raise absent(request, cloud.aws) from error
    if nothing and not request.since and (request.stream or request.request_id):
        wanted = f"request {request.request_id}" if request.request_id else f"stream {request.stream}"
        raise ScarError(
            f"nothing of {wanted} in log group {request.group}",
            hint="events can take some seconds to arrive in the log: -f waits for them",
        )


def _events(request: LogRequest, aws: Aws) -> Iterable[LogEvent]:
    if request.request_id:
        return of_streams(request, aws, starts(request, aws, earliest_start(request)))
    return aws.logs.events(request.group, stream=request.stream, since=request.since)


def in_order(found: Iterable[LogEvent]) -> list[LogEvent]:
    """By time. What an environment wrote at once stays in its order."""
    return sorted(found, key=lambda event: event.timestamp)


def earliest_start(request: LogRequest) -> int:
    """When a request began at the earliest that wrote something in the time that is asked for."""
    return max(0, request.since - limits.TIME_SECONDS[-1] * 1000)


def starts(request: LogRequest, aws: Aws, since: int) -> dict[str, int]:
    """The streams where the request started, and when: more than one if Lambda tried again."""
    mentions = aws.logs.events(request.group, stream=request.stream, terms=(request.request_id,), since=since)
    found: dict[str, int] = {}
    for event in mentions:
        if says(event, "START", request.request_id):
            found.setdefault(event.stream, event.timestamp)
    return found


def of_streams(request: LogRequest, aws: Aws, begun: dict[str, int]) -> list[LogEvent]:
    """The request's events in the streams where it started, in the time that is asked for."""
    return in_order(
        event
        for stream, since in begun.items()
        for event in of_request(
            aws.logs.events(request.group, stream=stream, since=since), request.request_id
        )
        if event.timestamp >= request.since
    )


def of_request(stream: Iterable[LogEvent], request_id: str) -> Iterator[LogEvent]:
    """The events of one request: an environment serves one at a time, so they stand between START and END.

    Lambda's REPORT line comes after END. A request without END is still running, or its environment is gone.
    """
    inside = False
    for event in stream:
        if event.message.startswith("START RequestId: "):
            inside = says(event, "START", request_id)
        if inside or says(event, "REPORT", request_id):
            yield event
        if says(event, "END", request_id):
            inside = False


def says(event: LogEvent, word: str, request_id: str) -> bool:
    """Whether the event is the line of Lambda's own with this word for the request."""
    return event.message.split(maxsplit=3)[:3] == [word, "RequestId:", request_id]


def absent(request: LogRequest, aws: Aws) -> ScarError:
    """What to say of a log that is not there."""
    if aws.functions.configuration(request.function) is None:
        return missing(aws, request.function)
    what = f"stream {request.stream} in the log" if request.stream else "log"
    return ScarError(
        f"no {what} of function {request.function}",
        hint="a log comes into being with the first call",
    )
