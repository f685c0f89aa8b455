"""How often and how long to wait for errors that pass by themselves."""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from scar_oci.errors import ImageError, RateLimited


class RetryPolicy(NamedTuple):
    """Exponential back-off with jitter. Times are seconds."""

    attempts: int = 5
    first_delay: float = 0.5
    longest_wait: float = 30.0
    """A registry that asks for more patience gets none: a function's time is paid by the second."""

    def wait(self, failures: int, error: ImageError) -> None:
        """Sleep before the next attempt, after ``failures`` of them. Raises ``error`` if it is no use."""
        asked = error.retry_after if isinstance(error, RateLimited) else 0.0
        if not error.temporary or failures >= self.attempts or asked > self.longest_wait:
            raise error
        # Many environments of one function start at once: without jitter they would also come back at once.
        jitter = 0.5 + os.urandom(1)[0] / 255
        time.sleep(min(max(asked, self.first_delay * 2 ** (failures - 1) * jitter), self.longest_wait))
