"""Writes what the program says of itself: docs/commands.md, a table in docs/configuration.md, man/scar.1.

The help texts of all commands are there as the program prints them, the keys of the configuration with their
variables, defaults and options.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from scar import config
from scar.cli.app import app
from tools import man

_ROOT = Path(__file__).resolve().parents[1]
COMMANDS = _ROOT / "docs" / "commands.md"
CONFIGURATION = _ROOT / "docs" / "configuration.md"
MAN = _ROOT / "man" / "scar.1"

_HEAD = """# Commands

What `scar COMMAND --help` prints. Made by `make docs` out of the program itself: a change goes there.

Common options stand before the command's name too. Long options may be written with `-` and with `_`.

Exit statuses: 0; 2 for bad usage; 1 for other errors; 130 after Ctrl-C. `scar run` ends with the container's
status, as Docker does: there errors of SCAR's own are 125, a program that cannot be started is 126, one that
is not there 127, and a time-out 124.
"""
_WIDTH = 80

_TABLE = re.compile(
    r"(?<=out of src/scar/config\.py\. -->\n\n).*(?=\n<!-- End of the table\. -->)", re.DOTALL
)


def commands() -> str:
    """The page of commands."""
    return "\n".join((_HEAD, *(_section(path, command) for path, command in all_commands())))


def configuration(page: str) -> str:
    """The page of the configuration with its table made anew."""
    head = ("key", "variable", "default", "option", "meaning")
    lines = [_row(*head), _row(*("---" for _ in head)), *map(_key, config.KEYS)]
    made, count = _TABLE.subn(lambda _: "".join(lines), page)
    assert count == 1, "the page has no place for its table"  # noqa: S101 - a mark was lost
    return made


def _key(name: str) -> str:
    key = config.KEYS[name]
    default = getattr(config.Config(), name)
    cells = (name, config.variable(name), "" if default is None else str(default), key.option)
    return _row(*(f"`{cell}`" if cell else "" for cell in cells), key.meaning)


def _row(*cells: str) -> str:
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|\n"


def all_commands(command: click.Command = app, path: str = "scar") -> Iterator[tuple[str, click.Command]]:
    """Each with its name as it is typed, groups too."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None  # noqa: S101 - the name is out of the list
            yield from all_commands(found, f"{path} {name}")


def _section(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path, terminal_width=_WIDTH, **command.context_settings)
    return f"## {path}\n\n```text\n{command.get_help(context)}\n```\n"


def made() -> dict[Path, str]:
    """Each page, as it should be."""
    return {
        COMMANDS: commands(),
        CONFIGURATION: configuration(CONFIGURATION.read_text(encoding="utf-8")),
        MAN: man.page(one for one in all_commands() if not isinstance(one[1], click.Group)),
    }


if __name__ == "__main__":
    for page, text in made().items():
        page.write_text(text, encoding="utf-8")
