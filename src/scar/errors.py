"""The one base of every error that SCAR reports to its user.

Only `scar.cli.main` prints an error or decides an exit status; everything below raises.
"""

from __future__ import annotations


class ScarError(Exception):
    """What failed and why (the message), what to type next (the hint), and the exit status it deserves."""

    exit_status = 1

    def __init__(self, message: str, *, hint: str = "", kind: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind or type(self).__name__
        """A stable name for programs that read ``--json`` errors, such as ``ImageNotFound``."""


class UsageError(ScarError):
    """Bad input, refused before anything was created."""

    exit_status = 2


class Interrupted(ScarError):
    """The user stopped the command: 128 + SIGINT, as shells report it."""

    exit_status = 130
