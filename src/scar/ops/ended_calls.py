"""The calls that have ended, out of the events of a function's log: one pass, little memory for each stream.

An environment serves one call at a time and writes to a stream of its own:

    START      Lambda's
    ...        the container's, which can look like any other line
    PROCESSED  the supervisor's, what became of an object, event or call (`contract.Processed`)
    END        Lambda's
    REPORT     Lambda's, with the figures
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scar import report_line
from scar.aws.logs import LogEvent
from scar.ended_call import EndedCall, failure_of, failure_of_work
from scar.report_line import Report
from scar_supervisor.contract import PROCESSED_LINE, Processed

TERMS = ("RequestId:", PROCESSED_LINE.strip())
"""One of which is in each line that counts: what containers print need not be fetched."""

_START = "START RequestId: "
_END = "END RequestId: "


def ended_calls(events: Iterable[LogEvent]) -> Iterator[EndedCall]:
    """Each call whose REPORT is among the events, which are in the order of their stream."""
    streams: dict[str, _Stream] = {}
    for event in events:
        stream = streams.get(event.stream)
        if stream is None:
            stream = streams[event.stream] = _Stream(event.stream)
        ended = stream.read(event)
        if ended is not None:
            yield ended
    for stream in streams.values():
        ended = stream.close()
        if ended is not None:
            yield ended


class _Stream:
    """The call that a stream is at.

    What a container prints looks like Lambda's lines where it shows a log. So a START counts only after the
    end of the call before, and of a call's REPORT lines the last one does.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._begin("", 0)

    def _begin(self, request_id: str, started: int) -> None:
        self._request_id, self._started = request_id, started
        self._report: Report | None = None
        self._reported = 0
        self._ended = False
        self._failures: dict[tuple[str, str], str] = {}

    def read(self, event: LogEvent) -> EndedCall | None:
        """Take one event; the call before, when the event begins another one."""
        message = event.message
        if message.startswith(_START):
            return self._start(message, event.timestamp)
        if message.startswith(_END):
            self._ended = self._ended or self._is_ours(_id(message))
        elif (report := report_line.parse(message)) is not None:
            if self._is_ours(report.request_id):
                self._report, self._reported, self._ended = report, event.timestamp, True
        elif (processed := Processed.parse(message)) is not None and self._is_ours(processed.request_id):
            self._failures[processed.bucket, processed.key] = failure_of_work(processed)
        return None

    def _start(self, message: str, timestamp: int) -> EndedCall | None:
        if self._request_id and not self._ended:
            return None
        before = self.close()
        self._begin(_id(message), timestamp)
        return before

    def _is_ours(self, request_id: str) -> bool:
        """Whether a line is of the stream's call. The first one's START may be older than what is read."""
        return self._request_id in ("", request_id)

    def close(self) -> EndedCall | None:
        """The call that the stream is at, if it has ended."""
        if self._report is None:
            return None
        started = self._started or self._reported - round(self._report.duration_ms)
        failures = (failure_of(self._report), *self._failures.values())
        return EndedCall(self._report, self._name, started, next(filter(None, failures), ""))


def _id(message: str) -> str:
    """The third word of START and END."""
    return (message.split(maxsplit=3)[2:3] or [""])[0]
