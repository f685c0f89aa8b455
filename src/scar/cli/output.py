"""Results on stdout, talk on stderr."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import click

from scar.cli import hints
from scar.cli.settings import Settings
from scar.ops.talk import Talk


def print_json(document: Any) -> None:
    """One JSON document, for people as much as for programs."""
    click.echo(json.dumps(document, indent=2))


def print_json_list(documents: Iterable[Any]) -> None:
    """One JSON document, a list, of which no more than one element is in memory."""
    before = "[\n"
    for document in documents:
        click.echo(before + textwrap.indent(json.dumps(document, indent=2), "  "), nl=False)
        before = ",\n"
    click.echo("\n]" if before.startswith(",") else "[]")


def print_plan(steps: Sequence[str], settings: Settings) -> None:
    """What a command would do, in its order."""
    if wants_json(settings):
        print_json({"dry_run": True, "plan": list(steps)})
    else:
        click.echo("\n".join(f"Would {step}" for step in steps) or "Nothing to do")


def print_bytes(data: bytes) -> None:
    """Exactly these bytes, after all that was printed before."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def printable(text: str) -> str:
    """A name on one line, whatever is in it: what cannot be printed is escaped as Python does."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def wants_json(settings: Settings) -> bool:
    return settings.json or settings.verbose


def talk(settings: Settings) -> Talk:
    """Progress and warnings on stderr; no progress where a program reads along."""
    return Talk(say=_drop if wants_json(settings) else _say, warn=warn)


def next_step(command: str, settings: Settings) -> None:
    """What to type next, for who is new here; not where a program reads along."""
    if not wants_json(settings):
        click.echo(f"next: {hints.as_typed(command, settings)}", err=True)


def warn(line: str) -> None:
    click.echo(f"scar: warning: {line}", err=True)


def _say(line: str) -> None:
    click.echo(f"scar: {line}", err=True)


def _drop(line: str) -> None:
    del line
