"""The figures of Lambda's REPORT line, with which the log of every call ends."""

from __future__ import annotations

import re

_FIGURES = {
    "duration_ms": r"\tDuration: ([\d.]+) ms",
    "billed_ms": r"Billed Duration: ([\d.]+) ms",
    "memory_mb": r"Memory Size: (\d+) MB",
    "memory_used_mb": r"Max Memory Used: (\d+) MB",
    "init_ms": r"Init Duration: ([\d.]+) ms",
}


def report_line(log_tail: bytes) -> dict[str, float]:
    """The figures of the last REPORT line; those that it lacks (or all, without such a line) are left out.

    A warm call has no Init Duration.
    """
    reports = [line for line in log_tail.decode(errors="replace").splitlines() if line.startswith("REPORT ")]
    if not reports:
        return {}
    found = {name: re.search(pattern, reports[-1]) for name, pattern in _FIGURES.items()}
    return {name: float(match[1]) for name, match in found.items() if match}
