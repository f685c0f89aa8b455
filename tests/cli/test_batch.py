"""`scar run -es` against a server that answers as AWS does, on its worse days too."""

from __future__ import annotations

import os
import pty
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scar.aws import session
from scar.aws.errors import Unreachable
from scar.deploy import calls
from scar.deploy.calls import payload_of
from scar.ops.batch import following, launching
from scar.ops.batch.board import Status
from scar.ops.batch.first import OF_ONE_FILE
from scar_supervisor.contract import Call, Failure, Processed, Result
from scar_supervisor.errors import SupervisorError
from tests.cli import batch_server
from tests.cli.batch_server import BUCKET, GROUP, HANG_UP, NAME, TAKE, THROTTLE, BatchServer
from tests.cli.support import Scar

OK = Result("id", GROUP, "s", exit_code=0)


@pytest.fixture
def server(home: Path, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    with batch_server.serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setattr(launching, "FIRST_PAUSE_SECONDS", 0.01)
        yield server


def keys(count: int) -> list[str]:
    return [f"input/{number:05}" for number in range(count)]


def journals(home: Path) -> list[Path]:
    return list((home / "runs").glob("*"))


def test_each_file_is_sent_once_the_first_one_synchronously(
    scar: Scar, server: BatchServer, home: Path
) -> None:
    server.keys = ["elsewhere/x", "input/", "input/a b+c%20", "input/folder/", "input/folder/ü\n", "output/y"]
    ran = scar("run", "-es", BUCKET, "-e", "A=1", NAME)
    assert ran.status == 0, ran.stderr
    sent = [call.object for call in server.calls]
    assert sent == [(BUCKET, "input/a b+c%20"), (BUCKET, "input/folder/ü\n")]
    assert server.kinds == ["RequestResponse", "Event"]
    assert [call.raise_on_failure for call in server.calls] == [False, True]
    assert {call.env for call in server.calls} == {((b"A", b"1"),)}
    assert ran.out.startswith("Files:     2 (2 done)\n")
    assert journals(home) == []


def test_script_and_every_page(scar: Scar, server: BatchServer, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"\xff\n")
    server.keys = keys(batch_server.PAGE + 1)
    ran = scar("run", "-es", BUCKET, "--async", "--json", "-s", str(script), NAME)
    assert (ran.status, ran.json["sent"], ran.json["done"]) == (0, 1001, 1)
    assert server.taken == dict.fromkeys(server.keys, 1)
    assert {call.script for call in server.calls} == {b"\xff\n"}


def test_files_are_chosen(scar: Scar, server: BatchServer) -> None:
    server.keys = [f"input/{path}" for path in ("a/x.jpg", "a/y.png", "a/b/z.jpg", "c.jpg", "A/x.jpg")]

    def chosen(*options: str) -> list[str]:
        server.taken.clear()
        ran = scar("run", "-es", BUCKET, "--async", "--json", *options, NAME)
        assert (ran.status, ran.json["not_chosen"]) == (0, 5 - len(server.taken))
        return sorted(key.removeprefix("input/") for key in server.taken)

    assert chosen("--prefix", "a/") == ["a/b/z.jpg", "a/x.jpg", "a/y.png"]
    assert chosen("--match", "*.jpg") == ["A/x.jpg", "a/b/z.jpg", "a/x.jpg", "c.jpg"]
    assert chosen("--prefix", "a/", "--match", "a/?.jpg") == ["a/x.jpg"]
    assert chosen("--since", "2026-11-21T10:00Z", "--match", "c*") == ["c.jpg"]
    assert chosen("--since", "2026-11-21T10:01Z") == []


def test_nothing_to_do_is_success_and_no_bucket_is_not(scar: Scar, server: BatchServer, home: Path) -> None:
    ran = scar("run", "-es", BUCKET, NAME)
    assert (ran.status, ran.out) == (
        0,
        f"Nothing to do: there is no file under input/ of bucket {BUCKET}\n",
    )
    server.keys = ["input/x"]
    ran = scar("run", "-es", BUCKET, "--match", "*.jpg", NAME)
    assert (ran.status, ran.out) == (
        0,
        f"Nothing to do: none of the 1 files under input/ of bucket {BUCKET} is chosen\n",
    )
    ran = scar("run", "-es", "none", NAME)
    assert (ran.status, ran.out) == (125, "")
    assert "there is no bucket none" in ran.stderr
    assert (server.calls, journals(home)) == ([], [])


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            ["-es", BUCKET, NAME, "/bin/true"],
            "-es/--event-source and arguments after NAME exclude each other",
        ),
        (["-es", "No", NAME], "-es/--event-source: not the name of a bucket"),
        (["-es", BUCKET, "no name"], "NAME: a function's name has only"),
        (["-es", BUCKET, "--concurrency", "0", NAME], "--concurrency: 0 is not between 1 and 256"),
        (["-es", BUCKET, "--concurrency", "many", NAME], "'many' is not a valid integer"),
        (["-es", BUCKET, "--since", "soon", NAME], "--since: not a point in time"),
        (["-es", BUCKET, "--resend-unsure", NAME], "--resend-unsure is for --resume"),
        (["-es", BUCKET, "-s", "/dev/null", NAME], "script /dev/null is empty"),
        (["--resume", NAME], "--resume is for -es/--event-source"),
        (["--match", "x", NAME], "--match is for -es/--event-source"),
        (["--concurrency", "1", NAME], "--concurrency is for -es/--event-source"),
    ],
)
def test_bad_input_sends_nothing(scar: Scar, server: BatchServer, argv: list[str], said: str) -> None:
    server.keys = keys(2)
    ran = scar("run", *argv)
    assert (ran.status, ran.stdout, server.calls) == (125, b"", [])
    assert said in ran.stderr


def test_a_call_that_is_too_large_with_the_longest_key_is_refused_before_anything_is_sent(
    scar: Scar, server: BatchServer, tmp_path: Path
) -> None:
    script = tmp_path / "large"
    script.write_bytes(b"x" * (1_048_576 - 2000))
    server.keys = keys(1)
    ran = scar("run", "-es", BUCKET, "-s", str(script), NAME)
    assert (ran.status, server.calls) == (125, [])
    assert "AWS Lambda allows 1,048,576" in ran.stderr


# Sending.


def test_each_key_is_sent_exactly_once_or_listed_as_failed(
    scar: Scar, server: BatchServer, home: Path
) -> None:
    """As `make bench` has it, with fewer keys."""
    chance = random.Random(1)
    server.keys = keys(500)
    server.answer = lambda key: chance.choices([THROTTLE, 500, TAKE], [30, 1, 69])[0]
    server.delay = 0.002
    ran = scar("run", "-es", BUCKET, "--async", "--json", "--concurrency", "7", NAME)
    failed = {entry["key"] for entry in ran.json["failures"]}
    assert server.answers[500] == len(failed) > 0
    assert ran.status == 1
    assert set(server.taken.elements()) | failed == set(server.keys)
    assert sum(server.taken.values()) + len(failed) == len(server.keys)
    assert server.answers[THROTTLE] > 100
    assert 1 < server.most_in_flight <= 7


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (500, "unsure", "said 500"),
        (503, "unsure", "said 503"),
        (HANG_UP, "unsure", "Connection was closed"),
        (400, "refused", "said 400"),
        (413, "refused", "said 413"),
    ],
)
def test_what_failed_is_listed_and_not_sent_again(
    scar: Scar, server: BatchServer, answer: int, status: str, said: str
) -> None:
    server.keys = keys(5)
    server.answer = lambda key: answer if key.endswith("3") else TAKE
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert (ran.status, ran.json["done"], ran.json[status]) == (1, 4, 1)
    (failure,) = ran.json["failures"]
    assert (failure["key"], failure["status"]) == ("input/00003", status)
    assert said in failure["reason"]
    assert server.answers[answer] == 1


def test_what_would_happen_to_every_call_ends_the_run(scar: Scar, server: BatchServer) -> None:
    server.keys = keys(100)
    server.answer = lambda key: 404 if server.answers[TAKE] > 10 else TAKE
    ran = scar("run", "-es", BUCKET, "--async", "--concurrency", "2", NAME)
    assert ran.status == 125
    assert "not sent)" in ran.out
    assert f"next: scar run -es {BUCKET} --resume --concurrency 2 --async {NAME}\n" in ran.stderr
    assert server.answers[404] <= 2


def test_a_function_that_takes_no_call_for_long_ends_the_run(
    scar: Scar, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "PATIENCE_SECONDS", 0.1)
    server.keys = keys(20)
    server.answer = lambda key: THROTTLE
    ran = scar("run", "-es", BUCKET, "--async", "--json", NAME)
    assert (ran.status, ran.json["sent"], ran.json["unsent"]) == (125, 1, 19)
    assert ran.json["stopped"] == f"cannot call function {NAME}: said 429"
    server.answer = lambda key: TAKE
    assert scar("run", "-es", BUCKET, "--async", "--resume", NAME).status == 0
    assert server.taken == dict.fromkeys(server.keys, 1)


def test_a_first_call_that_lambda_has_no_room_for_is_queued_as_the_others(
    scar: Scar, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "THROTTLE_PAUSES", (0, 0))
    server.keys = keys(3)
    server.first = lambda call: THROTTLE
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert (ran.status, ran.json["done"]) == (0, 3)
    assert server.answers == {THROTTLE: 3, TAKE: 3}
    assert server.taken == dict.fromkeys(server.keys, 1)


def test_a_first_call_that_cannot_be_sent_ends_the_run(
    scar: Scar, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        nowhere = f"http://127.0.0.1:{other.getsockname()[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", nowhere)
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert ran.status == 125
    assert server.calls == []


@pytest.mark.parametrize("error", sorted(OF_ONE_FILE))
def test_a_first_file_that_cannot_be_processed_keeps_no_other_from_it(
    scar: Scar, server: BatchServer, error: str
) -> None:
    server.keys = keys(3)
    server.first = lambda call: OK._replace(exit_code=125, error=Failure(error, "not this one", ""))
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert (ran.status, ran.json["done"], ran.json["failed"]) == (1, 2, 1)


def test_the_errors_of_one_file_are_all_known() -> None:
    """A new error of the function belongs to one or the other."""
    of_all = {"EventMalformed", "FunctionMisconfigured", "ModeNotAllowed", "NothingToRun"}
    of_the_program = {"ContainerFailed", "ContainerTimedOut", "ProgramNotExecutable", "ProgramNotFound"}
    everything = {kind.__name__ for kind in SupervisorError.__subclasses__()}
    assert everything == OF_ONE_FILE | of_all | of_the_program


def test_a_long_wait_for_lambda_is_told_once(
    scar: Scar, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "QUIET_SECONDS", 0)
    server.keys = keys(20)
    server.answer = lambda key: TAKE if server.answers[THROTTLE] > 40 else THROTTLE
    ran = scar("run", "-es", BUCKET, "--async", NAME)
    assert ran.status == 0
    assert ran.stderr.count("said 429: waiting for up to 300 s until calls are taken again") == 1
    assert server.taken == dict.fromkeys(server.keys, 1)


def test_only_what_was_certainly_not_sent_is_sent_again(
    server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        nowhere = f"http://127.0.0.1:{other.getsockname()[1]}"
    body = payload_of(Call(object=(BUCKET, "input/x")), asynchronous=True)
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)
    with pytest.raises(Unreachable) as not_sent:
        session.Aws("us-east-1").calls(0).invoke_later(NAME, body)
    assert launching.passes(not_sent.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    server.answer = lambda key: HANG_UP
    with pytest.raises(Unreachable) as lost:
        session.Aws("us-east-1").calls(0).invoke_later(NAME, body)
    assert not launching.passes(lost.value)
    assert launching.status_after(lost.value) is Status.UNSURE


# The first file.


def test_the_first_files_failure_is_shown_and_the_others_are_sent(scar: Scar, server: BatchServer) -> None:
    server.keys = keys(3)
    server.first = lambda call: OK._replace(exit_code=7, output=b"it broke\n", output_size=9)
    ran = scar("run", "-es", BUCKET, NAME)
    assert ran.status == 1
    assert "it broke\n" in ran.stderr
    assert ran.out.startswith("Files:     3 (2 done, 1 failed)\n")
    assert "input/00000: ContainerFailed: the container ended with exit status 7" in ran.out


def test_what_keeps_the_first_file_from_being_run_would_keep_all(scar: Scar, server: BatchServer) -> None:
    server.keys = keys(3)
    failure = Failure("ProgramNotFound", "no such program", "look elsewhere")
    server.first = lambda call: OK._replace(exit_code=127, error=failure)
    ran = scar("run", "-es", BUCKET, NAME)
    assert (ran.status, len(server.calls)) == (125, 1)
    assert "the first file failed as all others would, which are not sent: no such program" in ran.stderr


def test_a_first_file_that_could_not_be_staged_keeps_no_other(scar: Scar, server: BatchServer) -> None:
    server.keys = keys(3)
    failure = Failure("StagingFailed", "s3://pictures/input/00000: access denied", "scar role create")
    server.first = lambda call: OK._replace(exit_code=125, error=failure)
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert (ran.status, ran.json["done"], ran.json["failed"]) == (1, 2, 1)
    (said,) = ran.stderr.splitlines()
    assert said.startswith("scar: warning: the first file failed (request id ")
    assert said.endswith("): s3://pictures/input/00000: access denied (scar role create)")


def test_a_first_call_without_an_answer_is_not_repeated(scar: Scar, server: BatchServer) -> None:
    server.keys = keys(3)
    server.first = lambda call: HANG_UP
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert (ran.status, ran.json["done"], ran.json["unsure"]) == (1, 2, 1)
    assert server.taken == dict.fromkeys(server.keys, 1)


# Waiting.


def test_results_are_read_from_the_log_with_lambdas_retries(scar: Scar, server: BatchServer) -> None:
    failing = "ContainerFailed: the container ended with exit status 3"
    outcomes = {"input/00001": [failing, ""], "input/00002": [failing] * 3}
    server.keys = keys(5)
    server.outcomes = lambda key: outcomes.get(key, [""])
    server.log_page = 3
    ran = scar("run", "-v", "-es", BUCKET, NAME)
    assert (ran.status, ran.json["done"], ran.json["failed"]) == (1, 4, 1)
    (failure,) = ran.json["failures"]
    assert (failure["key"], failure["reason"]) == ("input/00002", failing)
    assert ran.json["calls"]["ended"] == 7
    assert ran.json["calls"]["duration_ms_median"] == 100
    assert ran.json["calls"]["cost_usd"] == pytest.approx(7 * (0.2 / 1e6 + 0.1 / 8 * 0.0000166667))
    assert [entry["status"] for entry in ran.json["list"]] == ["done", "done", "failed", "done", "done"]
    patterns = {request["filterPattern"] for request in server.log_requests}
    assert patterns == {'?"SCAR-PROCESSED" ?"REPORT RequestId"'}


def test_a_function_without_retries_has_failed_at_once(scar: Scar, server: BatchServer) -> None:
    server.keys, server.retries = keys(2), 0
    server.outcomes = lambda key: ["StagingFailed: no"]
    assert scar("run", "-es", BUCKET, "--json", NAME).json["failed"] == 1


def test_plain_progress_is_a_line_now_and_then(scar: Scar, server: BatchServer) -> None:
    server.keys = keys(200)
    ran = scar("run", "-es", BUCKET, NAME)
    lines = ran.stderr.splitlines()
    assert lines[-1] == "scar: 200 of 200 files sent, 200 done, 0 failed"
    assert len(lines) <= 12
    assert scar("run", "-es", BUCKET, "--json", NAME).stderr == ""


def test_json(scar: Scar, server: BatchServer) -> None:
    server.keys = keys(1)
    assert scar("run", "-es", BUCKET, "--json", NAME).json == {
        "function": NAME,
        "bucket": BUCKET,
        "files": 1,
        "not_chosen": 0,
        "sent": 1,
        "unsent": 0,
        "refused": 0,
        "unsure": 0,
        "retrying": 0,
        "done": 1,
        "skipped": 0,
        "failed": 0,
        "calls": {
            "ended": 0,
            "cold_starts": 0,
            "duration_ms_median": None,
            "duration_ms_p95": None,
            "cost_usd": 0.0,
        },
        "failures": [],
        "stopped": None,
    }


def test_many_failures_are_cut_on_the_screen_only(scar: Scar, server: BatchServer) -> None:
    server.keys, server.retries = keys(40), 0
    server.outcomes = lambda key: ["ContainerFailed: exit status 3"]
    ran = scar("run", "-es", BUCKET, NAME)
    assert ran.out.count("ContainerFailed") == 20
    assert "  and 19 more: --json lists all\n" in ran.out
    assert len(scar("run", "-es", BUCKET, "--json", NAME).json["failures"]) == 39


def test_what_lambda_ended_has_failed_and_what_it_skipped_has_not(scar: Scar, server: BatchServer) -> None:
    server.keys, server.retries = keys(4), 0
    server.outcomes = lambda key: []
    server.lines = lambda key, request_id: {
        "input/00001": [batch_server.report(request_id, status="timeout")],
        "input/00002": [
            Processed(request_id, BUCKET, key, skipped="it is a result").line(),
            batch_server.report(request_id),
        ],
        "input/00003": [
            "one line of the container's\n",
            Processed(request_id, BUCKET, key).line(),
            batch_server.report(request_id, init=True),
        ],
    }[key]
    ran = scar("run", "-v", "-es", BUCKET, NAME)
    entries = {entry["key"]: (entry["status"], entry["reason"]) for entry in ran.json["list"]}
    assert entries == {
        "input/00000": ("done", ""),
        "input/00001": ("failed", "Lambda stopped the function at its time-out"),
        "input/00002": ("skipped", "it is a result"),
        "input/00003": ("done", ""),
    }
    assert ran.json["calls"]["cold_starts"] == 1


def test_the_log_may_be_out_of_reach_for_a_while(
    scar: Scar, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "ATTEMPTS", 1)
    server.keys = keys(3)
    server.log_statuses = [400, 0, 400]
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert (ran.status, ran.json["done"], server.log_statuses) == (0, 3, [])
    monkeypatch.setattr(following, "PATIENCE_SECONDS", 0)
    server.log_statuses = [400] * 100
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert (ran.status, ran.json["sent"], ran.json["done"]) == (125, 3, 1)
    assert "Rate exceeded" in ran.json["stopped"]


def test_what_lambda_must_have_dropped_has_failed(
    scar: Scar, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LATE_SECONDS", -3600)  # the age that the server tells
    server.keys, server.retries = keys(2), 2
    server.outcomes = lambda key: []
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    (failure,) = ran.json["failures"]
    assert failure["reason"] == "its end is not in the log, and after 3600 s Lambda makes no call again"


def test_a_log_that_stays_silent_is_told(
    scar: Scar, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "LATE_SECONDS", -3599)
    monkeypatch.setattr(following, "SILENT_SECONDS", -1)
    server.keys, server.retries = keys(2), 2
    server.outcomes = lambda key: []
    ran = scar("run", "-es", BUCKET, "--json", NAME)
    assert ran.stderr.count("nothing of these calls is in the function's log yet") == 1


def test_calls_share_connections(scar: Scar, server: BatchServer) -> None:
    """Else each would need a handshake."""
    server.keys = keys(100)
    assert scar("run", "-es", BUCKET, "--async", "--concurrency", "4", NAME).status == 0
    assert server.accepted <= 4 + 3  # the calls', and those of what is asked before


def test_a_bar_on_a_terminal(server: BatchServer) -> None:
    server.keys = keys(30)
    server.delay = 0.05
    terminal, own = pty.openpty()
    command = [sys.executable, "-m", "scar.cli", "run", "-es", BUCKET, "--concurrency", "2", NAME]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=own, text=True) as process:
        os.close(own)
        seen = b"".join(iter(lambda: _read(terminal), b"")).decode()
        assert process.stdout is not None
        summary = process.stdout.read()
    os.close(terminal)
    assert "30 of 30 files sent" in seen
    assert "\x1b[" in seen
    assert seen.count("\n") < 20  # one line, painted over
    assert summary.startswith("Files:     30 (30 done)\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the program has closed its end
        return b""
