"""What is drawn of calls, against cases counted by hand."""

from __future__ import annotations

import random

import pytest

from scar import timeline
from scar.ended_call import EndedCall
from scar.report_line import Report
from scar.timeline import COLD, FAILED, WARM, Timeline, edges_of, lanes


def call(
    started: int, duration: float, *, init: float | None = None, stream: str = "s", failure: str = ""
) -> EndedCall:
    return EndedCall(Report("id", duration, round(duration), 128, 56, init), stream, started, failure)


def of(*calls: EndedCall) -> Timeline:
    made = Timeline()
    for one in calls:
        made.add(one)
    return made


def test_calls_at_once_are_counted_with_cold_starts() -> None:
    drawn = of(call(1000, 100), call(1050, 100), call(1200, 10, init=100))
    assert drawn.concurrency() == [
        (1000, 1), (1001, 1),
        (1050, 2), (1051, 2),
        (1100, 2), (1101, 2),
        (1150, 2), (1151, 1),
        (1210, 1), (1211, 0),
    ]  # fmt: skip


def test_a_call_that_follows_another_at_once_is_not_beside_it() -> None:
    assert max(level for _, level in of(call(1000, 100), call(1100, 100)).concurrency()) == 1


def test_a_curve_of_many_calls_keeps_its_peaks_in_few_steps() -> None:
    day = 86_400_000
    crowd = [call(day // 2 + number, 1000) for number in range(500)]
    steps = of(*crowd, *(call(moment, 500) for moment in range(0, day, 10_000))).concurrency()
    assert len(steps) <= 2 * (timeline.STEPS + 1)
    assert max(level for _, level in steps) == 501
    assert steps == sorted(steps)
    assert steps[-1][1] == 0


def test_an_environment_has_a_row_until_its_last_call_has_ended() -> None:
    calls = [
        call(0, 10, stream="a"),
        call(5, 10, stream="b"),
        call(50, 10, stream="a"),
        call(55, 10, stream="c"),
        call(60, 10, stream="d"),
    ]
    assert lanes(calls) == [0, 1, 0, 1, 0]


def test_the_newest_calls_are_kept_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "SHOWN", 3)
    drawn = of(*(call(moment, 1) for moment in (50, 10, 40, 20, 30, 40)))
    assert [one.started for one in drawn.newest()] == [40, 40, 50]
    assert drawn.count == 6


def test_a_histogram_counts_each_kind() -> None:
    bins = of(
        call(0, 12), call(0, 18, init=5), call(0, 12, failure="no"), call(0, 12, init=1, failure="no")
    ).histogram()
    counted = {
        name: [(one.start, count) for one in bins if (count := one.counts[name])]
        for name in (WARM, COLD, FAILED)
    }
    assert counted == {WARM: [(12, 1)], COLD: [(18, 1)], FAILED: [(12, 2)]}
    assert Timeline().histogram() == []
    assert Timeline().concurrency() == []


@pytest.mark.parametrize(
    ("lowest", "highest"),
    [
        (0, 0),
        (5, 5),
        (0.01, 0.3),
        (1, 19),
        (3, 70),
        (0, 900_000),
        (0.5, 900_000),
        (899_999, 900_000),
        (100, 2000),
    ],
)
def test_edges_hold_all_values_between_them_in_few_rising_steps(lowest: float, highest: float) -> None:
    edges = edges_of(lowest, highest)
    assert edges == sorted(set(edges))
    assert edges[0] <= lowest < edges[1]
    assert edges[-2] <= highest < edges[-1]
    assert len(edges) <= 45


def test_edges_hold_all_durations_that_lambda_prints() -> None:
    """With two decimals, which are no exact binary fractions."""
    numbers = random.Random(1)
    for _ in range(3000):
        lowest, highest = sorted(round(10 ** numbers.uniform(-1, 5), 2) for _ in range(2))
        edges = edges_of(lowest, highest)
        assert edges[0] <= lowest < edges[1], (lowest, highest)
        assert edges[-2] <= highest < edges[-1], (lowest, highest)


def test_edges_grow_where_values_differ_much() -> None:
    assert edges_of(12, 350) == [10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500]
