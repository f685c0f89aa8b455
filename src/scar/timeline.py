"""What is drawn of a function's calls: when they were, how many at once, and how long they took."""

from __future__ import annotations

import heapq
import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import count, groupby, pairwise
from typing import Final, NamedTuple

from scar.ended_call import EndedCall

WARM: Final = "warm"
COLD: Final = "cold"
FAILED: Final = "failed"
KINDS: Final = (WARM, COLD, FAILED)

SHOWN = 5000
"""Calls that are drawn one by one: what a browser draws in a second."""
STEPS = 2000
"""Of the curve: more than a screen has columns."""
BINS = 30
"""Of a histogram in equal steps, at most."""


def kind(call: EndedCall) -> str:
    """A call that failed is nothing else."""
    if call.failure:
        return FAILED
    return WARM if call.report.init_ms is None else COLD


class Bin(NamedTuple):
    """The calls that took as long as this or longer, but less than ``end``."""

    start: float
    """Milliseconds."""
    end: float
    counts: dict[str, int]
    """Of each kind."""


class Timeline:
    """Takes calls in any order. Of each it keeps its times, of the newest ones all."""

    def __init__(self) -> None:
        self._began = array("q")
        self._ended = array("q")
        self._durations = {name: array("d") for name in KINDS}
        self._newest: list[tuple[int, int, EndedCall]] = []

    def add(self, call: EndedCall) -> None:
        self._durations[kind(call)].append(call.report.duration_ms)
        entry = (call.began, len(self._began), call)  # the number decides, never the call
        self._began.append(call.began)
        self._ended.append(call.ended)
        if len(self._newest) < SHOWN:
            heapq.heappush(self._newest, entry)
        else:
            heapq.heappushpop(self._newest, entry)

    @property
    def count(self) -> int:
        return len(self._began)

    def newest(self) -> list[EndedCall]:
        """The calls to be drawn one by one, in order of time."""
        return [call for *_, call in sorted(self._newest)]

    def concurrency(self) -> list[tuple[int, int]]:
        """How many calls there were at once from each moment on, as steps; between close ones the highest.

        Moments are in milliseconds since 1970.
        """
        if not self.count:
            return []
        first = min(self._began)
        width = (max(self._ended) - first) // STEPS + 1
        steps: list[tuple[int, int]] = []
        level = 0
        for number, changes in groupby(self._changes(), lambda change: (change[0] - first) // width):
            highest = level
            for _, change in changes:
                level += change
                highest = max(highest, level)
            start = first + number * width
            if steps and steps[-1][0] == start:
                steps.pop()
            steps += [(start, highest), (start + width, level)]
        return steps

    def _changes(self) -> Iterator[tuple[int, int]]:
        """Moments at which a call begins (1) or ends (-1), in order; ends come before begins."""
        begin = ((moment, 1) for moment in sorted(self._began))
        end = ((moment, -1) for moment in sorted(self._ended))
        return heapq.merge(begin, end)

    def histogram(self) -> list[Bin]:
        """How many calls of each kind took how long; empty without calls."""
        found = [values for values in self._durations.values() if values]
        if not found:
            return []
        edges = edges_of(min(map(min, found)), max(map(max, found)))
        bins = [Bin(start, end, dict.fromkeys(KINDS, 0)) for start, end in pairwise(edges)]
        for name, values in self._durations.items():
            for value in values:
                bins[bisect_right(edges, value) - 1].counts[name] += 1
        return bins


def lanes(calls: Sequence[EndedCall]) -> list[int]:
    """For each of the calls, which are in order of time, the row of its environment, from 0.

    An environment whose last call has ended leaves its row to a later one: there are as many rows as there
    were environments at once.
    """
    last_ends: dict[str, int] = {}
    for call in calls:
        last_ends[call.stream] = max(last_ends.get(call.stream, 0), call.ended)
    rows: dict[str, int] = {}
    free_from: list[int] = []
    for call in calls:
        if call.stream in rows:
            continue
        row = next((row for row, end in enumerate(free_from) if end <= call.began), len(free_from))
        free_from[row : row + 1] = [last_ends[call.stream]]
        rows[call.stream] = row
    return [rows[call.stream] for call in calls]


def edges_of(lowest: float, highest: float) -> list[float]:
    """Round numbers that part the values from the lowest to the highest, which is below the last edge.

    In equal steps, or in growing ones where the highest is many times the lowest.
    """
    if highest < 20 * lowest or highest < 1:
        step = _round_step((highest - lowest) or highest / 10 or 1)
        # Rounded first: 0.29 / 0.01 is a little less than 29.
        first, last = (math.floor(round(value / step, 6)) for value in (lowest, highest))
        edges = [round(number * step, 6) for number in range(first, last + 2)]
    else:
        edges = [0.0] if lowest < 1 else []
        numbers = (factor * 10**power for power in count() for factor in (1, 1.5, 2, 3, 5, 7))
        while (edge := next(numbers)) <= highest:
            edges.append(edge)
        edges.append(edge)
        while edges[1] <= lowest:
            edges.pop(0)
    return edges


def _round_step(span: float) -> float:
    """1, 2 or 5 times a power of 10, which goes into the span fewer than BINS times."""
    power: float = 10.0 ** math.floor(math.log10(span / BINS))
    return next(factor * power for factor in (1, 2, 5, 10, 20) if span / (factor * power) < BINS - 1)
