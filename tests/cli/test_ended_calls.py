"""The calls that a log tells of, out of recorded lines."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from scar.aws.logs import LogEvent
from scar.ended_call import EndedCall, failure_of
from scar.ops.ended_calls import ended_calls
from scar.report_line import Report
from scar_supervisor.contract import Processed

FIGURES = "Memory Size: 128 MB\tMax Memory Used: 56 MB\t"


def start(request: str) -> str:
    return f"START RequestId: {request} Version: $LATEST\n"


def end(request: str) -> str:
    return f"END RequestId: {request}\n"


def report(request: str, duration: int = 10, more: str = "") -> str:
    times = f"Duration: {duration} ms\tBilled Duration: {duration} ms"
    return f"REPORT RequestId: {request}\t{times}\t{FIGURES}{more}\n"


def done(request: str, **figures: object) -> str:
    return Processed(request_id=request)._replace(**figures).line()  # type: ignore[arg-type]


def calls(*lines: str, stream: str = "s") -> list[EndedCall]:
    """What is read from lines that were written a second apart, from second 100 on."""
    return list(ended_calls(events(lines, stream)))


def events(lines: Iterable[str], stream: str) -> Iterable[LogEvent]:
    return (
        LogEvent(f"{stream}{number}", stream, (100 + number) * 1000, line)
        for number, line in enumerate(lines)
    )


def failures(*lines: str) -> list[tuple[str, str]]:
    return [(call.report.request_id, call.failure) for call in calls(*lines)]


def test_a_call_has_its_times_and_figures() -> None:
    (call,) = calls(start("a"), "moo\n", end("a"), report("a", 2500, "Init Duration: 400.2 ms\t"))
    assert call == EndedCall(Report("a", 2500, 2500, 128, 56, 400.2), "s", 100_000)
    assert (call.began, call.ended) == (99_600, 102_500)


def test_a_call_whose_start_is_older_than_what_is_read_has_them_too() -> None:
    (call,) = calls("moo\n", done("a", exit_code=3), end("a"), report("a", 2500))
    assert (call.began, call.failure) == (103_000 - 2500, "exit status 3")


def test_calls_of_several_environments_are_told_apart() -> None:
    one = events([start("a"), done("a", exit_code=1), end("a"), report("a")], "one")
    two = events([start("b"), done("b"), end("b"), report("b")], "two")
    mixed = [event for pair in zip(one, two, strict=True) for event in pair]
    assert [(call.stream, call.failure) for call in ended_calls(mixed)] == [
        ("one", "exit status 1"),
        ("two", ""),
    ]


def test_each_try_of_an_event_is_a_call() -> None:
    lines = [
        start("a"),
        done("a", exit_code=1),
        end("a"),
        report("a"),
        start("a"),
        done("a"),
        end("a"),
        report("a"),
    ]
    assert failures(*lines) == [("a", "exit status 1"), ("a", "")]


def test_a_call_that_still_runs_is_none() -> None:
    assert failures(start("a"), end("a"), report("a"), start("b"), "moo\n") == [("a", "")]


def test_what_a_container_shows_of_other_logs_is_no_call() -> None:
    shown = [start("x"), done("x", exit_code=1), end("x"), report("x", 99)]
    assert failures(start("a"), *shown, end("a"), report("a"), start("b"), *shown, end("b"), report("b")) == [
        ("a", ""),
        ("b", ""),
    ]


def test_the_last_line_of_a_request_and_object_counts() -> None:
    """The supervisor writes after the container, and Lambda after both."""
    (call,) = calls(start("a"), done("a", exit_code=1), report("a", 1), done("a"), end("a"), report("a", 77))
    assert (call.failure, call.report.duration_ms) == ("", 77)


@pytest.mark.parametrize(
    ("figures", "failure"),
    [
        ({}, ""),
        ({"skipped": "it stands for a folder"}, ""),
        ({"exit_code": 3, "error": "ContainerFailed: exit status 3"}, "exit status 3"),
        ({"exit_code": 124, "error": "ContainerFailed: exit status 124"}, "exit status 124"),
        ({"exit_code": 124, "timed_out": True, "error": "ContainerTimedOut: x"}, "container timed out"),
        ({"exit_code": 125, "error": "StagingFailed: no: such file"}, "StagingFailed"),
        ({"exit_code": 125, "error": "$(reboot): moo"}, "error"),
    ],
)
def test_work_fails_for_a_reason(figures: dict[str, object], failure: str) -> None:
    assert failures(start("a"), done("a", **figures), end("a"), report("a")) == [("a", failure)]


def test_a_call_with_several_objects_fails_with_the_first_that_does() -> None:
    lines = [done("a", key="1"), done("a", key="2", exit_code=2), done("a", key="3", exit_code=3)]
    assert failures(start("a"), *lines, end("a"), report("a")) == [("a", "exit status 2")]


@pytest.mark.parametrize(
    ("status", "error", "used_mb", "failure"),
    [
        ("", "", 128, ""),
        ("timeout", "", 56, "function timed out"),
        ("error", "Runtime.OutOfMemory", 56, "out of memory"),
        ("error", "Runtime.ExitError", 128, "out of memory"),
        ("error", "Runtime.ExitError", 127, "Runtime.ExitError"),
        ("error", "Function.ResponseSizeTooLarge", 56, "Function.ResponseSizeTooLarge"),
        ("error", "", 56, "error"),
        ("error", "<script>", 56, "error"),
    ],
)
def test_lambda_ends_calls_for_a_reason(status: str, error: str, used_mb: int, failure: str) -> None:
    assert failure_of(Report("a", 10, 10, 128, used_mb, None, status, error)) == failure


def test_what_lambda_says_counts_more_than_what_the_work_says() -> None:
    lines = [start("a"), done("a", exit_code=3), end("a"), report("a", 10, "Status: timeout")]
    assert failures(*lines) == [("a", "function timed out")]
