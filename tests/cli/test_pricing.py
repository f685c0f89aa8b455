"""What calls cost, against sums made by hand from AWS's prices."""

from __future__ import annotations

import pytest

from scar import pricing
from scar.report_line import Report


def calls(count: int, billed_ms: int, memory_mb: int) -> list[Report]:
    return [Report("id", float(billed_ms), billed_ms, memory_mb, 60)] * count


@pytest.mark.parametrize(
    ("architecture", "storage_mb", "usd"),
    [
        # A million calls of 1 s with 1,024 MB: a million GB-seconds and $0.20 of requests.
        ("x86_64", 512, 16.6667 + 0.20),
        ("arm64", 512, 13.3334 + 0.20),
        # 9,728 MB of /tmp are paid for: 9.5 GB for a million seconds.
        ("x86_64", 10_240, 16.6667 + 0.20 + 9.5 * 0.0309),
    ],
)
def test_a_million_calls(architecture: str, storage_mb: int, usd: float) -> None:
    each = pricing.cost(calls(1000, 1000, 1024), architecture=architecture, storage_mb=storage_mb)
    assert each * 1000 == pytest.approx(usd)


def test_memory_and_time_are_paid_as_they_were_in_each_call() -> None:
    reports = calls(1, 500, 128) + calls(1, 2000, 2048)
    expected = 2 * 0.20e-6 + (0.5 * 0.125 + 2.0 * 2.0) * 0.0000166667
    assert pricing.cost(iter(reports), architecture="x86_64", storage_mb=512) == pytest.approx(expected)


def test_no_calls_cost_nothing() -> None:
    assert pricing.cost([], architecture="arm64", storage_mb=10_240) == 0
