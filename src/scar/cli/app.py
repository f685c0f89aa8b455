"""The command `scar` itself: which commands there are, and how they are found."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import click

from scar.cli.options import Group
from scar.cli.settings import Settings

_GROUPS = {
    "Functions": {
        "init": "Make a function that runs a container image",
        "run": "Call a function, and show what its container prints",
        "update": "Change a function: its image, memory, time, variables, init script",
        "ls": "List the functions",
        "log": "Show what a function's calls wrote",
        "report": "Tell what a function's calls took: time, memory, failures, cost",
        "retry": "Send events again that failed for good",
        "rm": "Remove a function and all that was made for it",
    },
    "Files": {
        "put": "Send files and folders to a bucket",
        "get": "Get a bucket's files",
    },
    "Getting ready": {
        "check": "Tell whether and how an image can run, without making a function",
        "role": "Make the role that functions run under on AWS",
        "doctor": "Look for what keeps SCAR from working, and say what helps",
        "local": "Start, stop or look at the cloud on this machine",
        "completion": "Print what makes your shell complete commands and options",
    },
}
"""The commands as `--help` shows them."""

_COMMANDS = [name for group in _GROUPS.values() for name in group]
"""Each is ``command`` in the module of its name, which is imported when it is used: `--help` stays cheap."""


class App(Group):
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
        if command is None and ctx.resilient_parsing:  # a shell completes what is not whole yet
            return None, None, args[1:]
        if command is None:
            raise click.UsageError(f"no such command: {name!r}{_nearest(name)}", ctx)
        ctx.find_object(Settings).command = name  # type: ignore[union-attr]
        return name, command, args[1:]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        width = max(map(len, _COMMANDS))  # of the first column: the same in all groups
        for title, commands in _GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), text) for name, text in commands.items()])


def _nearest(name: str) -> str:
    from difflib import get_close_matches

    near: Sequence[str] = get_close_matches(name, _COMMANDS, n=1)
    return f"; did you mean {near[0]}?" if near else ""


@click.group(
    cls=App,
    invoke_without_command=True,
    epilog="\b\nExample: scar init --local grycap/cowsay\n         scar run --local scar-grycap-cowsay",
)
@click.pass_context
def app(context: click.Context) -> None:
    """Run container images as AWS Lambda functions, in the cloud or (--local) on this machine."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
