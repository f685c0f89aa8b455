"""Moving files, some at once, while somebody looks on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from scar.aws.errors import BadCredentials, Throttled, Unreachable
from scar.aws.pieces import Cancelled
from scar.aws.transfers import Transfers
from scar.errors import Interrupted, ScarError
from scar.ops.transfer.request import Show
from scar.ops.transfer.tally import Tally
from scar.ops.workers import Workers

PASSING = (Throttled, Unreachable)
"""What is waited out: to move a file twice does no harm."""

INTERRUPTIONS = (*PASSING, BadCredentials, Cancelled)
"""What keeps a file from being moved now, but is not the file's fault: another attempt, or another command,
goes on with it."""

_SHOW_SECONDS = 0.1


class Named(Protocol):
    """A file to be moved."""

    @property
    def label(self) -> str:
        """What its failure is told under."""


File = TypeVar("File", bound=Named)


@dataclass(frozen=True)
class Mover:
    """Moves files, some at once."""

    transfers: Transfers
    at_once: int
    tally: Tally
    show: Show

    def move(self, files: Iterable[File], do: Callable[[File, threading.Event], None]) -> ScarError | None:
        """Do this for each file, and note what fails; why the rest was not tried, if so.

        The event is set when a file that waits should wait no longer.
        """

        def attempt(file: File) -> None:
            self._attempt(file, do, workers.stopping)

        workers = Workers(attempt)
        workers.start(files, at_once=self.at_once)
        try:
            while not workers.wait(_SHOW_SECONDS):
                self.show(self.tally)
            workers.raise_if_stopped()
        except KeyboardInterrupt:
            self.transfers.cancel()
            workers.stop()
            return Interrupted("interrupted", hint="the same command goes on where this one stopped")
        except BadCredentials as error:
            return error
        finally:
            self.show(self.tally)
        return None

    def _attempt(
        self, file: File, do: Callable[[File, threading.Event], None], stopping: threading.Event
    ) -> None:
        try:
            do(file, stopping)
        except (BadCredentials, Cancelled):
            raise  # no other file would fare better
        except OSError as error:
            self.tally.fail(file.label, ScarError(error.strerror or str(error)))
        except ScarError as error:
            self.tally.fail(file.label, error)
