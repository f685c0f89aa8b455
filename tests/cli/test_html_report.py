"""The page of `scar report --html` in a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scar import html_report
from scar.ended_call import EndedCall
from scar.report_line import Report
from scar.statistics import Calls
from scar.summary import Failures, Summary
from scar.timeline import Timeline
from tests.browser import Seen, open_page

HOSTILE = '<img src=x onerror="document.title=1">&amp;</script><script>document.title=2</script>'


def call(number: int) -> EndedCall:
    """Of every ten the first is cold and the last one fails; they overlap."""
    report = Report(
        f"id-{number}-{HOSTILE}", 200.0 + number % 50, 300, 512, 60, 150.0 if number % 10 == 0 else None
    )
    failure = HOSTILE if number % 10 == 9 else ""
    return EndedCall(report, f"s/{number % 7}", 1_795_302_477_000 + 40 * number, failure)


def timeline_of(count: int) -> Timeline:
    timeline = Timeline()
    for number in range(count):
        timeline.add(call(number))
    return timeline


def page_of(count: int) -> str:
    calls = Calls(architecture="x86_64", storage_mb=512)
    for number in range(count):
        calls.add(call(number).report)
    failures = (Failures(HOSTILE, count // 10, HOSTILE),) if count >= 10 else ()
    summary = Summary(HOSTILE, "x86_64", 512, 512, 60, 0, 1, 2, 7, calls, failures)
    return html_report.page(summary, timeline_of(count), html_report.library())


def opened(tmp_path: Path, text: str, script: str = "") -> Seen:
    """The page, with a script of the test's at its end."""
    file = tmp_path / "page.html"
    file.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
    return open_page(file)


def marks(document: str) -> dict[str, int]:
    """How many marks of each kind plotly has drawn."""
    timeline, _, durations = document.partition('id="durations"')
    return {
        "bars": timeline.count('<g class="point"'),
        "dots": timeline.count('<path class="point'),
        "curves": timeline.count('class="trace scatter'),
        "histogram": durations.count('<g class="point"'),
    }


@pytest.mark.parametrize("count", [1, 30, 5000])
def test_every_call_is_drawn_and_nothing_is_fetched(tmp_path: Path, count: int) -> None:
    seen = opened(tmp_path, page_of(count))
    assert (seen.console, seen.requests) == ([], [])
    parts = 3 * len(timeline_of(count).histogram())  # of each bar: warm, cold, failed
    assert marks(seen.document) == {"bars": count, "dots": count, "curves": 3, "histogram": parts}


def test_of_more_calls_the_newest_are_drawn(tmp_path: Path) -> None:
    seen = opened(tmp_path, page_of(5100))
    assert marks(seen.document)["bars"] == 5000
    assert "The newest 5,000 calls of 5,100 are drawn one by one." in seen.document


def test_a_call_that_is_pointed_at_tells_its_request(tmp_path: Path) -> None:
    """The fourth trace is of the calls that failed; texts of theirs are no HTML."""
    hover = "Plotly.Fx.hover('timeline', [{curveNumber: 3, pointNumber: 0}], 'xy2')"
    seen = opened(tmp_path, page_of(30), hover)
    hovering = seen.document.partition('class="hoverlayer"')[2].partition("</svg>")[0]
    shown = re.sub("<[^>]*>", "", hovering)
    assert "id-9-&lt;img src=x" in shown
    assert "failed: &lt;img src=x" in shown
    assert (seen.console, seen.requests) == ([], [])


def test_names_and_reasons_are_no_html(tmp_path: Path) -> None:
    seen = opened(tmp_path, page_of(30))
    assert "<img" not in seen.document
    assert re.findall("<title>(.*?)</title>", seen.document)[0].startswith("Calls of &lt;img")
    assert '<h1>Calls of &lt;img src=x onerror="' in seen.document


def test_a_page_that_talks_would_be_caught(tmp_path: Path) -> None:
    seen = opened(tmp_path, "<body></body>", "fetch('http://127.0.0.1:9/'); console.error('moo')")
    assert seen.requests == ["http://127.0.0.1:9/"]
    assert any("moo" in line for line in seen.console)


def test_the_page_may_not_fetch_anything(tmp_path: Path) -> None:
    """Whatever the library would like to load, a page's policy forbids."""
    seen = opened(tmp_path, page_of(1), "fetch('http://127.0.0.1:9/')")
    assert seen.requests == []
    assert any("Content Security Policy" in line for line in seen.console)
