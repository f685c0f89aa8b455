"""The advice that follows from figures, and how figures are said."""

from __future__ import annotations

import pytest

from scar import figures
from scar.report_line import Report
from scar.statistics import Calls
from scar.summary import Failures, Summary, advice


def summary(
    used: list[int], *, memory: int = 1024, time: int = 60, failures: dict[str, int] | None = None
) -> Summary:
    """A function with ``memory``, whose calls used so much."""
    calls = Calls(architecture="x86_64", storage_mb=512)
    for used_mb in used:
        calls.add(Report("id", 100, 100, memory, used_mb))
    reasons = tuple(Failures(reason, count, "id") for reason, count in (failures or {}).items())
    return Summary("cow", "x86_64", 512, memory, time, 0, 1, 2, 1, calls, reasons)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (summary([200] * 10), "scar update -m 256 cow pays for less"),
        (summary([10] * 10), "scar update -m 128 cow pays for less"),
        (summary([950]), "up to 950 MB of it: scar update -m 1216 cow gives it more"),
        (summary([1024, 9], failures={"out of memory": 1}), "1 call ran out of memory: scar update -m 2048"),
        (summary([9900], memory=10_240), "10240 MB of memory, the most that there is"),
        (summary([9900], memory=10_200), "scar update -m 10240 cow gives it more"),
        (summary([800], failures={"function timed out": 2}), "2 calls ended at the function's time-out"),
        (summary([800], failures={"container timed out": 1}), "60 s now: scar update -t 120 cow"),
        (summary([800], failures={"NoTimeLeft": 1}), "60 s now: scar update -t 120 cow"),
        (summary([800], time=500, failures={"function timed out": 1}), "scar update -t 900 cow"),
        (summary([800], time=900, failures={"function timed out": 1}), "the most that there is: give"),
    ],
)  # fmt: skip
def test_figures_that_call_for_advice(found: Summary, said: str) -> None:
    (sentence,) = advice(found)
    assert said in sentence


@pytest.mark.parametrize(
    "found",
    [
        summary([]),
        summary([200] * 9),
        summary([700] * 10),
        summary([921]),
        summary([60] * 10, memory=128),
        summary([800], failures={"exit status 3": 7}),
    ],
)
def test_figures_that_call_for_none(found: Summary) -> None:
    assert advice(found) == []


def test_advice_is_about_the_memory_that_the_function_has_now() -> None:
    calls = Calls(architecture="x86_64", storage_mb=512)
    calls.add(Report("id", 1, 1, 128, 128))
    assert advice(Summary("cow", "x86_64", 512, 512, 60, 0, 1, 2, 1, calls, ())) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0.00 ms"), (9.994, "9.99 ms"), (9.996, "10.0 ms"), (99.96, "100 ms"), (999.4, "999 ms"),
        (999.6, "1.00 s"), (1234, "1.23 s"), (12_345, "12.3 s"), (900_000, "900 s"),
    ],
)  # fmt: skip
def test_durations_have_three_digits(value: float, said: str) -> None:
    assert figures.milliseconds(value) == said
