"""Figures of many calls, out of their REPORT lines."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import NamedTuple

from scar import pricing
from scar.report_line import Report


class Spread(NamedTuple):
    """How values lie."""

    median: float
    most_of_them: float
    """95 % are not above it."""
    highest: float


class MemoryUse(NamedTuple):
    """What calls used of a size of memory, in MB."""

    paid_for: int
    calls: int
    used: Spread


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (above 0, up to 1) of the values do not exceed.

    ``ascending`` has at least one value, and its values in order.
    """
    return ascending[max(0, math.ceil(len(ascending) * share) - 1)]


def spread(values: Sequence[float]) -> Spread | None:
    """None without values."""
    if not values:
        return None
    ascending = sorted(values)
    return Spread(percentile(ascending, 0.5), percentile(ascending, 0.95), ascending[-1])


class Calls:
    """What calls of one function took. About twenty bytes are kept of each."""

    def __init__(self, *, architecture: str, storage_mb: int) -> None:
        self._architecture, self._storage_mb = architecture, storage_mb
        self._durations = array("d")
        self._starts = array("d")
        self._memory: dict[int, array[int]] = {}
        self.cost_usd = 0.0
        """At list prices (`scar.pricing`)."""

    def add(self, report: Report) -> None:
        self._durations.append(report.duration_ms)
        if report.init_ms is not None:
            self._starts.append(report.init_ms)
        self._memory.setdefault(report.memory_mb, array("q")).append(report.memory_used_mb)
        self.cost_usd += pricing.cost((report,), architecture=self._architecture, storage_mb=self._storage_mb)

    @property
    def count(self) -> int:
        return len(self._durations)

    @property
    def cold_starts(self) -> int:
        return len(self._starts)

    def durations_ms(self) -> Spread | None:
        """None without calls."""
        return spread(self._durations)

    def starts_ms(self) -> Spread | None:
        """What cold starts took before the handler was called; None without any."""
        return spread(self._starts)

    def memory(self) -> list[MemoryUse]:
        """For each size that the function had, the smallest first."""
        return [
            MemoryUse(paid_for, len(used), Spread(*map(int, found)))
            for paid_for, used in sorted(self._memory.items())
            if (found := spread(used)) is not None
        ]
