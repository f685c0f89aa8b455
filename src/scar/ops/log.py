"""`scar log`: what a function's calls wrote."""

from __future__ import annotations

from collections.abc import Iterator
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


def events(request: LogRequest, cloud: Cloud) -> list[LogEvent]:
    """The events in order of time. Raises ScarError if there is no such function, stream or request."""
    limits.function_name(request.function, "NAME")
    if request.stream:
        limits.log_stream(request.stream, "-ls/--log-stream-name")
    if request.request_id:
        limits.request_id(request.request_id, "-ri/--request-id")
    try:
        return _events(request, cloud.aws)
    except NotFound as error:
        raise _absent(request, cloud.aws) from error


def _events(request: LogRequest, aws: Aws) -> list[LogEvent]:
    group = names.log_group(request.function)
    if request.request_id:
        found = _of_request(request, aws, group)
    else:
        found = list(aws.logs.events(group, stream=request.stream))
    found.sort(key=lambda event: event.timestamp)  # stable: what an environment wrote at once stays in order
    if not found and (request.stream or request.request_id):
        wanted = f"request {request.request_id}" if request.request_id else f"stream {request.stream}"
        raise ScarError(
            f"nothing of {wanted} in log group {group}",
            hint="events can take some seconds to arrive in the log",
        )
    return found


def _of_request(request: LogRequest, aws: Aws, group: str) -> list[LogEvent]:
    """The events of the request in each stream where it started: more than one if Lambda tried again."""
    request_id = request.request_id
    mentions = aws.logs.events(group, stream=request.stream, term=request_id)
    streams = dict.fromkeys(event.stream for event in mentions if _starts(event, request_id))
    return [
        event for stream in streams for event in of_request(aws.logs.events(group, stream=stream), request_id)
    ]


def of_request(stream: Iterator[LogEvent], request_id: str) -> Iterator[LogEvent]:
    """The events of one request: an environment serves one at a time, so they stand between START and END.

    Lambda's REPORT line comes after END. A request without END is still running, or its environment is gone.
    """
    inside = False
    for event in stream:
        if event.message.startswith("START RequestId: "):
            inside = _starts(event, request_id)
        if inside or event.message.startswith(f"REPORT RequestId: {request_id}"):
            yield event
        if event.message.startswith("END RequestId: "):
            inside = False


def _starts(event: LogEvent, request_id: str) -> bool:
    return event.message.startswith(f"START RequestId: {request_id}")


def _absent(request: LogRequest, aws: Aws) -> ScarError:
    if aws.functions.configuration(request.function) is None:
        return missing(aws, request.function)
    what = f"stream {request.stream} in the log" if request.stream else "log"
    return ScarError(
        f"no {what} of function {request.function}",
        hint="a log comes into being with the first call",
    )
