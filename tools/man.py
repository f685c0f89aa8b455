"""The man page scar.1, out of the same help texts as docs/commands.md. The wheel installs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from scar import config
from scar.cli.app import app
from scar.cli.options import CommonOption
from scar.version import VERSION

_HEAD = f'.TH SCAR 1 "" "SCAR {VERSION}" "User Commands"'
_DESCRIPTION = (
    "A container image is made a function of AWS Lambda by scar init. It is called by scar run, and by files"
    " that are put into a bucket. With --local all of it happens in a cloud on this machine."
    " Nobody needs Docker."
)
_EXIT_STATUS = (
    ("0", "All went well."),
    ("1", "An error; of scar doctor and scar check: something must be done."),
    ("2", "Bad usage: nothing was done."),
    ("130", "Ctrl-C."),
    ("others", "scar run ends with the container's status, as Docker does."),
    ("124", "Of scar run: the call was stopped at its time-out."),
    ("125", "Of scar run: an error of SCAR's own."),
    ("126, 127", "Of scar run: the program cannot be started, or is not there."),
)
_FILES = (
    (
        "~/.scar/scar.cfg",
        "The configuration. It is made with its defaults by the first command that needs it.",
    ),
)
_VARIABLES = (
    ("SCAR_HOME", "The folder of scar.cfg and all else that SCAR keeps, in place of ~/.scar."),
    ("SCAR_LOCAL", "1: work in the local cloud, as --local does."),
)


def page(commands: Iterable[tuple[str, click.Command]]) -> str:
    """The page, of the commands with their names as they are typed. None is a group."""
    lines = [
        _HEAD,
        ".nh",  # a word that is divided cannot be found, and an option not be typed
        ".ad l",
        *_section("NAME", [f"scar \\- {_escaped('run container images as AWS Lambda functions')}"]),
        *_section("SYNOPSIS", [f"\\fB{_escaped('scar')}\\fR [OPTIONS] COMMAND [ARGS]..."]),
        *_section("DESCRIPTION", [_escaped(_DESCRIPTION)]),
        *_section("COMMANDS", [line for one in commands for line in _command(*one)]),
        *_section("COMMON OPTIONS", _terms(_options(app, common=True))),
        *_section("EXIT STATUS", _terms(_EXIT_STATUS)),
        *_section("ENVIRONMENT", _terms([*_VARIABLES, *_keys()])),
        *_section("FILES", _terms(_FILES)),
    ]
    return "\n".join(lines) + "\n"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {title}"
    yield from lines


def _command(name: str, command: click.Command) -> Iterator[str]:
    pieces = " ".join(command.collect_usage_pieces(_context(name, command)))
    yield f'.SS "{_escaped(name)} {_escaped(pieces)}"'
    for number, paragraph in enumerate((command.help or "").split("\n\n")):
        yield from ([".PP"] if number else [])
        yield _escaped(" ".join(paragraph.split()))
    yield from _terms(_options(command, common=False))
    if command.epilog:
        yield from (".PP", _escaped(" ".join(command.epilog.split())))


def _context(name: str, command: click.Command) -> click.Context:
    return click.Context(command, info_name=name, **command.context_settings)


def _options(command: click.Command, *, common: bool) -> Iterator[tuple[str, str]]:
    context = _context(command.name or "", command)
    for parameter in command.params:
        record = parameter.get_help_record(context)
        is_wanted = isinstance(parameter, click.Option) and isinstance(parameter, CommonOption) is common
        if record is not None and is_wanted:
            yield record


def _keys() -> Iterator[tuple[str, str]]:
    for name, key in config.KEYS.items():
        yield config.variable(name), key.meaning.replace("`", "")


def _terms(terms: Iterable[tuple[str, str]]) -> Iterator[str]:
    for term, meaning in terms:
        yield from (".TP", f"\\fB{_escaped(term)}\\fR", _escaped(meaning))


def _escaped(text: str) -> str:
    """As text: nothing in it is a command of roff, and a hyphen is one that can be typed."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
