"""Trying again what may succeed a little later."""

from __future__ import annotations

import threading
from collections.abc import Callable

from scar.aws.errors import Throttled, Unreachable

PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds before the second attempt, the third, ...: two minutes, beside what botocore waits in each."""


def patiently(attempt: Callable[[], None], stopping: threading.Event) -> None:
    """Make the attempt until it succeeds, or fails for a reason that does not pass, which is raised.

    The last of them raises what it raises; so does one after which ``stopping`` was set.
    """
    for pause in PAUSES:
        try:
            attempt()
        except (Throttled, Unreachable):
            if stopping.wait(pause):
                raise
        else:
            return
    attempt()
