"""The one base of every error that SCAR reports to its user.

Only `scar.cli.main` prints an error or decides an exit status; everything below raises.
"""


class ScarError(Exception):
    """What failed and why (the message), what to type next (the hint), and the exit status it deserves."""

    exit_status = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ScarError):
    """Bad input, refused before anything was created."""

    exit_status = 2
