"""What `scar report` found out about a function's calls: figures, and what they call for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scar import limits
from scar.ended_call import CONTAINER_TIMED_OUT, FUNCTION_TIMED_OUT, NO_TIME_LEFT, OUT_OF_MEMORY
from scar.statistics import Calls, MemoryUse

FEW = 10
"""Calls, from which nothing is concluded about the memory that a function does not need."""
NARROW = 0.9
"""Share of the memory from which on more is advised."""
ROOM = 1.25
"""Advised memory for each MB that was used."""
STEP_MB = 64
"""Advised memory is a multiple of it."""
WORTH_IT = 0.75
"""Share of the present memory above which less is not worth an advice."""


@dataclass(frozen=True)
class Failures:
    """Calls that failed for the same reason."""

    reason: str
    calls: int
    request_id: str
    """Of the last one that was read."""


@dataclass(frozen=True)
class Summary:
    """The figures. Times are in milliseconds since 1970."""

    function: str
    architecture: str
    storage_mb: int
    memory_mb: int
    """Of the function as it is now; calls had what their own figures tell."""
    time_seconds: int
    """Of the function as it is now."""
    since: int
    """From when on the log was read; 0: from its beginning."""
    first: int
    """When the first call began; 0 without calls."""
    last: int
    """When the last call ended; 0 without calls."""
    environments: int
    calls: Calls
    failures: tuple[Failures, ...]
    """The most frequent first."""

    @property
    def failed(self) -> int:
        return sum(one.calls for one in self.failures)

    @property
    def cost_per_1000_usd(self) -> float:
        """0 without calls."""
        return self.calls.cost_usd / self.calls.count * 1000 if self.calls.count else 0.0


def advice(summary: Summary) -> list[str]:
    """Whole sentences with commands; none where the figures call for none."""
    of_memory = _of_memory(summary)
    of_time = _of_time(summary)
    return [*([of_memory] if of_memory else []), *([of_time] if of_time else [])]


def _of_memory(summary: Summary) -> str:
    exhausted = _failed(summary, OUT_OF_MEMORY)
    use = next((one for one in summary.calls.memory() if one.paid_for == summary.memory_mb), None)
    if use is None:  # no call yet with the size that it has now
        return ""
    highest = use.used.highest
    if exhausted or highest > NARROW * use.paid_for:
        return _more_memory(summary, use, exhausted)
    wanted = _roomy(highest)
    if use.calls < FEW or wanted > WORTH_IT * use.paid_for:
        return ""
    return (
        f"The function has {use.paid_for} MB of memory, and {use.calls:,} calls used no more than"
        f" {highest:.0f} MB: scar update -m {wanted} {summary.function} pays for less."
        " (Processors come with memory: calls that compute may take longer.)"
    )


def _more_memory(summary: Summary, use: MemoryUse, exhausted: int) -> str:
    """``exhausted`` calls ran out of memory: they may need far more than there was."""
    highest = use.used.highest
    why = (
        f"{_calls(exhausted)} ran out of memory" if exhausted else f"calls used up to {highest:.0f} MB of it"
    )
    least = 2 * use.paid_for if exhausted else use.paid_for + STEP_MB
    wanted = min(max(_roomy(highest), least), limits.MEMORY_MB[-1])
    if wanted <= use.paid_for:
        return f"The function has {use.paid_for} MB of memory, the most that there is, and {why}."
    return (
        f"The function has {use.paid_for} MB of memory, and {why}:"
        f" scar update -m {wanted} {summary.function} gives it more."
    )


def _of_time(summary: Summary) -> str:
    count = _failed(summary, FUNCTION_TIMED_OUT, CONTAINER_TIMED_OUT, NO_TIME_LEFT)
    if not count:
        return ""
    said = f"{_calls(count)} ended at the function's time-out, which is {summary.time_seconds} s now"
    longest = limits.TIME_SECONDS[-1]
    if summary.time_seconds >= longest:
        return f"{said}, the most that there is: give each call less to do, or the function more memory."
    wanted = min(2 * summary.time_seconds, longest)
    return f"{said}: scar update -t {wanted} {summary.function} gives them more time."


def _failed(summary: Summary, *reasons: str) -> int:
    return sum(one.calls for one in summary.failures if one.reason in reasons)


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def _roomy(used_mb: float) -> int:
    """So much memory that there is room, in MB."""
    return max(limits.MEMORY_MB[0], math.ceil(used_mb * ROOM / STEP_MB) * STEP_MB)
