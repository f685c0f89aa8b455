"""What lines of a log say of a request that Lambda makes several times, in pieces that overlap."""

from __future__ import annotations

import pytest

from scar import report_line
from scar.ops.batch import attempts
from scar.ops.batch.attempts import Attempts
from scar.report_line import Report
from scar_supervisor.contract import Processed
from tests.cli import batch_server

OK = Processed("id", "bucket", "key")
FAILED = OK._replace(error="ContainerFailed: exit status 3")


def line(status: str = "") -> Report:
    report = report_line.parse(batch_server.report("id", status=status))
    assert report is not None
    return report


def test_a_call_ends_with_lambdas_line() -> None:
    found = Attempts()
    assert found.say(OK) is None
    ended = found.report("1", line())
    assert ended is not None
    assert (ended.failed, ended.skipped, ended.reason) == (False, False, "")


def test_what_is_said_last_before_it_counts() -> None:
    found = Attempts()
    found.say(OK)  # a container may print a line like it
    found.say(FAILED)
    ended = found.report("1", line())
    assert ended is not None
    assert (ended.failed, ended.reason) == (True, FAILED.error)


def test_each_call_counts_once_however_often_it_is_read() -> None:
    found = Attempts()
    for _ in range(3):
        found.say(FAILED)
        found.report("1", line())
    assert found.failed == 1
    for _ in range(2):
        found.say(FAILED)
        found.report("1", line())
        found.say(FAILED)
        found.report("2", line())
    assert found.failed == 2
    found.say(FAILED)
    found.report("1", line())
    found.say(OK)
    ended = found.report("3", line())
    assert ended is not None
    assert not ended.failed


def test_the_functions_line_may_come_late() -> None:
    found = Attempts()
    assert found.report("1", line()) is None
    assert found.report("1", line()) is None
    assert found.overdue() is None
    ended = found.say(FAILED)
    assert ended is not None
    assert (ended.reason, found.failed) == (FAILED.error, 1)


def test_a_function_that_never_says_what_became_of_it_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Attempts()
    found.report("1", line())
    monkeypatch.setattr(attempts, "LATE_SECONDS", -1)
    ended = found.overdue()
    assert ended is not None
    assert (ended.failed, found.failed) == (True, 1)
    assert ended.reason == "the function's log does not say what became of it"
    assert found.overdue() is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("timeout", "Lambda stopped the function at its time-out"),
        ("error\tError Type: Runtime.ExitError", "the function ended: Runtime.ExitError"),
    ],
)
@pytest.mark.parametrize("said", [None, OK])
def test_a_function_that_lambda_ended_has_failed_whatever_it_said(
    status: str, reason: str, said: Processed | None
) -> None:
    found = Attempts()
    if said is not None:
        found.say(said)
    ended = found.report("1", line(status))
    assert ended is not None
    assert (ended.failed, ended.reason) == (True, reason)


def test_nothing_to_do() -> None:
    found = Attempts()
    found.say(OK._replace(skipped="it is a result of this function"))
    ended = found.report("1", line())
    assert ended is not None
    assert (ended.failed, ended.skipped, ended.reason) == (False, True, "it is a result of this function")
