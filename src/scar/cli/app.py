"""The command `scar` itself: which commands there are, and how they are found."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from scar.cli.options import CONTEXT, add_common_options
from scar.cli.settings import Settings

_COMMANDS = {
    "init": "Make a function that runs a container image",
    "run": "Call a function, and show what its container prints",
    "update": "Change a function: its image, memory, time, variables, init script",
    "ls": "List the functions",
    "log": "Show what a function's calls wrote",
    "rm": "Remove a function and all that was made for it",
    "role": "Make the role that functions run under on AWS",
    "doctor": "Look for what keeps SCAR from working, and say what helps",
    "local": "Start, stop or look at the cloud on this machine",
}
"""Each is ``command`` in the module of its name, which is imported when it is used: `--help` stays cheap."""


class App(click.Group):
    """A group whose commands are imported when they are called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"scar.cli.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but knowing the names of commands that are not imported yet."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None:
            raise click.UsageError(f"no such command: {name!r}{_nearest(name)}", ctx)
        ctx.find_object(Settings).command = name  # type: ignore[union-attr]
        return name, command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near: Sequence[str] = get_close_matches(name, _COMMANDS, n=1)
    return f"; did you mean {near[0]}?" if near else ""


@click.group(
    cls=App,
    context_settings=CONTEXT,
    invoke_without_command=True,
    epilog="\b\nExample: scar init --local grycap/cowsay\n         scar run --local scar-grycap-cowsay",
)
@click.pass_context
def app(context: click.Context) -> None:
    """Run container images as AWS Lambda functions, in the cloud or (--local) on this machine."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


add_common_options(app)
