"""Options: those that every command has, and how values of ours are read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import click

from scar.cli.settings import Settings
from scar.errors import UsageError
from scar.version import VERSION


def _with_hyphens(name: str) -> str:
    return name.replace("_", "-")


CONTEXT: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "token_normalize_func": _with_hyphens,
    "max_content_width": 80,
}
"""Of every command. Long options may be written with ``-`` and with ``_``."""


class Command(click.Command):
    """A command with the common options."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        add_common_options(self)
        for parameter in self.params:
            if parameter.metavar in _PATHS:
                parameter.type = click.Path()  # the shell completes it

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        format_options(self, ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; errors know their command, and those before ``--json`` was seen are JSON too."""
        as_json = not {"-j", "--json"}.isdisjoint(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            settings_of(ctx).json |= as_json
            raise


class Group(click.Group):
    """Commands under one name, with the common options."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = {**CONTEXT, **kwargs.get("context_settings", {})}
        super().__init__(*args, **kwargs)
        add_common_options(self)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does; without a command, its help is what was asked for, and no error."""
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Also the list of commands, as click does."""
        self.format_commands(ctx, formatter)
        format_options(self, ctx, formatter)


_PATHS = ("FILE", "DIR")
"""Metavars of what is a path on this machine."""


class CommonOption(click.Option):
    """An option that every command has."""


def format_options(command: click.Command, context: click.Context, formatter: click.HelpFormatter) -> None:
    """The command's own options, and below them those that all have."""
    own: list[tuple[str, str]] = []
    common: list[tuple[str, str]] = []
    help_option = command.get_help_option(context)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            is_common = isinstance(parameter, CommonOption) or parameter is help_option
            (common if is_common else own).append(record)
    for title, records in (("Options", own), ("Common options", common)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def settings_of(context: click.Context) -> Settings:
    """The settings that `main` gave to the outermost context."""
    settings = context.find_object(Settings)
    assert settings is not None  # noqa: S101 - make_context is called with obj= in one place
    return settings


def add_common_options(command: click.Command) -> None:
    """Give the command the options that all have. They fill in Settings, unseen by the command's function."""
    command.params += [
        _flag(
            "local",
            "--local",
            help="Work in the local cloud (started if need be). SCAR_LOCAL=1 means the same.",
        ),
        _flag("json", "--json", "-j", help="Print results, and errors (on stderr), as JSON."),
        _flag("verbose", "--verbose", "-v", help="More than --json prints, as JSON too."),
        _value("profile", "--profile", metavar="NAME", help="Profile of AWS's credentials file."),
        _value("region", "--region", metavar="REGION", help="AWS region."),
        _flag("debug", "--debug", help="Show where an error comes from."),
        CommonOption(
            ["--version"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_print_version,
            help="Print the version and end.",
        ),
    ]


def _flag(name: str, *spellings: str, help: str) -> click.Option:
    return CommonOption(
        [name, *spellings], is_flag=True, expose_value=False, is_eager=True, callback=_remember, help=help
    )


def _value(name: str, *spellings: str, metavar: str, help: str) -> click.Option:
    return CommonOption(
        [name, *spellings], metavar=metavar, expose_value=False, is_eager=True, callback=_remember, help=help
    )


def _remember(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value and parameter.name:
        setattr(settings_of(context), parameter.name, value)


def _print_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    del parameter
    if value:
        click.echo(f"scar {VERSION}")
        context.exit()


dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")
"""Of the commands that make a plan."""


def environment(items: Iterable[str]) -> tuple[tuple[bytes, bytes], ...]:
    """The variables of ``-e``: NAME=VALUE, or NAME to take the caller's, as Docker does; the last one counts.

    A NAME that the caller does not have is left out, as Docker does too.
    """
    variables: dict[bytes, bytes] = {}
    for item in map(os.fsencode, items):
        name, equals, value = item.partition(b"=")
        if not name:
            raise UsageError(
                f"-e/--env: a name is missing in {os.fsdecode(item)!r}", hint="for example -e NAME=VALUE"
            )
        if equals:
            variables[name] = value
        elif name in os.environb:
            variables[name] = os.environb[name]
    return tuple(variables.items())
