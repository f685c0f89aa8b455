"""Figures of many calls."""

from __future__ import annotations

import pytest

from scar import pricing, report_line
from scar.statistics import Calls, percentile
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
    assert (calls.count, calls.duration_ms(0.5), calls.cost_usd) == (0, None, 0)
    reports = [report_line.parse(batch_server.report("id", init=warm)) for warm in (True, False, False)]
    for report in reports:
        assert report is not None
        calls.add(report)
    assert (calls.count, calls.cold_starts, calls.duration_ms(0.95)) == (3, 1, 100)
    expected = pricing.cost(filter(None, reports), architecture="arm64", storage_mb=1024)
    assert calls.cost_usd == pytest.approx(expected)
