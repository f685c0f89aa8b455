"""Writes docs/commands.md: the help texts of all commands, as the program prints them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from scar.cli.app import app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"

_HEAD = """# Commands

What `scar COMMAND --help` prints. Made by `make docs` out of the program itself: a change goes there.

Common options stand before the command's name too. Long options may be written with `-` and with `_`.

Exit statuses: 0; 2 for bad usage; 1 for other errors; 130 after Ctrl-C. `scar run` ends with the container's
status, as Docker does: there errors of SCAR's own are 125, a program that cannot be started is 126, one that
is not there 127, and a time-out 124.
"""
_WIDTH = 80


def text() -> str:
    """The whole page."""
    return "\n".join((_HEAD, *(_section(path, command) for path, command in _commands(app, "scar"))))


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None  # noqa: S101 - the name is out of the list
            yield from _commands(found, f"{path} {name}")


def _section(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path, terminal_width=_WIDTH, **command.context_settings)
    return f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
