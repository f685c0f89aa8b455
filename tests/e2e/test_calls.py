"""Calls: which command runs, with which bytes, in which environment, and how it ends."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from scar.local import cloud
from tests.e2e.conftest import IMAGE, SCAR, Scar

Script = Callable[[str | bytes], Path]

EVERY_BYTE = bytes(range(1, 256))
TRICKY = ("a b", "", "'\"", "\\n\\t\\0", "\t", "€ üñí", "$HOME `id` *", "-n", "--local", "%s")


def output(scar: Scar, *args: str | bytes | Path) -> bytes:
    """What a successful call printed."""
    ran = scar("run", "--json", *args)
    assert ran.status == 0, ran
    return str(ran.json["output"]).encode()


def test_the_images_own_command_runs_without_arguments(scar: Scar, cow: str) -> None:
    ran = scar("run", cow)
    assert ran.status == 0
    header, _, said = ran.stdout.partition(b"\n---")
    assert [line.split(b":")[0] for line in header.splitlines()] == [
        b"Request Id",
        b"Log group name",
        b"Log stream name",
    ]
    assert b"(oo)" in said


@pytest.mark.parametrize(
    "program", [["/usr/games/cowsay"], ["perl", "/usr/games/cowsay"], ["/usr/bin/perl", "/usr/games/cowsay"]]
)
def test_programs_and_scripts_of_the_image_run_with_or_without_interpreter(
    scar: Scar, cow: str, program: list[str]
) -> None:
    assert b"< Hello World >" in output(scar, cow, *program, "Hello", "World")


def test_a_child_that_is_a_script_is_started_by_its_interpreter(scar: Scar, cow: str) -> None:
    said = output(
        scar, cow, "/bin/sh", "-c", "/usr/games/cowsay moo | head -2 && exec /usr/games/cowsay -h | head -1"
    )
    assert b"< moo >" in said
    assert b"cow{say,think}" in said


def test_a_script_comes_before_the_init_script_and_arguments_too(scar: Scar, script: Script) -> None:
    init = script("echo from the init script $#")
    assert scar("init", "-n", "order", "-s", init, IMAGE).status == 0
    assert output(scar, "order") == b"from the init script 0\n"
    assert output(scar, "order", "echo", "from", "arguments") == b"from arguments\n"
    assert output(scar, "-s", script('#!/usr/bin/perl\nprint 6*7, "\\n";'), "order") == b"42\n"
    assert scar("rm", "order").status == 0


def test_arguments_arrive_byte_for_byte(scar: Scar, cow: str) -> None:
    shown = output(
        scar, cow, "/usr/bin/perl", "-e", 'print unpack("H*", $_), "\\n" for @ARGV', "--", *TRICKY, EVERY_BYTE
    )
    expected = [arg.encode().hex() for arg in TRICKY] + [EVERY_BYTE.hex()]
    assert shown.decode().split("\n")[:-1] == expected


def test_scripts_arrive_byte_for_byte(scar: Scar, cow: str, script: Script) -> None:
    text = (
        b"#!/bin/sh\n# " + EVERY_BYTE.replace(b"\n", b"") + "€\\ \t'\"\n".encode() + b'od -An -v -tx1 "$0"\n'
    )
    assert bytes.fromhex(output(scar, "-s", script(text), cow).decode()) == text


def test_output_arrives_byte_for_byte_on_both_roads(scar: Scar, cow: str) -> None:
    program = ("/usr/bin/perl", "-e", 'print map { chr } 0..255; print STDERR "x"')
    plain = scar("run", cow, *program)
    assert plain.stdout.endswith(bytes(range(256)) + b"x") or plain.stdout.endswith(b"x" + bytes(range(256)))
    document = scar("run", "--json", cow, *program).json
    assert document["exit_code"] == 0


def test_much_output_is_cut_in_the_middle_and_said_to_be(scar: Scar, cow: str) -> None:
    ran = scar(
        "run", cow, "/bin/sh", "-c", "echo first; head -c 6000000 /dev/zero | tr '\\0' x; echo; echo last"
    )
    assert ran.status == 0
    assert b"\nfirst\nxxx" in ran.stdout
    assert ran.stdout.endswith(b"x\nlast\n")
    assert b"bytes left out" in ran.stdout


def test_environment_of_a_call(scar: Scar, cow: str) -> None:
    ran = scar(
        "run", "--json", "-e", "A=b=c", "-e", "FROM_CALLER", "-e", "EMPTY=", cow, "/usr/bin/env", "-0",
        env={b"FROM_CALLER": "€\n".encode()},
    )  # fmt: skip
    pairs = [entry.partition("=") for entry in ran.json["output"].split("\0") if entry]
    seen = {name: value for name, _, value in pairs}
    assert seen["A"] == "b=c"
    assert seen["FROM_CALLER"] == "€\n"
    assert seen["EMPTY"] == ""
    assert seen["REQUEST_ID"] == ran.json["request_id"]
    assert seen["AWS_SECURITY_TOKEN"] == seen["AWS_SESSION_TOKEN"]
    assert seen["SCAR_INPUT_DIR"] == f"/tmp/{ran.json['request_id']}/input"
    assert seen["SCAR_OUTPUT_DIR"] == f"/tmp/{ran.json['request_id']}/output"
    assert {
        "PATH",
        "HOME",
        "TMPDIR",
        "AWS_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    } <= seen.keys()
    foreign = {name for name in seen if name.startswith(("AWS_LAMBDA_", "LAMBDA_", "_HANDLER", "PYTHON"))}
    assert foreign == set()
    assert "SCAR_IMAGE" not in seen


def test_own_keys_come_without_the_roles_token(scar: Scar, cow: str) -> None:
    shown = output(
        scar, "-e", "AWS_ACCESS_KEY_ID=mine", "-e", "AWS_SECRET_ACCESS_KEY=too", cow,
        "/bin/sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY ${AWS_SESSION_TOKEN-none}",
    )  # fmt: skip
    assert shown == b"mine too none\n"


def test_environment_of_init_serves_all_calls_and_that_of_a_call_only_itself(scar: Scar) -> None:
    assert scar("init", "-n", "env", "-e", "A=1", "-e", "AWS_ACCESS_KEY_ID=mine", IMAGE).status == 0
    show = ("env", "/bin/sh", "-c", "echo $A $B $AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN-none}")
    assert output(scar, "-e", "A=2", "-e", "B=3", *show) == b"2 3 mine none\n"
    assert output(scar, *show) == b"1 mine none\n"
    assert scar("rm", "env").status == 0


def test_nothing_of_one_call_is_seen_by_the_next(scar: Scar, cow: str) -> None:
    leave = """
        for folder in "$HOME" "$TMPDIR" /tmp /var/tmp "$SCAR_OUTPUT_DIR" "$SCAR_INPUT_DIR"; do
            echo secret > "$folder/left"; mkdir "$folder/left.d"; echo secret > "$folder/left.d/x"
        done
        setsid sh -c 'sleep 1000' & exit 0
    """
    assert scar("run", cow, "/bin/sh", "-c", leave).status == 0
    # /proc/self/root is the sandbox's own root, which F1 lets pass.
    look = """
        ls -A "$HOME" /tmp /var/tmp "$SCAR_OUTPUT_DIR" "$SCAR_INPUT_DIR" | grep left
        root=/proc/self/root; ls -A "$root"/tmp | grep -v -e udocker -e "$REQUEST_ID"
        cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'slee[p] 1000'
        echo looked
    """
    assert output(scar, cow, "/bin/sh", "-c", look) == b"looked\n"


def test_containers_inherit_their_three_files_and_no_other(scar: Scar, cow: str) -> None:
    assert output(scar, cow, "/bin/ls", "/proc/self/fd").split() == [
        b"0",
        b"1",
        b"2",
        b"3",
    ]  # and the folder


def test_a_full_disk_is_told_and_a_warm_environment_survives_it(
    scar: Scar, cow: str, script: Script, local_cloud: cloud.LocalCloud
) -> None:
    if local_cloud.sandbox == "none":
        pytest.skip("without a sandbox /tmp has no size of its own")
    fill = 'head -c 600000000 /dev/zero > "{}/big"; echo $?'
    assert output(scar, cow, "/bin/sh", "-c", fill.format("$SCAR_OUTPUT_DIR")).endswith(b"\n1\n")
    assert output(scar, "-s", script("echo next"), cow) == b"next\n"
    assert output(scar, cow, "/bin/sh", "-c", fill.format("/var/lib")).endswith(b"\n1\n")
    ran = scar("run", "-s", script("echo next"), cow)
    assert ran.status == 125
    assert "No space left on device" in ran.stderr
    assert output(scar, cow, "/bin/rm", "/var/lib/big") == b""
    assert output(scar, "-s", script("echo next"), cow) == b"next\n"


def test_the_image_stays_for_the_next_call(scar: Scar) -> None:
    assert scar("init", "-n", "warm", IMAGE).status == 0
    first, second = (scar("run", "--json", "-v", "warm", "/bin/true").json for _ in range(2))
    assert (first["image_pulled"], second["image_pulled"]) == (True, False)
    assert first["log_stream"] == second["log_stream"]
    assert scar("rm", "warm").status == 0


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (["/bin/sh", "-c", "echo partly; exit 3"], 3, b"partly\n"),
        (["/bin/sh", "-c", "kill -9 $$"], 137, b""),
        (["/bin/false"], 1, b""),
    ],
)
def test_a_containers_exit_status_is_that_of_the_command(
    scar: Scar, cow: str, command: list[str], status: int, said: bytes
) -> None:
    ran = scar("run", cow, *command)
    assert ran.status == status
    assert ran.stdout.endswith(said)


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        (["nosuch"], 127, "nosuch: no such program in the image"),
        (["cowsay"], 127, "the image has /usr/games/cowsay"),
        (["--json"], 127, "options come before the function's name"),
        (["/nosuch"], 127, "/nosuch: no such program in the image"),
        (["/etc/passwd"], 126, "not executable"),
        (["/etc"], 126, "not a file"),
    ],
)
def test_what_cannot_be_started_is_said_with_dockers_status(
    scar: Scar, cow: str, command: list[str], status: int, message: str
) -> None:
    ran = scar("run", cow, *command)
    assert ran.status == status
    assert message in ran.stderr


def test_a_time_out_stops_the_whole_tree_and_shows_what_was_printed(scar: Scar, cow: str) -> None:
    assert scar("init", "-n", "slow", "-t", "8", "-tt", "4", "-p", IMAGE).status == 0
    ran = scar("run", "slow", "/bin/sh", "-c", "echo before; setsid sleep 1000 & sleep 1000")
    assert ran.status == 124
    assert ran.stdout.endswith(b"before\n")
    assert "time" in ran.stderr
    left = output(
        scar, "slow", "/bin/sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'slee[p]'; true"
    )
    assert left == b"0\n"
    assert scar("rm", "slow").status == 0


def test_an_asynchronous_call_is_answered_at_once_and_logged(scar: Scar, cow: str) -> None:
    ran = scar("run", "--json", "--async", cow, "echo", "heard later")
    assert ran.status == 0
    request = ran.json["request_id"]
    for _ in range(100):
        log = scar("log", "-ri", request, cow)
        if b"END RequestId" in log.stdout:
            break
    assert b"heard later" in log.stdout


def test_the_log_has_the_lines_of_one_request_only(scar: Scar, cow: str) -> None:
    first, second = (scar("run", "--json", cow, "echo", word).json for word in ("one", "two"))
    lines = scar("log", "-ri", first["request_id"], cow).stdout.decode().splitlines()
    assert lines[0].startswith("START RequestId: " + first["request_id"])
    assert "one" in lines
    assert "two" not in lines
    assert any(line.startswith("REPORT RequestId: " + first["request_id"]) for line in lines)
    stream = scar("log", "-ls", second["log_stream"], cow).stdout.decode().splitlines()
    assert {"one", "two"} <= set(stream)


def test_functions_are_listed_until_they_are_removed(scar: Scar) -> None:
    ran = scar("init", IMAGE)
    assert ran.status == 0
    assert b"scar-grycap-cowsay" in scar("ls").stdout
    assert scar("rm", "scar-grycap-cowsay").status == 0
    assert b"scar-grycap-cowsay" not in scar("ls").stdout
    assert scar("run", "scar-grycap-cowsay").status == 125


def test_the_sandbox_is_the_one_that_is_told(local_cloud: cloud.LocalCloud, scar: Scar, cow: str) -> None:
    # Where the machine allows namespaces, the tests above ran in bubblewrap: uid 993 has no name there.
    expected = {"bubblewrap": b"993\n", "none": b"0\n"}[local_cloud.sandbox]
    assert output(scar, cow, "/usr/bin/id", "-u") == expected


def test_a_variable_stands_for_the_option(settings: dict[str, str], cow: str) -> None:
    said = os.environ | settings | {"SCAR_LOCAL": "1"}
    listed = subprocess.run([SCAR, "ls"], env=said, capture_output=True, check=False, timeout=60)
    assert (listed.returncode, cow.encode() in listed.stdout) == (0, True)
