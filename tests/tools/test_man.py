"""The man page is one, and has every command and option."""

from __future__ import annotations

import subprocess

import click
import pytest

from tools import man, reference


def shown(page: str) -> str:
    """What a terminal shows of a page, wide enough for every line. Fails on what groff finds wrong."""
    command = ["groff", "-man", "-Tutf8", "-ww", "-rLL=400n", "-P-c", "-P-bou"]
    ran = subprocess.run(command, input=page, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout


@pytest.fixture(scope="module")
def text() -> str:
    return shown(reference.MAN.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "line",
    [
        "scar - run container images as AWS Lambda functions",
        "scar init [OPTIONS] [IMAGE]",
        "scar role create [OPTIONS] [NAME]",
        "-es, --event-source BUCKET",
        "--version",
        "SCAR_LAMBDA_MEMORY",
        "Example: scar ls --json",
    ],
)
def test_has(line: str, text: str) -> None:
    assert line in [shown.strip() for shown in text.splitlines()]


def test_text_of_any_kind_is_text() -> None:
    @click.command(help="'quoted \\fBnot bold\\fR\n\n.SH no section", epilog='a "b"')
    @click.option("--back-slash", help="C:\\new -- 'x'")
    def command(back_slash: str) -> None:
        del back_slash

    lines = [line.strip() for line in shown(man.page([("scar odd", command)])).splitlines()]
    for line in ("'quoted \\fBnot bold\\fR", ".SH no section", 'a "b"', "C:\\new -- 'x'"):
        assert line in lines
