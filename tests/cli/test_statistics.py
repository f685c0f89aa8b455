"""Figures of many calls."""

from __future__ import annotations

import pytest

from scar import pricing, report_line
from scar.report_line import Report
from scar.statistics import Calls, MemoryUse, Spread, percentile
from tests.cli import batch_server


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7], 0.5, 7),
        ([7], 0.95, 7),
        ([1, 2], 0.5, 1),
        ([1, 2, 3], 0.5, 2),
        (range(1, 101), 0.5, 50),
        (range(1, 101), 0.95, 95),
        (range(1, 101), 1, 100),
        (range(1, 21), 0.95, 19),
    ],
)
def test_percentile(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_calls() -> None:
    calls = Calls(architecture="arm64", storage_mb=1024)
    assert (calls.count, calls.durations_ms(), calls.cost_usd) == (0, None, 0)
    reports = [report_line.parse(batch_server.report("id", init=warm)) for warm in (True, False, False)]
    for report in reports:
        assert report is not None
        calls.add(report)
    assert (calls.count, calls.cold_starts, calls.durations_ms()) == (3, 1, Spread(100, 100, 100))
    expected = pricing.cost(filter(None, reports), architecture="arm64", storage_mb=1024)
    assert calls.cost_usd == pytest.approx(expected)


def test_figures_of_a_hundred_calls() -> None:
    calls = Calls(architecture="x86_64", storage_mb=512)
    for number in range(1, 101):
        calls.add(Report("id", number, number, 128, number, 500.0 if number > 97 else None))
    assert (calls.count, calls.cold_starts) == (100, 3)
    assert calls.durations_ms() == Spread(50, 95, 100)
    assert calls.starts_ms() == Spread(500, 500, 500)
    assert calls.memory() == [MemoryUse(128, 100, Spread(50, 95, 100))]
    assert calls.cost_usd == pytest.approx(100 * 0.2e-6 + 5.050 * 0.125 * 0.0000166667)


def test_each_size_of_memory_has_its_figures() -> None:
    calls = Calls(architecture="x86_64", storage_mb=512)
    for memory_mb in (512, 128, 512):
        calls.add(Report("id", 1, 1, memory_mb, memory_mb // 2))
    assert [(use.paid_for, use.calls, use.used.median) for use in calls.memory()] == [
        (128, 1, 64),
        (512, 2, 256),
    ]
