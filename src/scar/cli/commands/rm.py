"""`scar rm`."""

from __future__ import annotations

import sys

import click

from scar import config
from scar.cli import output
from scar.cli.options import Command, dry_run_option, settings_of
from scar.cli.settings import Settings
from scar.errors import ScarError
from scar.ops.cloud import connect
from scar.ops.rm import Removed, all_names, prepare, rm, rm_all


@click.command(cls=Command, name="rm", epilog="Example: scar rm -n cowsay")
@click.argument("functions", metavar="[NAME...]", nargs=-1)
@click.option(
    "-n", "--name", "named", metavar="NAME", multiple=True, help="The function to remove. Repeatable."
)
@click.option("-a", "--all", "every", is_flag=True, help="Remove all functions that SCAR made.")
@click.option("--yes", is_flag=True, help="Do not ask before removing all.")
@dry_run_option
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter for each option
    context: click.Context,
    functions: tuple[str, ...],
    named: tuple[str, ...],
    every: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    """Remove a function, its log, and the notification and permission that SCAR made for it.

    It is no error if the function is gone already. Buckets and their files are left as they are.
    """
    given = list(dict.fromkeys((*functions, *named)))
    if bool(given) == every:
        raise click.UsageError("give either a function's name or -a/--all", context)
    settings = settings_of(context)
    cloud = connect(settings.where, config.load(), output.talk(settings))
    say = output.talk(settings).say
    names = all_names(cloud) if every else given
    if dry_run:
        output.print_plan([step for one in names for step in prepare(one, cloud).describe()], settings)
        return
    if len(given) == 1:
        _show([rm(given[0], cloud, say)], settings)
        return
    if every and names and not yes:
        _ask(names)
    _show(rm_all(names, cloud, say), settings)


def _ask(names: list[str]) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("rm -a removes all functions: it needs --yes where nobody can be asked")
    click.echo("\n".join(names), err=True)
    if not click.confirm("Remove all of these?", err=True):
        raise ScarError("nothing was removed")


def _show(removed: list[Removed], settings: Settings) -> None:
    if output.wants_json(settings):
        output.print_json([_document(one) for one in removed])
    else:
        click.echo("\n".join(map(_line, removed)) or "No functions to remove")
    failed = {one.function: one.error for one in removed if one.error is not None}
    if failed:
        hints = dict.fromkeys(error.hint for error in failed.values() if error.hint)
        raise ScarError(f"not removed: {', '.join(failed)}", hint="; ".join(hints))


def _line(one: Removed) -> str:
    if one.error is not None:
        return f"Not removed: {one.function}: {one.error.message}"
    return f"Removed: {one.function}" if one.steps else f"Nothing to remove: {one.function}"


def _document(one: Removed) -> dict[str, object]:
    return {
        "name": one.function,
        "removed": list(one.steps),
        "error": None if one.error is None else one.error.message,
    }
