"""Calls and events through the handler: what they answer, what they leave, and what they do not spoil."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scar_supervisor.contract import Call, Processed
from tests.oci import layers
from tests.supervisor.conftest import Environment, left, processed


def test_fetching_the_image_runs_nothing(cow: Environment) -> None:
    result = cow.call(pull_only=True)
    assert (result.exit_code, result.output, result.image_pulled) == (0, b"", False)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"version": 99},
        Call().to_payload()["scar"] | {"args": ["\ud800"]},
        Call().to_payload()["scar"] | {"env": [["A"]]},
    ],
)
def test_a_call_that_is_no_call_is_told(cow: Environment, body: Any) -> None:
    result = cow.answer({"scar": body})["result"]["scar"]
    assert (result["exit_code"], result["error"]["type"]) == (125, "ContractError")


@pytest.mark.parametrize("env", [((b"", b"x"),), ((b"A", b"\0"),), ((b"A=B", b"x"),)])
def test_what_exec_cannot_pass_on_is_told(cow: Environment, env: tuple[tuple[bytes, bytes], ...]) -> None:
    result = cow.call("/bin/true", env=env)
    assert result.error
    assert (result.exit_code, result.error.type) == (126, "ProgramNotExecutable")


def test_without_time_for_the_container_nothing_runs(cow: Environment) -> None:
    result = cow.call("/bin/true", seconds=4)
    assert result.error
    assert (result.exit_code, result.error.type) == (125, "NoTimeLeft")


def test_a_time_out_keeps_what_was_printed(cow: Environment) -> None:
    result = cow.call("/bin/sh", "-c", "echo before; exec >&- 2>&-; sleep 1000", seconds=5)
    assert (result.exit_code, result.timed_out, result.output) == (124, True, b"before\n")


def test_an_asynchronous_call_that_fails_is_lambda_s_to_retry(cow: Environment) -> None:
    for args, seconds, error in (
        ((b"/bin/false",), 60, "ContainerFailed"),
        ((b"/bin/sleep", b"1000"), 5, "ContainerTimedOut"),
        ((b"/nosuch",), 60, "ProgramNotFound"),
    ):
        call = Call(args=args, raise_on_failure=True)
        assert cow.answer(call.to_payload(), seconds=seconds)["raised"] == error
    assert "result" in cow.answer(Call(args=(b"/bin/true",), raise_on_failure=True).to_payload())


def test_much_output_is_logged_whole_and_kept_in_part(cow: Environment) -> None:
    size = 100_000_000
    before = len(cow.log())
    result = cow.call("/bin/sh", "-c", f"echo first; head -c {size} /dev/zero | tr '\\0' x; echo; echo last")
    assert result.output_size == size + len("first\n\nlast\n")
    assert result.output.startswith(b"first\nxxx")
    assert result.output.endswith(b"x\nlast\n")
    assert len(cow.log()) - before == result.output_size


@pytest.mark.parametrize(
    "damage",
    [
        'rm -rf "$HOME"',
        'chmod 0 "$HOME" "$HOME/output"',
        'cd "$HOME"; rm .scar; rmdir input; ln -s /etc output/etc; touch output/x; chmod 0 output',
        'rm -rf "$HOME"; ln -s /usr "$HOME"',
        'perl -e \'chdir $ENV{HOME}; for (1..600) { mkdir "ten bytes."; chdir "ten bytes." or last }\'',
        'cd "$SCAR_OUTPUT_DIR"; touch x; touch -r ../input .',
    ],
)
def test_what_a_call_does_to_its_folder_spoils_no_other(cow: Environment, damage: str) -> None:
    assert cow.call("/bin/sh", "-c", damage).exit_code == 0
    assert left(cow) == []
    show = 'ls -A "$HOME" "$SCAR_INPUT_DIR" "$SCAR_OUTPUT_DIR" | grep -v :; stat -c %a "$HOME"/*put'
    assert cow.call("/bin/sh", "-c", show).output.split() == [b".scar", b"input", b"output", b"700", b"700"]


def test_a_warm_environment_opens_nothing_more_with_each_call(cow: Environment) -> None:
    event = Call(script=b"echo x > $SCAR_OUTPUT_DIR/x").to_payload()
    counts = [cow.answer(event)["open"] for _ in range(50)]
    assert len(set(counts)) == 1


def test_an_error_may_name_what_is_no_text(start: Any, derived: Any) -> None:
    program = layers.file("bin/\udcff", b"\x7fELF", mode=0o755)
    with start(derived("no-text", {}, program)) as environment:
        result = environment.call("/bin/\udcff")
    assert result.error
    assert result.error.type == "IncompatibleImage"
    assert "/bin/\\xff is not a program" in result.error.message


def test_an_event_s_file_holds_the_event(start: Any, derived: Any) -> None:
    show = 'cat "$SCAR_EVENT_FILE"; echo; echo "$SCAR_EVENT_FILE"'
    with start(derived("event", {"Cmd": ["/bin/sh", "-c", show]})) as environment:
        event = {"Records": [{"eventSource": "aws:sqs", "body": "€\n"}]}
        assert processed(environment.answer(event, request_id="one")) == 1
        content, path, line = environment.log().splitlines()[-3:]
        processed_line = Processed.parse(line)
        assert json.loads(content) == event
        assert path == f"{environment.tmp}/one/event.json"
        assert processed_line
        assert processed_line == Processed("one", seconds=processed_line.seconds)


@pytest.mark.parametrize(
    ("args", "exit_code", "error"),
    [
        ((b"/bin/echo", b"-n", b"no line end"), 0, ""),
        ((b"/bin/false",), 1, "ContainerFailed: the container ended with exit status 1"),
        ((b"/nosuch",), 127, "ProgramNotFound: /nosuch"),
    ],
)
def test_an_asynchronous_call_ends_its_log_with_what_became_of_it(
    cow: Environment, args: tuple[bytes, ...], exit_code: int, error: str
) -> None:
    cow.answer(Call(args=args, raise_on_failure=True).to_payload(), request_id="r")
    found = Processed.parse(cow.log().splitlines()[-1])
    assert found
    assert (found.request_id, found.key, found.exit_code) == ("r", "", exit_code)
    assert found.error.startswith(error)
    assert bool(found.error) == bool(error)


def test_a_call_that_somebody_waits_for_leaves_a_line_if_it_fails(cow: Environment) -> None:
    before = len(cow.log())
    cow.call("/bin/true")
    assert cow.log()[before:] == ""
    cow.call("/bin/sh", "-c", "exit 7")
    found = Processed.parse(cow.log()[before:].splitlines()[-1])
    assert found
    assert (found.key, found.exit_code, found.error) == (
        "",
        7,
        "ContainerFailed: the container ended with exit status 7",
    )
