"""`scar completion`: what makes a shell complete command lines of scar, by asking scar itself."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from scar.cli.completion import VARIABLE
from scar.cli.options import Command

_INSTALL = {
    "bash": "scar completion bash > ~/.local/share/bash-completion/completions/scar",
    "zsh": 'scar completion zsh > "${fpath[1]}/_scar"',
    "fish": "scar completion fish > ~/.config/fish/completions/scar.fish",
}


@click.command(
    cls=Command,
    name="completion",
    epilog="\b\nExamples, for good, each in a new shell:\n  " + "\n  ".join(_INSTALL.values()) + "\n\n"
    "Example: scar completion bash",
)
@click.argument("shell", type=click.Choice(sorted(_INSTALL)), metavar="bash|zsh|fish")
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print a script that makes your shell complete commands, options and files.

    For this shell only: eval "$(scar completion bash)"
    """
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click has all of the choices
    click.echo(found(context.find_root().command, {}, "scar", VARIABLE).source())
