"""The figures of a `scar report` in words, the same on a terminal and on a page."""

from __future__ import annotations

from datetime import UTC, datetime

from scar.statistics import MemoryUse, Spread
from scar.summary import Summary

NOTES = (
    "not in the log: calls that Lambda refused (throttled), exit statuses of calls that scar run waited for",
    "costs are Lambda's list prices of US East (N. Virginia), without free tier, S3 and logs",
)
"""What is to be known of the figures."""


def rows(summary: Summary) -> list[tuple[str, str]]:
    """Labels and texts."""
    calls = summary.calls
    environments = summary.environments
    found = [
        ("Calls", f"{calls.count:,} in {environments:,} environment{'s' if environments != 1 else ''}"),
        ("Period", f"{moment(summary.first)} to {moment(summary.last)}" if calls.count else "no calls"),
        ("Duration", _of_time(calls.durations_ms())),
        ("Cold starts", _share(calls.cold_starts, calls.count)),
        ("Start-up", _of_time(calls.starts_ms())),
        *(("Memory", _of_memory(use)) for use in calls.memory()),
        ("Cost", f"${calls.cost_usd:,.6f}; ${summary.cost_per_1000_usd:,.6f} per 1,000 calls (an estimate)"),
        ("Failed", _share(summary.failed, calls.count)),
    ]
    return [(label, text) for label, text in found if text]


def failure_rows(summary: Summary) -> list[tuple[str, str]]:
    """Counts, and reasons with where to look."""
    return [
        (f"{one.calls:,}", f"{one.reason} (scar log -ri {one.request_id} {summary.function})")
        for one in summary.failures
    ]


def milliseconds(value: float) -> str:
    """A duration with three digits that count, in the unit that suits it."""
    if value < 999.5:
        return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f} ms"
    seconds = value / 1000
    return f"{seconds:.{2 if seconds < 9.995 else 1 if seconds < 99.95 else 0}f} s"


def moment(value: int) -> str:
    """Milliseconds since 1970 as a time to the second."""
    return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _of_time(found: Spread | None) -> str:
    if found is None:
        return ""
    median, most_of_them, highest = map(milliseconds, found)
    return f"median {median}, 95 % within {most_of_them}, at most {highest}"


def _of_memory(use: MemoryUse) -> str:
    used = use.used
    share = used.highest / use.paid_for
    return (
        f"{use.paid_for:,} MB paid for; used: median {used.median:,.0f} MB, 95 % within"
        f" {used.most_of_them:,.0f} MB, at most {used.highest:,.0f} MB ({100 * share:.0f} %)"
    )


def _share(count: int, of: int) -> str:
    return f"{count:,} ({100 * count / of:.1f} %)" if of else ""
