"""`scar run -es` that is interrupted, killed or kept out, and gone on with: nothing is sent twice."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scar.ops.batch.board import Status
from scar.ops.batch.journal import Journal, Run, RunActive
from scar.ops.batch.request import Choice
from tests.cli import batch_server
from tests.cli.batch_server import BUCKET, HANG_UP, NAME, TAKE, BatchServer
from tests.cli.support import Scar

RESUME = ("run", "-es", BUCKET, "--resume")
PATIENCE = 60


@pytest.fixture
def server(home: Path, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    with batch_server.serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        server.keys = [f"input/{number:05}" for number in range(200)]
        yield server


@contextmanager
def running(*options: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, which Ctrl-C ends."""
    program = [sys.executable, "-m", "scar.cli", "run", "-es", BUCKET, *options, NAME]
    # Where the tests run in the background, Ctrl-C is ignored, which children would inherit.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        signal.signal(signal.SIGINT, before)
        try:
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def journals(home: Path) -> list[Path]:
    return list((home / "runs").glob("*"))


def test_killed_in_the_middle_and_gone_on_with(scar: Scar, server: BatchServer, home: Path) -> None:
    server.delay = 0.02
    with running("--async") as process:
        until(lambda: len(server.taken) > 50)
        process.kill()
    until(lambda: server.in_flight == 0)
    assert len(server.taken) < 150
    ran = scar(*RESUME, "--async", "--json", NAME)
    unsure = [entry["key"] for entry in ran.json["failures"]]
    assert set(server.taken) | set(unsure) == set(server.keys)
    assert max(server.taken.values()) == 1
    assert 0 < len(unsure) <= 10  # what was in flight
    assert {entry["status"] for entry in ran.json["failures"]} == {"unsure"}
    assert (ran.status, ran.json["files"]) == (1, 200)
    sent_before = set(server.taken)
    ran = scar(*RESUME, "--resend-unsure", "--async", NAME)
    assert ran.status == 0, ran.stderr
    assert {key for key, count in server.taken.items() if count == 2} == sent_before & set(unsure)
    assert set(server.taken) == set(server.keys)
    assert journals(home) == []


def test_interrupted_it_says_how_far_it_got_and_goes_on_there(
    scar: Scar, server: BatchServer, home: Path
) -> None:
    server.delay = 0.02
    with running("--async") as process:
        until(lambda: len(server.taken) > 50)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert f"scar: error: interrupted: of 200 files, {len(server.taken)} were sent and 1 have ended" in err
    assert "--resume" in err
    assert f"{200 - len(server.taken)} not sent)" in out
    ran = scar(*RESUME, "--async", "--json", NAME)
    assert (ran.status, ran.json["files"], ran.json["sent"]) == (0, 200, 200)
    assert server.taken == dict.fromkeys(server.keys, 1)
    assert journals(home) == []


def test_interrupted_while_it_waits_it_waits_on(scar: Scar, server: BatchServer, home: Path) -> None:
    server.keys = server.keys[:20]
    server.outcomes = lambda key: ["ContainerFailed: exit status 3"]  # and Lambda would try again
    with running() as process:
        until(lambda: len(server.taken) == 20 and server.log_requests)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    assert "of 20 files, 20 were sent and 1 have ended" in err
    server.log = [(at, message.replace("ContainerFailed: exit status 3", "")) for at, message in server.log]
    ran = scar(*RESUME, "--json", NAME)
    assert (ran.status, ran.json["done"]) == (0, 20)
    assert max(server.taken.values()) == 1
    assert journals(home) == []


def test_the_first_call_without_an_answer_may_have_been_sent(scar: Scar, server: BatchServer) -> None:
    server.delay = PATIENCE
    server.keys = server.keys[:2]
    with running() as process:
        until(lambda: server.in_flight)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=PATIENCE)
    assert out.startswith("Files:     2 (1 may have been sent, 1 not sent)\n")
    assert "input/00000: it may have been sent: interrupted before the answer" in out


def test_nothing_to_resume(scar: Scar, server: BatchServer, home: Path) -> None:
    ran = scar(*RESUME, NAME)
    assert (ran.status, server.calls) == (0, [])
    assert ran.out == f"Nothing to resume: no run of {NAME} on bucket {BUCKET} was left half-way\n"
    assert scar("run", "-es", BUCKET, "--async", NAME).status == 0
    assert scar(*RESUME, "--json", NAME).json["files"] == 0
    assert journals(home) == []


def test_what_was_refused_is_sent_by_resume_and_what_may_have_been_is_not(
    scar: Scar, server: BatchServer
) -> None:
    server.keys = server.keys[:5]
    answers = {"input/00001": 400, "input/00002": HANG_UP}
    server.answer = lambda key: answers.get(key, TAKE)
    assert scar("run", "-es", BUCKET, "--async", NAME).status == 1
    server.answer = lambda key: TAKE
    ran = scar(*RESUME, "--async", "--json", NAME)
    assert [(entry["key"], entry["status"]) for entry in ran.json["failures"]] == [("input/00002", "unsure")]
    assert server.taken == dict.fromkeys(server.keys, 1)


def test_files_that_came_later_are_sent_by_resume_too(scar: Scar, server: BatchServer) -> None:
    server.keys = ["input/a", "input/b"]
    server.answer = lambda key: 400
    assert scar("run", "-es", BUCKET, "--async", NAME).status == 1
    server.keys = ["input/a", "input/b", "input/c"]
    server.answer = lambda key: TAKE
    assert scar(*RESUME, "--async", NAME).status == 0
    assert server.taken == dict.fromkeys(server.keys, 1)


def test_resume_with_another_choice_sends_what_that_chooses_and_what_was_left(
    scar: Scar, server: BatchServer
) -> None:
    server.keys = ["input/a.jpg", "input/b.jpg", "input/c.png", "input/d.gif"]
    server.answer = lambda key: HANG_UP
    assert scar("run", "-es", BUCKET, "--match", "*.jpg", "--async", NAME).status == 1
    server.answer = lambda key: TAKE
    ran = scar(*RESUME, "--match", "*.png", "--async", "--json", NAME)
    assert [entry["key"] for entry in ran.json["failures"]] == ["input/b.jpg"]  # it may have been sent
    assert (ran.json["sent"], server.taken["input/c.png"]) == (2, 1)
    assert "input/d.gif" not in server.taken


def test_resume_without_a_choice_goes_on_with_what_was_chosen(scar: Scar, server: BatchServer) -> None:
    server.keys = ["input/a.jpg", "input/b.jpg", "input/c.png"]
    server.answer = lambda key: 400
    assert scar("run", "-es", BUCKET, "--match", "*.jpg", "--async", NAME).status == 1
    server.answer = lambda key: TAKE
    assert scar(*RESUME, "--async", NAME).status == 0
    assert server.taken == {"input/a.jpg": 1, "input/b.jpg": 1}


def hours_pass(home: Path, hours: int) -> None:
    """Since all that is in the journal."""
    (journal,) = journals(home)
    earlier = re.sub(r"\b1[0-9]{12}\b", lambda at: str(int(at[0]) - hours * 3_600_000), journal.read_text())
    journal.write_text(earlier)


def test_ten_minutes_ago_stays_what_it_was_for_the_first_run(
    scar: Scar, server: BatchServer, home: Path
) -> None:
    server.keys = ["input/a", "input/b"]
    server.written = datetime.now(UTC)
    server.answer = lambda key: 400
    options = ("--since", "10m", "--async")
    assert scar("run", "-es", BUCKET, *options, NAME).status == 1
    hours_pass(home, 1)
    server.written -= timedelta(hours=1)
    server.answer = lambda key: TAKE
    assert scar(*RESUME, *options, NAME).status == 0
    assert server.taken == {"input/a": 1, "input/b": 1}


@pytest.mark.parametrize("changed", [("-e", "A=2"), (), ("-s", "other.sh", "-e", "A=1")])
def test_files_are_not_gone_on_with_in_another_way(
    scar: Scar, server: BatchServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.sh").write_text("echo other\n")
    server.keys = ["input/a", "input/b"]
    server.answer = lambda key: 400
    assert scar("run", "-es", BUCKET, "-e", "A=1", "--async", NAME).status == 1
    calls = len(server.calls)
    ran = scar(*RESUME, *changed, "--async", NAME)
    assert ran.status == 125
    assert "scar: error: the run to go on with had another script or other variables" in ran.stderr
    assert len(server.calls) == calls
    server.answer = lambda key: TAKE
    assert scar(*RESUME, "-e", "A=1", "--async", NAME).status == 0
    assert server.taken == {"input/a": 1, "input/b": 1}


def test_the_command_that_is_shown_goes_on_with_the_same_files_in_the_same_way(
    scar: Scar, server: BatchServer, tmp_path: Path
) -> None:
    script = tmp_path / "a script.sh"
    script.write_text("echo here\n")
    server.keys = ["input/a 1.jpg", "input/a 2.jpg", "input/b.png"]
    server.answer = lambda key: 400
    options = ("-s", str(script), "-e", "LEVEL=9", "--match", "a *", "--async", "--region", "us-east-1")
    ran = scar("run", "-es", BUCKET, *options, NAME)
    assert ran.status == 1
    shown = ran.stderr.splitlines()[-1].removeprefix("next: scar ")
    server.answer = lambda key: TAKE
    assert scar(*shlex.split(shown)).status == 0
    assert server.taken == {"input/a 1.jpg": 1, "input/a 2.jpg": 1}
    assert all(call.script == b"echo here\n" and call.env == ((b"LEVEL", b"9"),) for call in server.calls)


def test_a_secret_is_not_in_the_command_that_is_shown(scar: Scar, server: BatchServer) -> None:
    server.keys = ["input/a", "input/b"]
    server.answer = lambda key: 400
    ran = scar("run", "-es", BUCKET, "-e", "API_TOKEN=hunter2", "-e", "HOME", "--async", NAME)
    shown = f"next: scar run -es {BUCKET} --resume -e 'API_TOKEN=(hidden)' -e HOME --async {NAME}\n"
    assert shown in ran.stderr
    assert "hunter2" not in ran.stderr + ran.out


def test_calls_that_lambda_has_dropped_since_are_not_waited_for(
    scar: Scar, server: BatchServer, home: Path
) -> None:
    server.keys = ["input/a", "input/b", "input/c"]
    server.answer = lambda key: 400 if key.endswith("c") else TAKE
    server.outcomes = lambda key: []
    server.retries = 2
    assert scar("run", "-es", BUCKET, "--async", NAME).status == 1
    hours_pass(home, 2)
    server.keys.remove("input/c")
    ran = scar(*RESUME, "--json", NAME)
    assert (ran.status, ran.json["done"], ran.json["failed"]) == (1, 1, 1)
    assert ran.json["failures"][0]["reason"].startswith("its end is not in the log, and after 3600 s")


def test_without_resume_a_run_begins_anew_and_says_so(scar: Scar, server: BatchServer) -> None:
    server.keys = ["input/a", "input/b"]
    server.answer = lambda key: HANG_UP
    scar("run", "-es", BUCKET, "--async", NAME)
    server.answer = lambda key: TAKE
    ran = scar("run", "-es", BUCKET, "--async", NAME)
    assert ran.status == 0
    assert "scar: warning: the last run was left half-way" in ran.stderr
    assert server.taken == dict.fromkeys(server.keys, 2)


def test_two_runs_at_once(scar: Scar, server: BatchServer) -> None:
    server.keys = server.keys[:2]
    server.delay = PATIENCE
    with running() as process:
        until(lambda: server.in_flight)
        ran = scar("run", "-es", BUCKET, NAME)
        assert (ran.status, ran.out) == (125, "")
        assert "another scar run -es of this function and bucket is at work" in ran.stderr
        process.kill()


def test_a_journal_that_cannot_be_written_ends_the_run(scar: Scar, server: BatchServer, home: Path) -> None:
    (home / "runs").write_text("not a folder")
    ran = scar("run", "-es", BUCKET, NAME)
    assert (ran.status, server.calls) == (125, [])
    assert f"cannot write down what is sent, in {home / 'runs'}" in ran.stderr


# The journal itself.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs" / "journal"


RUN = Run(7, Choice(pattern="*.jpg"), "digest")


def write(path: Path, act: Callable[[Journal], None]) -> None:
    journal = Journal.open(path)
    act(journal)
    journal.close()


def past(path: Path) -> dict[str, tuple[Status, str]]:
    journal = Journal.open(path)
    found = journal.past()
    journal.close()
    assert found is not None
    return {key: (file.status, file.request_id) for key, file in found.files.items()}


def test_a_journal_tells_the_last_word_on_each_key(path: Path) -> None:
    def act(journal: Journal) -> None:
        journal.begin(RUN)
        for key in ("sent", "throttled", "refused", "open\n", "again", "failed"):
            journal.sending(key)
        journal.record("sent", Status.SENT, "id-1")
        journal.record("throttled", Status.UNSENT)
        journal.record("refused", Status.REFUSED, reason="no")
        journal.record("again", Status.UNSENT)
        journal.sending("again")
        journal.record("failed", Status.FAILED, "id-2", "exit status 3")

    write(path, act)
    assert past(path) == {
        "sent": (Status.SENT, "id-1"),
        "open\n": (Status.UNSURE, ""),
        "again": (Status.UNSURE, ""),
        "failed": (Status.FAILED, "id-2"),
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_lines_that_a_crash_has_cut_off_or_garbled_say_nothing(path: Path) -> None:
    def act(journal: Journal) -> None:
        journal.begin(RUN)
        journal.sending("a")
        journal.sending("b")

    write(path, act)
    with path.open("ab") as file:
        file.write(b'\x00\x00\n{"not": "a list"}\n["sent", "b", "id')

    def go_on(journal: Journal) -> None:
        journal.go_on(RUN._replace(choice=Choice(prefix="a/")))
        journal.record("a", Status.SENT, "id-1")

    write(path, go_on)
    assert past(path) == {"a": (Status.SENT, "id-1"), "b": (Status.UNSURE, "")}
    journal = Journal.open(path)
    found = journal.past()
    journal.close()
    assert found is not None
    assert found.run == RUN._replace(choice=Choice(prefix="a/"))


def test_a_journal_is_locked_as_long_as_it_is_open_and_an_empty_one_goes(path: Path) -> None:
    journal = Journal.open(path)
    with pytest.raises(RunActive):
        Journal.open(path)
    assert journal.past() is None
    journal.close()
    assert not path.exists()


def test_a_journal_of_another_version_is_refused(scar: Scar, server: BatchServer, home: Path) -> None:
    server.answer = lambda key: 400
    scar("run", "-es", BUCKET, "--async", NAME)
    (journal,) = journals(home)
    lines = journal.read_text().splitlines(keepends=True)
    head = json.loads(lines[0])
    journal.write_text("".join([json.dumps([head[0], head[1] + 1, *head[2:]]) + "\n", *lines[1:]]))
    ran = scar(*RESUME, NAME)
    assert ran.status == 125
    assert f"{journal} was written by another version of SCAR" in ran.stderr
