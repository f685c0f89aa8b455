"""Trying again what may succeed a little later."""

from __future__ import annotations

import threading
from collections.abc import Callable

from scar.aws.errors import AwsError

PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Seconds before the second attempt, the third, ...: two minutes, beside what botocore waits in each."""


def patiently(
    attempt: Callable[[], None], passing: tuple[type[AwsError], ...], stopping: threading.Event
) -> None:
    """Make the attempt until it succeeds, or fails for a reason that is not ``passing``, which is raised.

    The last of them raises what it raises; so does one after which ``stopping`` was set.
    """
    for pause in PAUSES:
        try:
            attempt()
        except passing:
            if stopping.wait(pause):
                raise
        else:
            return
    attempt()
