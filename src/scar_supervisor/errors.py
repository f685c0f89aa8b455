"""What can go wrong inside the function, apart from the image (see `scar_oci.errors`).

The class names are stable: they are the ``errorType`` that Lambda reports, and users see them.
"""

from __future__ import annotations

import errno
import os

from scar_oci.errors import as_text

from .contract import EXIT_SCAR_ERROR


class SupervisorError(Exception):
    """What failed and why (the message), and what to do about it (the hint)."""

    exit_code = EXIT_SCAR_ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(as_text(message))
        self.hint = hint


class FunctionMisconfigured(SupervisorError):
    """The function's configuration or package is not one that SCAR made."""


class NothingToRun(SupervisorError):
    """The image names no command and the call brings none."""


class ProgramNotFound(SupervisorError):
    """The program, or a script's interpreter, is not in the image."""

    exit_code = 127


class ProgramNotExecutable(SupervisorError):
    """The program is there and cannot be started."""

    exit_code = 126


class ModeNotAllowed(SupervisorError):
    """The place where the function runs forbids what its execution mode works by."""


class SystemRefused(SupervisorError):
    """The operating system refused what SCAR itself needs, such as space for a file."""

    @classmethod
    def of(cls, error: OSError) -> SystemRefused:
        """The same in words, with a hint for a full disk."""
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return cls(
            where + (error.strerror or str(error)),
            "the image, and all that containers write, share the space of /tmp" if full else "",
        )


class NoTimeLeft(SupervisorError):
    """The function's time was used up before the container could start."""


class EventMalformed(SupervisorError):
    """An event says that it is S3's, and is not as S3 writes them."""


class StagingFailed(SupervisorError):
    """An object could not be read from or written to S3."""


class InputTooLarge(SupervisorError):
    """An object has more bytes than /tmp has left."""


class ContainerFailed(SupervisorError):
    """The container of an event ended with a status other than 0."""


class ContainerTimedOut(SupervisorError):
    """The container of an event was stopped at its deadline."""
