"""Figures of many calls, out of their REPORT lines."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

from scar import pricing
from scar.report_line import Report


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (above 0, up to 1) of the values do not exceed.

    ``ascending`` has at least one value, and its values in order.
    """
    return ascending[max(0, math.ceil(len(ascending) * share) - 1)]


class Calls:
    """What calls of one function took. Eight bytes are kept of each."""

    def __init__(self, *, architecture: str, storage_mb: int) -> None:
        self._architecture, self._storage_mb = architecture, storage_mb
        self._durations = array("d")
        self.cold_starts = 0
        self.cost_usd = 0.0
        """At list prices (`scar.pricing`)."""

    def add(self, report: Report) -> None:
        self._durations.append(report.duration_ms)
        self.cold_starts += report.init_ms is not None
        self.cost_usd += pricing.cost((report,), architecture=self._architecture, storage_mb=self._storage_mb)

    @property
    def count(self) -> int:
        return len(self._durations)

    def duration_ms(self, share: float) -> float | None:
        """The duration that so large a share of the calls did not exceed; None without calls."""
        return percentile(sorted(self._durations), share) if self._durations else None
