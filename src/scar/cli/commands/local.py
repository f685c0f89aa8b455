"""`scar local`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from scar.cli import output
from scar.cli.options import Command, Group, settings_of
from scar.cli.settings import Settings
from scar.ops import local

if TYPE_CHECKING:
    from scar.local.cloud import LocalCloud


@click.group(cls=Group, name="local", epilog="Example: scar local start")
def command() -> None:
    """The cloud on this machine: started on demand by --local, or by hand."""


@command.command(cls=Command, name="start", epilog="Example: scar local start")
@click.pass_context
def start(context: click.Context) -> None:
    """Start the local cloud, unless it runs."""
    settings = settings_of(context)
    running = local.start()
    for line in running.limitations:
        output.warn(line)
    _show(running, settings)
    output.next_step("scar init --local IMAGE", settings)


@command.command(cls=Command, name="stop", epilog="Example: scar local stop")
@click.pass_context
def stop(context: click.Context) -> None:
    """Stop the local cloud. The functions in it are gone then."""
    settings = settings_of(context)
    stopped = local.stop()
    if output.wants_json(settings):
        output.print_json({"stopped": stopped})
    else:
        gone = "The local cloud is stopped; its functions, logs and buckets are gone"
        click.echo(gone if stopped else "The local cloud was not running")


@command.command(cls=Command, name="status", epilog="Example: scar local status --json")
@click.pass_context
def status(context: click.Context) -> None:
    """Show whether the local cloud runs, and where."""
    _show(local.status(), settings_of(context))


def _show(running: LocalCloud | None, settings: Settings) -> None:
    if output.wants_json(settings):
        output.print_json(_document(running))
    elif running is None:
        click.echo("The local cloud is not running")
    else:
        click.echo(
            f"The local cloud is running\nEndpoint: {running.endpoint}\nRegion: {running.region}\n"
            f"Sandbox: {running.sandbox}\nptrace: {'allowed' if running.ptrace else 'forbidden'}\n"
            f"Process: {running.pid}"
        )


def _document(running: LocalCloud | None) -> dict[str, object]:
    if running is None:
        return {"running": False}
    return {
        "running": True,
        "endpoint": running.endpoint,
        "region": running.region,
        "sandbox": running.sandbox,
        "ptrace": running.ptrace,
        "pid": running.pid,
        "limitations": list(running.limitations),
    }
