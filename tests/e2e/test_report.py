"""`scar report` tells what was done: calls that were cold, warm, failed, and ended at the time-out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import open_page
from tests.e2e.conftest import IMAGE, Scar

PATIENCE = 60
"""Seconds for asynchronous calls and their tries."""

TRIES = 3
"""Of an asynchronous call that fails."""


@pytest.fixture
def function(scar: Scar) -> Iterator[str]:
    """A function whose containers have 3 s. Its first call has pulled the image, with a minute for it."""
    options = ("-m", "512", "-t", "60", "-tt", "57", "--preheat")
    assert scar("init", "-n", "reported", *options, IMAGE).status == 0
    yield "reported"
    assert scar("rm", "reported").status == 0


def reported(scar: Scar, function: str, calls: int) -> Any:
    """The figures, as soon as so many calls have ended."""
    deadline = time.monotonic() + PATIENCE
    while (document := scar("report", "--json", function).json)["calls"] < calls:
        assert time.monotonic() < deadline, document
        time.sleep(0.2)
    return document


def test_figures_agree_with_what_was_done(scar: Scar, function: str, tmp_path: Path) -> None:
    assert scar("run", function, "/bin/true").status == 0
    assert scar("run", function, "/bin/sleep", "0.5").status == 0
    assert scar("run", function, "/bin/sh", "-c", "exit 7").status == 7
    assert scar("run", "--async", function, "/bin/sh", "-c", "exit 7").status == 0
    reported(scar, function, 2 + 2 + TRIES)
    assert scar("update", "-m", "256", function).status == 0  # the next call is cold
    late = scar("run", function).status != 0  # fetching the image can leave nothing of the 3 s
    assert scar("run", "--async", function, "/bin/sleep", "30").status == 0
    found = reported(scar, function, 5 + 2 * TRIES)
    assert (found["calls"], found["environments"], found["cold_starts"]) == (5 + 2 * TRIES, 2, 2)
    reasons = {one["reason"]: (one["calls"], one["last_request_id"]) for one in found["failures"]}
    assert found["failed"] == 1 + 2 * TRIES + late
    assert set(reasons) >= {"exit status 7", "container timed out"}
    calls, request_id = reasons["exit status 7"]
    assert calls == 1 + TRIES
    assert b"SCAR-PROCESSED" in scar("log", "-ri", request_id, function).stdout
    assert found["duration_ms"]["max"] >= 2900
    assert [(use["paid_for"], use["calls"]) for use in found["memory_mb"]] == [
        (256, 1 + TRIES),
        (512, 4 + TRIES),
    ]
    assert all(0 < use["used"]["max"] <= use["paid_for"] for use in found["memory_mb"])
    gb_seconds = TRIES * 2.9 * 0.25 + 0.5 * 0.5
    assert found["cost_usd"] > found["calls"] * 0.2e-6 + gb_seconds * 0.0000166667
    assert any("scar update -t 120 reported" in sentence for sentence in found["advice"])

    page = tmp_path / "page.html"
    ran = scar("report", "--html", page, function)
    assert ran.status == 0
    assert f"(scar log --local -ri {request_id} reported)".encode() in ran.stdout
    seen = open_page(page)
    assert (seen.console, seen.requests) == ([], [])
    bars = seen.document.partition('id="durations"')[0].count('<g class="point"')
    assert bars == found["calls"]
    assert f"scar log -ri {request_id} reported" in seen.document
