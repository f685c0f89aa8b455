"""Completion, asked for by a real shell."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import Scar

SCAR = Path(sys.executable).with_name("scar")


def completed(*words: str) -> list[str]:
    """What bash offers for the last of the words that follow ``scar``."""
    program = f"""
        source <({shlex.quote(str(SCAR))} completion bash)
        COMP_WORDS=({shlex.quote(str(SCAR))} {" ".join(map(shlex.quote, words))})
        COMP_CWORD={len(words)}
        complete -p scar >/dev/null || exit 1
        _scar_completion {shlex.quote(str(SCAR))} 2>/dev/null
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ran = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    assert "Traceback" not in ran.stderr
    return ran.stdout.split()


def answer(line: str, word: int) -> str:
    """What scar tells bash, asked for the word with this number, the program's being 0."""
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(word), "_SCAR_COMPLETE": "bash_complete"}
    return subprocess.run(
        [SCAR], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["in"], ["init"]),
        (["l"], ["ls", "log", "local"]),
        (["init", "--time"], ["--time", "--time-threshold"]),
        (["--local", "role", ""], ["create", "policy"]),
        (["completion", "z"], ["zsh"]),
        (["nothing-of-ours", "--s"], []),
    ],
)
def test_bash_is_told(words: list[str], offered: list[str]) -> None:
    assert completed(*words) == offered


def test_a_shell_completes_files_itself() -> None:
    assert answer("scar run -s x.s", word=3) == "file,x.s\n"
    assert answer("scar run x.s", word=2).strip() == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(scar: Scar, shell: str) -> None:
    ran = scar("completion", shell)
    assert (ran.status, f"_SCAR_COMPLETE={shell}_complete" in ran.out) == (0, True)


def test_other_shells_are_refused(scar: Scar) -> None:
    ran = scar("completion", "tcsh")
    assert (ran.status, ran.stdout) == (2, b"")
    assert "'tcsh' is not one of 'bash', 'fish', 'zsh'" in ran.stderr


def test_completing_makes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAR_HOME", str(tmp_path / "home"))
    assert "plain,--json" in answer("scar ls --", word=2)
    assert not (tmp_path / "home").exists()
