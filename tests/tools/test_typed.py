"""Every command of SCAR's that the documents show is one that the program takes."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from scar.cli.app import app
from scar.cli.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")])
BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(?:\$ )?(scar .*?)(?: [|>&].*)?$", re.MULTILINE)
"""Of a block, without what the shell does with its output."""
CODE = re.compile(r"`(scar [^`\n]+)`")

UNFINISHED = (click.BadOptionUsage, click.BadParameter, click.exceptions.Exit)
"""In a sentence, `scar run -e` is no whole command, `-m MB` no number, and `--help` ends it."""


def parse(command: str) -> None:
    """As the program does, without carrying it out. Raises click.UsageError."""
    words = shlex.split(command, comments=True)[1:]
    found: click.Command = app
    context = click.Context(app, info_name="scar", obj=Settings(), **app.context_settings)
    while isinstance(found, click.Group):
        _, words, _ = found.make_parser(context).parse_args(words)
        if not words:
            return
        name, subcommand, words = found.resolve_command(context, words)
        assert subcommand is not None
        found = subcommand
        if isinstance(found, click.Group):
            context = click.Context(found, info_name=name, parent=context, **found.context_settings)
    found.make_context(found.name, words, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_program_takes_what_a_page_shows(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.findall(text):
        for command in LINE.findall(block):
            parse(command)
    for command in CODE.findall(text):
        with contextlib.suppress(*UNFINISHED):
            parse(command.replace("COMMAND", "run"))


@pytest.mark.parametrize(
    "command", ["scar run --no-such a", "scar no-such", "scar ls too many", "scar role no"]
)
def test_finds_what_the_program_does_not_take(command: str) -> None:
    with pytest.raises(click.UsageError):
        parse(command)
