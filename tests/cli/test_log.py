"""`scar log` against moto: the lines that were asked for, all of them, in order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.cli.faults import Answer, Request, Way
from tests.cli.support import BASE, Account, Scar, write_log

COWSAY = "grycap/cowsay"

ONE = [
    "START RequestId: id-1 Version: $LATEST",
    "moo 1",
    "END RequestId: id-1",
    "REPORT RequestId: id-1\tDuration: 4 ms",
]
TWO = ["START RequestId: id-2 Version: $LATEST", "moo 2 mentions id-1", "END RequestId: id-2"]
THREE = ["START RequestId: id-3 Version: $LATEST", "moo 3, not of id-1"]


@pytest.fixture
def logged(scar: Scar, account: Account) -> None:
    """Two environments: one served request 1 and still serves 3, the other served 2 at the same time."""
    scar("init", "-n", "cowsay", COWSAY)
    write_log(account, "s/one", [0, 2, 4, 4, 6, 7], [*ONE, *THREE])
    write_log(account, "s/two", [1, 3, 5], TWO)


def test_all_in_order_of_time(scar: Scar, logged: None) -> None:
    lines = scar("log", "cowsay").out.splitlines()
    assert lines == [ONE[0], TWO[0], ONE[1], TWO[1], ONE[2], ONE[3], TWO[2], *THREE]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-ls", "s/one"], [*ONE, *THREE]),
        (["--log_stream_name", "s/two"], TWO),
        (["-ri", "id-1"], ONE),
        (["--request-id", "id-2"], TWO),
        (["-ri", "id-3"], THREE),
        (["-ri", "id-1", "-ls", "s/one"], ONE),
    ],
)
def test_a_part(scar: Scar, logged: None, options: list[str], expected: list[str]) -> None:
    assert scar("log", *options, "cowsay").out.splitlines() == expected
    assert scar("log", "cowsay", *options).out.splitlines() == expected


def test_since_cuts_a_request_that_began_before(scar: Scar, logged: None) -> None:
    moment = datetime.fromtimestamp((BASE + 2) / 1000, UTC).isoformat(timespec="milliseconds")
    assert scar("log", "-ri", "id-1", "--since", moment, "cowsay").out.splitlines() == ONE[1:]
    assert scar("log", "-f", "-ri", "id-1", "--since", moment, "cowsay").out.splitlines() == ONE[1:]


def test_what_a_container_prints_does_not_end_its_call(scar: Scar, account: Account) -> None:
    scar("init", "-n", "cowsay", COWSAY)
    lines = [ONE[0], "END RequestId: is not one", "moo", *ONE[2:]]
    write_log(account, "s/one", [0, 1, 2, 3, 4], lines)
    assert scar("log", "-ri", "id-1", "cowsay").out.splitlines() == lines


def test_json(scar: Scar, logged: None) -> None:
    assert scar("log", "--json", "-ls", "s/two", "cowsay").json[1] == {
        "timestamp": BASE + 3,
        "log_stream": "s/two",
        "message": "moo 2 mentions id-1\n",
    }


def test_every_page(scar: Scar, account: Account) -> None:
    """moto's pages, as AWS's, hold 10,000 events at most, and so does one PutLogEvents."""
    scar("init", "-n", "cowsay", COWSAY)
    lines = [f"line {number}" for number in range(10_500)]
    write_log(account, "a", list(range(10_000)), lines[:10_000])
    write_log(account, "b", list(range(10_000, 10_500)), lines[10_000:])
    assert scar("log", "cowsay").out.splitlines() == lines
    messages = [event["message"] for event in scar("log", "--json", "cowsay").json]
    assert messages == [f"{line}\n" for line in lines]


def test_a_page_is_shown_when_it_comes(scar: Scar, account: Account, way: Way) -> None:
    scar("init", "-n", "cowsay", COWSAY)
    lines = [f"line {number}" for number in range(10_000)]
    write_log(account, "a", list(range(10_000)), lines)
    write_log(account, "b", [10_000], ["never seen"])

    def second_page(request: Request) -> Answer | None:
        return Answer.error(400, "AccessDeniedException", "no more") if b"nextToken" in request.body else None

    way.before = second_page
    ran = scar("log", "cowsay")
    assert (ran.status, ran.out.splitlines(), "no more" in ran.stderr) == (1, lines, True)


def test_an_empty_log_is_an_empty_list(scar: Scar, account: Account) -> None:
    scar("init", "-n", "cowsay", COWSAY)
    account.logs.create_log_stream(logGroupName="/aws/lambda/cowsay", logStreamName="empty")
    assert scar("log", "--json", "cowsay").json == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-ri", "id-9"], "nothing of request id-9 in log group /aws/lambda/cowsay"),
        (["-ri", "id-1", "-ls", "s/two"], "nothing of request id-1"),
        (["-ls", "s/nine"], "nothing of stream s/nine in log group /aws/lambda/cowsay"),
    ],
)
def test_what_is_not_there(scar: Scar, logged: None, options: list[str], said: str) -> None:
    ran = scar("log", "cowsay", *options)
    assert (ran.status, ran.stdout) == (1, b"")
    assert said in ran.stderr


def test_no_function(scar: Scar, account: Account) -> None:
    ran = scar("log", "nothing")
    assert (ran.status, ran.stderr.splitlines()[0]) == (1, "scar: error: no function nothing in us-east-1")


def test_a_function_without_a_log(scar: Scar, account: Account) -> None:
    account.make_anothers("theirs")
    ran = scar("log", "theirs")
    assert (ran.status, ran.stderr.splitlines()[0]) == (1, "scar: error: no log of function theirs")
