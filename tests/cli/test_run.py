"""`scar run` against a server that answers as Lambda does: bytes, statuses, one call for each command."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scar.aws import session
from scar.deploy import calls
from scar_supervisor.contract import Call, Failure, Result
from tests.cli import function_server
from tests.cli.function_server import NAME, REQUEST_ID, Answer, FunctionServer
from tests.cli.support import Ran, Scar

OK = Result(
    REQUEST_ID, f"/aws/lambda/{NAME}", "2026/11/21/[$LATEST]ab", exit_code=0, output=b"moo\n", output_size=4
)
EVERY_BYTE = bytes(range(256))


@pytest.fixture
def function(home: Path, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FunctionServer]:
    with function_server.serving() as server:
        server.answers = [Answer.of(OK)]
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script"
    path.write_bytes(b"#!/bin/sh\n" + EVERY_BYTE)
    return path


def test_plain_output(scar: Scar, function: FunctionServer) -> None:
    ran = scar("run", NAME)
    assert ran == Ran(
        0,
        (
            f"Request Id: {REQUEST_ID}\n"
            f"Log group name: /aws/lambda/{NAME}\n"
            "Log stream name: 2026/11/21/[$LATEST]ab\n"
            f"{'-' * 60}\n"
            "moo\n"
        ).encode(),
        "",
    )
    assert function.calls == [Call()]


def test_output_arrives_byte_for_byte(scar: Scar, function: FunctionServer) -> None:
    function.answers = [Answer.of(OK._replace(output=EVERY_BYTE, output_size=256))]
    assert scar("run", NAME).stdout.endswith(b"-\n" + EVERY_BYTE)
    ran = scar("run", "--json", NAME)
    assert base64.b64decode(ran.json["output_base64"]) == EVERY_BYTE
    assert "output" not in ran.json


def test_script_travels_byte_for_byte(scar: Scar, function: FunctionServer, script: Path) -> None:
    for option in ("-s", "--script", "-p", "--payload"):
        assert scar("run", option, str(script), NAME).status == 0
    assert function.calls == [Call(script=script.read_bytes())] * 4


def test_arguments_travel_untouched_and_byte_for_byte(function: FunctionServer) -> None:
    args = [b"/bin/echo", b"--json", b"-e", b"--", b"a=b", b"", b"\xff\\t \xe2\x82\xac\"'\n", b"--name_with"]
    program: list[str | bytes] = [sys.executable, "-m", "scar.cli", "run", "-e", b"A=\xff=b", NAME]
    ran = subprocess.run([*program, *args], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert function.calls == [Call(args=tuple(args), env=((b"A", b"\xff=b"),))]


def test_environment(scar: Scar, function: FunctionServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environb, b"TAKEN", b"caller\xff")
    scar("run", "-e", "A=b=c", "--env", "TAKEN", "-e", "NOT_SET_ANYWHERE", "-e", "B=", "-e", "A=last", NAME)
    assert function.calls[0].env == ((b"A", b"last"), (b"TAKEN", b"caller\xff"), (b"B", b""))


def test_json(scar: Scar, function: FunctionServer) -> None:
    assert scar("run", "-j", NAME).json == {
        "request_id": REQUEST_ID,
        "log_group": f"/aws/lambda/{NAME}",
        "log_stream": "2026/11/21/[$LATEST]ab",
        "exit_code": 0,
        "timed_out": False,
        "output": "moo\n",
        "output_size": 4,
        "output_truncated": False,
        "error": None,
    }


def test_verbose_adds_figures(scar: Scar, function: FunctionServer) -> None:
    plain, verbose = scar("run", "-j", NAME).json, scar("run", "-v", NAME).json
    assert verbose.items() - plain.items() == {
        ("image_pulled", False),
        ("duration_ms", 12.5),
        ("billed_ms", 13.0),
        ("memory_mb", 128.0),
        ("memory_used_mb", 51.0),
    } - {("error", None)}


def test_asynchronous(scar: Scar, function: FunctionServer) -> None:
    ran = scar("run", "--async", NAME, "/bin/true")
    assert (ran.status, ran.out) == (0, f"Request Id: {REQUEST_ID}\nLog group name: /aws/lambda/{NAME}\n")
    assert function.calls == [Call(args=(b"/bin/true",), raise_on_failure=True)]
    assert function.kinds == ["Event"]


def test_output_that_was_cut_is_said(scar: Scar, function: FunctionServer) -> None:
    function.answers = [Answer.of(OK._replace(output_size=10_000_000))]
    ran = scar("run", NAME)
    assert ran.status == 0
    assert "the middle of 10,000,000 bytes of output is left out" in ran.stderr
    assert scar("run", "--json", NAME).json["output_truncated"] is True


# Exit statuses.


@pytest.mark.parametrize("status", [1, 3, 125, 137])
def test_ends_with_the_containers_status(scar: Scar, function: FunctionServer, status: int) -> None:
    function.answers = [Answer.of(OK._replace(exit_code=status))]
    assert [scar("run", NAME).status, scar("run", "--json", NAME).status] == [status, status]


def test_a_container_that_was_stopped(scar: Scar, function: FunctionServer) -> None:
    function.answers = [Answer.of(OK._replace(exit_code=124, timed_out=True))]
    ran = scar("run", NAME)
    assert ran.status == 124
    assert "scar update -t 900 NAME gives it more time" in ran.stderr
    assert ran.stdout.endswith(b"moo\n")
    assert "the container was stopped" in ran.stderr


@pytest.mark.parametrize(("kind", "status"), [("ImageNotFound", 125), ("ProgramNotFound", 127)])
def test_an_error_of_scar_in_the_function(
    scar: Scar, function: FunctionServer, kind: str, status: int
) -> None:
    failure = Failure(kind, "it is not there", "look elsewhere")
    function.answers = [Answer.of(OK._replace(exit_code=status, error=failure))]
    ran = scar("run", NAME)
    assert (ran.status, ran.stderr) == (status, "scar: error: it is not there\nhint: look elsewhere\n")
    ran = scar("run", "--json", NAME)
    assert (ran.status, ran.json["error"]["type"]) == (status, kind)
    assert json.loads(ran.stderr)["error"] == {
        "type": kind,
        "message": "it is not there",
        "hint": "look elsewhere",
        "exit_status": status,
    }


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (
            Answer.failure("Sandbox.Timedout", "Task timed out after 3.00 seconds"),
            124,
            "stopped at its time-out",
        ),
        (
            Answer.failure("", "2026-11-21T00:00:00Z 1 Task timed out after 3.00 seconds"),
            124,
            "at its time-out",
        ),
        (
            Answer.failure("Runtime.ExitError", "Runtime exited with error: signal: killed"),
            125,
            "more memory",
        ),
        (
            Answer.failure("TypeError", "no"),
            125,
            f"function {NAME} failed (request id {REQUEST_ID}): TypeError: no",
        ),
        (Answer(b"not JSON", error="Unhandled"), 125, "Unhandled: not JSON"),
        (Answer(b'"text"', error="Handled"), 125, 'Handled: "text"'),
        (Answer(b"{}"), 125, "an answer that is not understood"),
        (Answer(b"null"), 125, "an answer that is not understood"),
        (Answer(b"{"), 125, "an answer that is not understood"),
    ],
)
def test_a_function_that_fails(
    scar: Scar, function: FunctionServer, answer: Answer, status: int, said: str
) -> None:
    function.answers = [answer]
    ran = scar("run", NAME)
    assert (ran.status, ran.stdout) == (status, b"")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nothing"], "no function nothing in us-east-1"),
        (["not a name"], "NAME: a function's name has only letters"),
        ([], "missing argument 'NAME'"),
        (["--bad", NAME], "no such option '--bad'"),
        (["-e", "=x", NAME], "-e/--env: a name is missing"),
        (["-s", "/nonexistent", NAME], "cannot read script /nonexistent: No such file"),
        (["-s", "/dev/null", NAME], "script /dev/null is empty"),
        (["-s", __file__, NAME, "/bin/true"], "-s/--script and arguments after NAME exclude each other"),
    ],
)
def test_errors_of_scars_own_are_125_and_call_nothing(
    scar: Scar, function: FunctionServer, argv: list[str], said: str
) -> None:
    ran = scar("run", *argv)
    assert (ran.status, ran.stdout, function.calls) == (125, b"", [])
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_another_programs_function_is_not_called(scar: Scar, function: FunctionServer) -> None:
    function.configuration["Handler"] = "theirs.handler"
    ran = scar("run", NAME)
    assert (ran.status, function.calls) == (125, [])
    assert f"function {NAME} was not made by SCAR" in ran.stderr


@pytest.mark.parametrize(("option", "limit"), [("--verbose", 6_291_456), ("--async", 1_048_576)])
def test_too_large_a_call_is_refused_with_its_size(
    scar: Scar, function: FunctionServer, tmp_path: Path, option: str, limit: int
) -> None:
    script = tmp_path / "large"
    script.write_bytes(b"x" * limit)
    ran = scar("run", option, "-s", str(script), NAME)
    assert (ran.status, function.calls) == (125, [])
    assert f"AWS Lambda allows {limit:,} for" in ran.stderr


# One call for each command.


def test_too_many_calls_are_waited_out(
    scar: Scar, function: FunctionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "THROTTLE_PAUSES", (0, 0))
    function.answers = [Answer.throttled(), Answer.throttled(), Answer.of(OK)]
    assert (scar("run", NAME).status, len(function.calls)) == (0, 3)
    function.answers = [Answer.throttled()]
    ran = scar("run", NAME)
    assert (ran.status, len(function.calls)) == (125, 6)
    assert "Rate Exceeded." in ran.stderr


def test_a_function_that_does_not_answer_is_called_once(
    scar: Scar, function: FunctionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second call would run the container a second time."""
    monkeypatch.setattr(session, "ANSWER_MARGIN_SECONDS", 0)  # and the function's own time-out is 1 s
    function.answers = [Answer(hang=True)]
    ran = scar("run", NAME)
    assert (ran.status, len(function.calls)) == (125, 1)
    assert f"cannot call function {NAME}: " in ran.stderr
    assert f"hint: it may have run, and would run a second time: first look at scar log {NAME}" in ran.stderr


def test_a_server_error_is_not_called_again(scar: Scar, function: FunctionServer) -> None:
    function.answers = [Answer(b'{"Message": "broken"}', status=500)]
    assert (scar("run", NAME).status, len(function.calls)) == (125, 1)


def test_a_connection_that_breaks_is_not_called_again(scar: Scar, function: FunctionServer) -> None:
    """Nobody knows whether the container ran."""
    function.answers = [Answer(hang=True)]
    function.released.set()  # the server closes the connection without a word
    ran = scar("run", NAME)
    assert (ran.status, len(function.calls)) == (125, 1)
    assert f"cannot call function {NAME}: Connection was closed" in ran.stderr


def test_too_large_a_call_tells_its_size(scar: Scar, function: FunctionServer, tmp_path: Path) -> None:
    script = tmp_path / "large"
    script.write_bytes(b"x" * 7_000_000)
    assert re.search(
        r"take 7,000,\d{3} bytes; AWS Lambda allows 6,291,456", scar("run", "-s", str(script), NAME).stderr
    )
