"""`scar log -f`: what a function's calls write, as it arrives.

CloudWatch has no end to wait at: it is asked again and again. Events may arrive some time after they were
written, behind others that are younger, so each question goes back a little, and what was seen is left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from scar.aws.errors import NotFound
from scar.aws.logs import LogEvent
from scar.aws.session import Aws
from scar.ops.cloud import Cloud
from scar.ops.functions import missing
from scar.ops.log import LogRequest, earliest_start, in_order, of_streams, says, starts

PAUSE_SECONDS = 1.0
"""Between questions. An account has five of them a second in a region:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""

LATE_MS = 60_000
"""How much later than its timestamp an event may arrive."""

CLOCKS_DIFFER_MS = 900_000
"""How far this machine's clock may be ahead of AWS's, which refuses requests that are dated further off:
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html"""


def follow(request: LogRequest, cloud: Cloud) -> Iterator[LogEvent]:
    """The events that there are, then those that come: without end, or to the end of the request of ``-ri``.

    Raises ScarError if there is no such function, or no more.
    """
    request.check()
    polls = _of_request(request, cloud.aws) if request.request_id else _of_group(request, cloud.aws)
    seen: set[str] = set()
    for found in polls:
        new = [event for event in found if event.id not in seen]
        yield from new
        if not new and _ended(found, request):
            return
        seen = {event.id for event in found} or seen
        time.sleep(PAUSE_SECONDS)


def _ended(found: list[LogEvent], request: LogRequest) -> bool:
    """Nothing follows END but REPORT, which one more question brings."""
    return any(says(event, "END", request.request_id) for event in found)


def _of_group(request: LogRequest, aws: Aws) -> Iterator[list[LogEvent]]:
    """All events of each question, which begins a little before the youngest event of the one before."""
    since = request.since
    while True:
        try:
            found = in_order(aws.logs.events(request.group, stream=request.stream, since=since))
        except NotFound as error:
            found = _nothing_yet(request, aws, error)
        yield found
        if found:
            since = max(since, found[-1].timestamp - LATE_MS)


def _of_request(request: LogRequest, aws: Aws) -> Iterator[list[LogEvent]]:
    """The request's events so far. As soon as it has started, only its streams are read."""
    since, asked = earliest_start(request), int(time.time() * 1000)
    begun: dict[str, int] = {}
    while True:
        try:
            begun = begun or starts(request, aws, since)
            found = of_streams(request, aws, begun)
        except NotFound as error:
            found = _nothing_yet(request, aws, error)
        yield found
        since = max(since, asked - CLOCKS_DIFFER_MS)  # the first question has seen what was before


def _nothing_yet(request: LogRequest, aws: Aws, error: NotFound) -> list[LogEvent]:
    """Group and streams come with the first call. Raises FunctionMissing where none will be made."""
    if aws.functions.configuration(request.function) is None:
        raise missing(aws, request.function) from error
    return []
