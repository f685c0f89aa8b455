"""The page of `scar report --html`: one file that needs nothing else, and asks nobody for anything.

The plots are plotly's, whose script is in the page. What comes from the log is not ours: it is escaped, also
where plotly takes texts for HTML. The page's own policy forbids the browser to fetch anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from string import Template

from scar import figures, plots
from scar.errors import ScarError
from scar.summary import Summary, advice
from scar.timeline import SHOWN, Timeline

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; \
style-src 'unsafe-inline'; img-src data: blob:">
<meta name="viewport" content="width=device-width">
<title>$title</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 1200px;
  margin: 1.5em auto; padding: 0 1em; }
h1 { font-size: 1.5em; margin: 0 0 .5em; }
h2 { font-size: 1.15em; margin: 1.5em 0 .3em; }
table { border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .2em 1.2em .2em 0; border-bottom: 1px solid #ddd; }
th { font-weight: 600; }
.advice { border-left: 4px solid #e69f00; padding-left: .8em; }
.note { color: #555; font-size: .9em; }
</style>
</head>
<body>
<h1>$title</h1>
$figures
$plots
<p class="note">$notes</p>
</body>
</html>
""")

_PLOTS = Template("""<h2>Calls over time</h2>
<p class="note">$shown Drag to zoom, double-click to see all again, point at a call for its request id.</p>
<div id="timeline"></div>
<h2>Durations</h2>
<div id="durations"></div>
<script>$library</script>
<script>
const options = {displaylogo: false, responsive: true, modeBarButtons: [["zoom2d", "pan2d", "toImage"]]};
const plots = $plots;
for (const name in plots) Plotly.newPlot(name, plots[name].data, plots[name].layout, options);
</script>""")


def library() -> str:
    """The script that draws. Raises ScarError if the package that has it is not installed."""
    try:
        from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]
    except ImportError as error:
        raise ScarError(
            "a page with plots needs plotly, which is not installed",
            hint="pip install 'scar-serverless[report]'",
        ) from error
    script: str = get_plotlyjs()
    return script


def page(summary: Summary, timeline: Timeline, script: str) -> str:
    """The whole of the page, with the script of `library`."""
    return _PAGE.substitute(
        title=escape(f"Calls of {summary.function}"),
        figures="\n".join(
            [_table(figures.rows(summary)), *_failures(summary), *map(_sentence, advice(summary))]
        ),
        plots=_plots(timeline, script) if timeline.count else "<p>No calls have ended in this time.</p>",
        notes=escape(" ".join(f"{note[0].upper()}{note[1:]}." for note in figures.NOTES)),
    )


def _table(rows: Sequence[tuple[str, str]], head: Sequence[str] = ()) -> str:
    first = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = [f"<tr><th>{escape(label)}</th><td>{escape(text)}</td></tr>" for label, text in rows]
    return "\n".join(["<table>", *([f"<tr>{first}</tr>"] if head else []), *lines, "</table>"])


def _failures(summary: Summary) -> list[str]:
    if not summary.failures:
        return []
    return ["<h2>Failures</h2>", _table(figures.failure_rows(summary), ("Calls", "Reason, and the last one"))]


def _sentence(text: str) -> str:
    return f'<p class="advice">{escape(text)}</p>'


def _plots(timeline: Timeline, script: str) -> str:
    calls = timeline.newest()
    drawn = {
        "timeline": plots.timeline(timeline.concurrency(), calls),
        "durations": plots.durations(timeline.histogram()),
    }
    few = len(calls) < timeline.count
    shown = f"The newest {SHOWN:,} calls of {timeline.count:,} are drawn one by one." if few else ""
    return _PLOTS.substitute(
        shown=shown,
        library=script,
        # "<" ends no script, and begins no comment, inside of one.
        plots=json.dumps(drawn, separators=(",", ":")).replace("<", "\\u003c"),
    )
