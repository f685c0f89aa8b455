"""`scar report`: what a function's calls took, out of its log."""

from __future__ import annotations

from collections.abc import Callable

from scar.aws.errors import NotFound
from scar.aws.functions import Function
from scar.ended_call import EndedCall
from scar.ops.cloud import Cloud
from scar.ops.ended_calls import TERMS, ended_calls
from scar.ops.functions import callable_function
from scar.ops.log import LogRequest, absent
from scar.statistics import Calls
from scar.summary import Failures, Summary


def report(request: LogRequest, cloud: Cloud, see: Callable[[EndedCall], None] | None = None) -> Summary:
    """The figures of the calls that ended in the time that is asked for. ``see`` is given each of them.

    Raises ScarError if there is no such function of SCAR's, or no log of it yet.
    """
    function = callable_function(cloud.aws, request.function)
    tally = _Tally(function)
    try:
        for call in ended_calls(cloud.aws.logs.events(request.group, terms=TERMS, since=request.since)):
            tally.add(call)
            if see is not None:
                see(call)
    except NotFound as error:
        raise absent(request, cloud.aws) from error
    return tally.summary(request.since)


class _Tally:
    """Counts calls as they come."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._calls = Calls(architecture=function.architecture, storage_mb=function.storage)
        self._failures: dict[str, Failures] = {}
        self._streams: set[str] = set()
        self._first = self._last = 0

    def add(self, call: EndedCall) -> None:
        self._calls.add(call.report)
        self._streams.add(call.stream)
        self._first = min(self._first or call.began, call.began)
        self._last = max(self._last, call.ended)
        if call.failure:
            before = self._failures.get(call.failure)
            count = 1 + (before.calls if before else 0)
            self._failures[call.failure] = Failures(call.failure, count, call.report.request_id)

    def summary(self, since: int) -> Summary:
        function = self._function
        return Summary(
            function=function.name,
            architecture=function.architecture,
            storage_mb=function.storage,
            memory_mb=function.memory,
            time_seconds=function.time,
            since=since,
            first=self._first,
            last=self._last,
            environments=len(self._streams),
            calls=self._calls,
            failures=tuple(sorted(self._failures.values(), key=lambda one: (-one.calls, one.reason))),
        )
