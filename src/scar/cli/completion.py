"""Answers to a shell that completes a command line: it calls scar with VARIABLE set, and reads its output."""

from __future__ import annotations

import os

VARIABLE = "_SCAR_COMPLETE"
"""Its value says which shell asks, such as ``bash_complete``; the words come in variables of the shell's."""


def is_asked() -> bool:
    """Whether a shell asks for completions, in place of a command to be run."""
    return VARIABLE in os.environ


def answer() -> int:
    """Print the completions; the exit status."""
    from click.shell_completion import shell_complete  # here: other command lines need it not

    from scar.cli.app import app
    from scar.cli.settings import Settings

    return shell_complete(app, {"obj": Settings()}, "scar", VARIABLE, os.environ[VARIABLE])
