"""How a command line is read, and how its errors are told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from scar.version import VERSION
from tests.cli.support import Account, Scar
from tools.reference import all_commands

FUNCTIONS = ["init", "run", "update", "ls", "log", "report", "retry", "rm"]
COMMANDS = [*FUNCTIONS, "put", "get", "check", "role", "doctor", "local", "completion"]


def python(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands(scar: Scar, argv: list[str]) -> None:
    ran = scar(*argv)
    assert (ran.status, ran.stderr) == (0, "")
    assert re.findall(r"^  ([a-z]+)  ", ran.out.partition("\nOptions:")[0], re.MULTILINE) == COMMANDS


EVERY = dict(all_commands())
GROUPS = [path for path, command in EVERY.items() if isinstance(command, click.Group)]


@pytest.mark.parametrize("path", EVERY)
def test_every_command_has_help_with_an_example(scar: Scar, path: str) -> None:
    ran = scar(*path.split()[1:], "--help")
    assert (ran.status, ran.stderr) == (0, "")
    assert f"Usage: {path} " in ran.out
    assert f"Example: {path} " in f"{ran.out} ".replace("\n", " ")
    assert ran.out.count("\nCommon options:\n") == 1
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("path", GROUPS)
def test_a_group_without_a_command_shows_its_help(scar: Scar, path: str) -> None:
    alone, helped = scar(*path.split()[1:]), scar(*path.split()[1:], "--help")
    assert (alone.status, alone.stderr, alone.out) == (0, "", helped.out)


@pytest.mark.parametrize("path", [path for path in EVERY if path != "scar"])
def test_a_mistyped_command_is_told_the_nearest(scar: Scar, path: str) -> None:
    *before, name = path.split()
    ran = scar(*before[1:], name + name[-1])
    assert (ran.status, ran.stdout) == (2, b"")
    assert re.search(rf"[Dd]id you mean .*{name}", ran.stderr)


@pytest.mark.parametrize("path", EVERY)
def test_a_mistyped_option_is_told_the_nearest(scar: Scar, path: str) -> None:
    options = [parameter for parameter in EVERY[path].params if isinstance(parameter, click.Option)]
    longest = max((spelling for option in options for spelling in option.opts), key=len)
    ran = scar(*path.split()[1:], f"{longest[:-1]}q")
    assert ran.stdout == b""
    assert re.search(rf"[Dd]id you mean .*{longest}", ran.stderr)


@pytest.mark.parametrize("argv", [["--version"], ["ls", "--version"], ["run", "--version"]])
def test_version(scar: Scar, argv: list[str]) -> None:
    ran = scar(*argv)
    assert (ran.status, ran.out) == (0, f"scar {VERSION}\n")


def test_help_and_version_need_and_make_nothing(
    scar: Scar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCAR_HOME", str(tmp_path / "none"))
    for argv in (["--version"], ["--help"], ["init", "--help"]):
        assert scar(*argv).status == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "argv", [["--version"], ["--help"], ["run", "--help"], ["init", "--help"], ["ls", "--help"]]
)
def test_help_and_version_import_nothing_heavy(argv: list[str]) -> None:
    program = (
        "import sys; from scar.cli.main import main; main(sys.argv[1:]);print(*sys.modules, file=sys.stderr)"
    )
    imported = python("-c", program, *argv).stderr.split()
    assert "scar.cli.app" in imported
    assert {"boto3", "botocore", "rich", "urllib3", "zipfile", "http"}.isdisjoint(imported)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["inti"], "no such command: 'inti'; did you mean init?"),
        (["qqq"], "no such command: 'qqq'"),
        (["ls", "--jsn"], "no such option '--jsn'. Did you mean '--json'?"),
        (["log"], "missing argument 'NAME'"),
        (["log", "-ri"], "option '-ri' requires an argument"),
        (["rm"], "give either a function's name or -a/--all"),
        (["rm", "-n", "a", "--all"], "give either a function's name or -a/--all"),
        (["init", "--memory", "much", "image"], "'much' is not a valid integer"),
        (["init"], "which image? IMAGE, or --image-file, is missing"),
        (["completion"], "missing argument 'bash|zsh|fish'. Choose from: bash, fish, zsh"),
    ],
)
def test_usage_errors(scar: Scar, argv: list[str], said: str) -> None:
    ran = scar(*argv)
    first, second = ran.stderr.splitlines()
    assert (ran.status, ran.stdout) == (2, b"")
    assert first.startswith("scar: error: ")
    assert said in first
    assert second.startswith("hint: scar ")
    assert second.endswith(" --help")


@pytest.mark.parametrize(
    "argv", [["--json", "ls", "--bad"], ["ls", "--json", "--bad"], ["ls", "--bad", "-j"]]
)
def test_usage_errors_as_json(scar: Scar, argv: list[str]) -> None:
    ran = scar(*argv)
    assert (ran.status, ran.stdout) == (2, b"")
    assert json.loads(ran.stderr)["error"] == {
        "type": "UsageError",
        "message": "no such option '--bad'",
        "hint": "scar ls --help",
        "exit_status": 2,
    }


@pytest.mark.parametrize(
    "argv",
    [
        ["--json", "--region", "nowhere", "ls"],
        ["ls", "--json", "--region", "nowhere"],
        ["--region", "nowhere", "ls", "-j"],
        ["--region", "us-east-1", "ls", "--region", "nowhere", "-j"],
    ],
)
def test_common_options_stand_before_and_after_the_command(scar: Scar, home: Path, argv: list[str]) -> None:
    ran = scar(*argv)
    assert ran.status == 2
    assert json.loads(ran.stderr)["error"]["message"] == "--region: not the name of an AWS region: 'nowhere'"


@pytest.mark.parametrize("option", ["--time-threshold", "--time_threshold"])
def test_long_options_are_written_with_either(scar: Scar, home: Path, option: str) -> None:
    ran = scar("init", option, "0", "image")
    assert "-tt/--time-threshold: 0 is not between" in ran.stderr


def test_options_come_after_the_name_too(scar: Scar, home: Path) -> None:
    ran = scar("log", "name", "-ri", "no id!")
    assert "-ri/--request-id: not a request id: 'no id!'" in ran.stderr


def test_a_broken_configuration_is_named(scar: Scar, home: Path) -> None:
    (home / "scar.cfg").write_text("lambda_memory = many")
    ran = scar("ls")
    assert ran.status == 2
    assert f"{home / 'scar.cfg'}, key lambda_memory: not a whole number: 'many'" in ran.stderr


def test_the_local_cloud_need_not_run(scar: Scar, home: Path) -> None:
    assert scar("local", "status").out == "The local cloud is not running\n"
    assert scar("local", "status", "--json").json == {"running": False}
    assert scar("--json", "local", "stop").json == {"stopped": False}
    ran = scar("local", "stat")
    assert (ran.status, "no such command 'stat'" in ran.stderr.lower()) == (2, True)


def test_debug_shows_where(scar: Scar, home: Path) -> None:
    plain, debug = scar("rm", "no name"), scar("--debug", "rm", "no name")
    assert "Traceback" not in plain.stderr
    assert debug.stderr.startswith("Traceback")
    assert debug.stderr.endswith(plain.stderr)
    assert debug.status == plain.status == 2


def test_a_reader_that_has_enough_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = [sys.executable, "-m", "scar.cli", "--help"]
    ran = subprocess.run(program, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, b"")


def test_what_to_type_next_is_said_to_people(scar: Scar, account: Account) -> None:
    assert scar("ls").stderr.endswith("next: scar init IMAGE\n")
    assert scar("init", "-n", "cow", "grycap/cowsay").stderr.endswith("next: scar run cow\n")
    assert scar("init", "-n", "say", "-es", "pictures", "grycap/cowsay").stderr.endswith(
        "next: scar put FILE pictures/input/\n"
    )
    assert "next:" not in scar("update", "--json", "-m", "512", "cow").stderr
