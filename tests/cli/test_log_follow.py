"""`scar log` with --follow and --since, against moto."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from scar.errors import UsageError
from scar.ops.since import milliseconds
from tests.cli.support import Account, Scar

GROUP = "/aws/lambda/cowsay"
START = "START RequestId: id-1 Version: $LATEST"
END = "END RequestId: id-1"
REPORT = "REPORT RequestId: id-1\tDuration: 4 ms"


class Log:
    """Writes to the function's log, with a moment of its own for each line."""

    def __init__(self, account: Account) -> None:
        self._logs = account.logs
        self._now = int(time.time() * 1000) - 100_000
        self._streams: set[str] = set()

    def write(self, stream: str, *lines: str, back: int = 0) -> int:
        """The time of the last line. ``back``: milliseconds before the line that was last written."""
        if stream not in self._streams:
            self._logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
            self._streams.add(stream)
        for line in lines:
            self._now += 1
            event = {"timestamp": self._now - back, "message": f"{line}\n"}
            self._logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=[event])
        return self._now


@pytest.fixture
def log(scar: Scar, account: Account) -> Log:
    scar("init", "-n", "cowsay", "grycap/cowsay")
    return Log(account)


@contextmanager
def following(*argv: str) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, "-m", "scar.cli", "log", "-f", *argv, "cowsay"]
    # Where the tests run in the background, Ctrl-C is ignored, which children would inherit.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        signal.signal(signal.SIGINT, before)
        try:
            yield process
        finally:
            process.kill()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def stop(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    return process.returncode, rest, errors


def test_shows_what_is_there_and_what_comes_until_interrupted(log: Log) -> None:
    log.write("a", "one", "two")
    with following() as process:
        assert lines(process, 2) == ["one", "two"]
        log.write("b", "three")
        log.write("a", "late", back=5000)
        assert sorted(lines(process, 2)) == ["late", "three"]
        log.write("a", "four")
        assert lines(process, 1) == ["four"]
        assert stop(process) == (0, "", "")


def test_follows_one_stream(log: Log) -> None:
    log.write("a", "mine")
    log.write("b", "theirs")
    with following("-ls", "a") as process:
        assert lines(process, 1) == ["mine"]
        log.write("b", "theirs")
        log.write("a", "mine too")
        assert lines(process, 1) == ["mine too"]
        assert stop(process)[:2] == (0, "")


def test_follows_a_request_to_its_end(log: Log) -> None:
    log.write("a", "START RequestId: id-10 Version: $LATEST", "of another", "END RequestId: id-10")
    log.write("a", START, "moo")
    with following("-ri", "id-1") as process:
        assert lines(process, 2) == [START, "moo"]
        log.write("b", "START RequestId: id-2 Version: $LATEST", "at the same time")
        log.write("a", "moo again", END, REPORT)
        assert process.communicate(timeout=60) == (f"moo again\n{END}\n{REPORT}\n", "")
        assert process.returncode == 0


def test_waits_for_a_request_to_start(log: Log) -> None:
    log.write("a", "START RequestId: id-2 Version: $LATEST", "no trace of the other")
    with following("--json", "-ri", "id-1") as process:
        time.sleep(1.5)  # the first question has found nothing
        log.write("b", START, END, REPORT)
        output, errors = process.communicate(timeout=60)
        documents = [json.loads(line) for line in output.splitlines()]
        assert [one["message"] for one in documents] == [f"{START}\n", f"{END}\n", f"{REPORT}\n"]
        assert (documents[0]["log_stream"], errors, process.returncode) == ("b", "", 0)


def test_waits_for_the_first_call(log: Log, account: Account) -> None:
    account.logs.delete_log_group(logGroupName=GROUP)
    with following() as process:
        time.sleep(1.5)
        assert process.poll() is None
        account.logs.create_log_group(logGroupName=GROUP)
        log.write("a", "one")
        assert lines(process, 1) == ["one"]
        assert stop(process) == (0, "", "")


def test_ends_with_the_function(scar: Scar, log: Log, account: Account) -> None:
    log.write("a", "one")
    with following() as process:
        assert lines(process, 1) == ["one"]
        assert scar("rm", "cowsay").status == 0
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors.splitlines()[0]) == (
            1,
            "scar: error: no function cowsay in us-east-1",
        )


def test_no_function(scar: Scar, account: Account) -> None:
    ran = scar("log", "-f", "nothing")
    assert (ran.status, ran.stdout) == (1, b"")
    assert "no function nothing in us-east-1" in ran.stderr


def test_since(scar: Scar, log: Log) -> None:
    log.write("a", "old", back=7_200_000)
    moment = log.write("a", "young")
    assert scar("log", "cowsay", "--since", "1h").out == "young\n"
    assert scar("log", "cowsay", "--since", "1d").out == "old\nyoung\n"
    text = datetime.fromtimestamp(moment / 1000, UTC).isoformat()
    assert scar("log", "cowsay", "--since", text).out == "young\n"
    ran = scar("log", "cowsay", "--since", "1s", "-ls", "a")
    assert (ran.status, ran.out) == (0, "")


NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90s", datetime(2026, 11, 21, 9, 58, 30, tzinfo=UTC)),
        ("10m", datetime(2026, 11, 21, 9, 50, tzinfo=UTC)),
        ("2h", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("1d", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2w", datetime(2026, 11, 7, 10, tzinfo=UTC)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20T12:00+02:00", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20).astimezone()),
        ("1960-01-01T00:00Z", datetime.fromtimestamp(0.001, UTC)),
    ],
)
def test_points_in_time(text: str, moment: datetime) -> None:
    assert milliseconds(text, "--since", NOW) == int(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "10", "-1h", "10 m", "2026-13-01", "1h30m", "999999w", "٣h"]
)
def test_what_is_no_point_in_time(scar: Scar, text: str) -> None:
    with pytest.raises(UsageError, match=r"^--since: not a point in time"):
        milliseconds(text, "--since", NOW)
    assert scar("log", "--since", text, "cowsay").status == 2
