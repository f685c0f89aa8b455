"""`scar report` against moto: figures out of the lines that Lambda and the supervisor write."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scar_supervisor.contract import Processed
from tests.cli.support import BASE, Account, Scar, write_log

COWSAY = "grycap/cowsay"


def call(request: str, duration: int, used: int, *, more: str = "", work: str = "") -> list[str]:
    """The lines of one call that had 512 MB."""
    times = f"Duration: {duration} ms\tBilled Duration: {duration} ms"
    figures = f"{times}\tMemory Size: 512 MB\tMax Memory Used: {used} MB"
    return [
        f"START RequestId: {request} Version: $LATEST",
        work or "moo",
        f"END RequestId: {request}",
        f"REPORT RequestId: {request}\t{figures}\t{more}",
    ]


@pytest.fixture
def logged(scar: Scar, account: Account) -> None:
    """Five calls in two environments: cold, warm, failed; cold, timed out."""
    scar("init", "-n", "cowsay", "-m", "512", "-t", "30", COWSAY)
    failed = Processed(request_id="id-3", exit_code=3, error="ContainerFailed: exit status 3").line().rstrip()
    one = [
        *call("id-1", 3000, 60, more="Init Duration: 250.5 ms"),
        *call("id-2", 100, 60),
        *call("id-3", 200, 61, work=failed),
    ]
    write_log(account, "s/one", range(0, 12_000, 1000), one)
    two = [
        *call("id-4", 3500, 60, more="Init Duration: 150 ms"),
        *call("id-5", 30_000, 70, more="Status: timeout"),
    ]
    write_log(account, "s/two", range(500, 8500, 1000), two)


def test_json(scar: Scar, logged: None) -> None:
    document = scar("report", "--json", "cowsay").json
    cost = document.pop("cost_usd")
    assert cost == pytest.approx(5 * 0.2e-6 + 36.8 * 0.5 * 0.0000166667)
    assert document.pop("cost_per_1000_usd") == pytest.approx(200 * cost)
    (advice,) = document.pop("advice")
    assert "scar update -t 60 cowsay" in advice
    moment = datetime.fromtimestamp(BASE / 1000 - 0.25, UTC).isoformat(timespec="milliseconds")
    assert document == {
        "function": "cowsay",
        "since": None,
        "first": moment,
        "last": datetime.fromtimestamp(BASE / 1000 + 34.5, UTC).isoformat(timespec="milliseconds"),
        "calls": 5,
        "environments": 2,
        "duration_ms": {"median": 3000, "p95": 30_000, "max": 30_000},
        "memory_mb": [{"paid_for": 512, "calls": 5, "used": {"median": 60, "p95": 70, "max": 70}}],
        "cold_starts": 2,
        "init_ms": {"median": 150, "p95": 250.5, "max": 250.5},
        "failed": 2,
        "failures": [
            {"reason": "exit status 3", "calls": 1, "last_request_id": "id-3"},
            {"reason": "function timed out", "calls": 1, "last_request_id": "id-5"},
        ],
    }
    assert scar("report", "-v", "cowsay").json["time"] == 30


def test_words(scar: Scar, logged: None) -> None:
    ran = scar("report", "cowsay")
    assert "throttled" in ran.stderr
    assert ran.out.splitlines()[2:9] == [
        "Duration     median 3.00 s, 95 % within 30.0 s, at most 30.0 s",
        "Cold starts  2 (40.0 %)",
        "Start-up     median 150 ms, 95 % within 250 ms, at most 250 ms",
        "Memory       512 MB paid for; used: median 60 MB, 95 % within 70 MB, at most 70 MB (14 %)",
        "Cost         $0.000308; $0.061533 per 1,000 calls (an estimate)",
        "Failed       2 (40.0 %)",
        "             1 x exit status 3 (scar log -ri id-3 cowsay)",
    ]


def test_since(scar: Scar, logged: None) -> None:
    moment = datetime.fromtimestamp(BASE / 1000 + 7, UTC).isoformat()
    document = scar("report", "--json", "--since", moment, "cowsay").json
    assert (document["calls"], document["since"]) == (3, moment.replace("+", ".000+"))
    assert scar("report", "--since", "2100-01-01", "cowsay").status == 0
    assert scar("report", "--json", "--since", "2100-01-01", "cowsay").json["duration_ms"] is None
    assert scar("report", "--since", "yesterday", "cowsay").status == 2


def test_a_page_takes_the_place_of_a_file(scar: Scar, logged: None, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("before")
    assert scar("report", "--html", str(page), "cowsay").status == 0
    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert "Calls of cowsay" in text
    assert scar("report", "--since", "2100-01-01", "--html", str(page), "cowsay").status == 0
    assert "No calls have ended" in page.read_text()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("none/page.html", "there is no such folder"),
        (".", "it is there, and is no file"),
        ("x" * 300, "File name too long"),
    ],
)
def test_a_page_that_cannot_be_written_is_refused_first(scar: Scar, file: str, said: str) -> None:
    ran = scar("report", "--html", file, "cowsay")
    assert (ran.status, said in ran.stderr) == (2, True)


def test_a_page_needs_the_library(scar: Scar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    ran = scar("report", "--html", str(tmp_path / "page.html"), "cowsay")
    assert ran.status == 1
    assert "pip install 'scar-serverless[report]'" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_function_and_no_log(scar: Scar, account: Account) -> None:
    assert "no function cowsay in us-east-1" in scar("report", "cowsay").stderr
    account.make_anothers("theirs")
    assert "function theirs was not made by SCAR" in scar("report", "theirs").stderr
    scar("init", "-n", "cowsay", COWSAY)
    assert scar("report", "--json", "cowsay").json["calls"] == 0
    account.logs.delete_log_group(logGroupName="/aws/lambda/cowsay")
    assert "no log of function cowsay" in scar("report", "cowsay").stderr
