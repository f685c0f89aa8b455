"""The plots of a page, as the documents of data and layout that plotly draws: https://plotly.com/javascript/reference/

Plotly takes texts for HTML: what comes from a log is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Any

from scar import figures
from scar.ended_call import EndedCall
from scar.timeline import COLD, FAILED, KINDS, WARM, Bin, kind, lanes

COLOURS = {WARM: "#4c9bd6", COLD: "#e69f00", FAILED: "#8b0000"}
"""That differ in brightness, too, for those who see colours otherwise."""
_USED_COLOUR, _PAID_COLOUR, _CURVE_COLOUR = "#2a7f62", "#222222", "#555555"
_GRID = "#eeeeee"

_FEW = 6
"""So many numbers have a mark each on an axis."""

# Heights in pixels.
_CURVE, _MEMORY, _DURATIONS = 150, 170, 380
_ROW, _ROWS = 14, range(40, 600)
_GAP = 30
_MARGINS = {"l": 70, "r": 20, "t": 40, "b": 60}


def timeline(steps: Sequence[tuple[int, int]], calls: Sequence[EndedCall]) -> dict[str, Any]:
    """Three plots over one axis of time: calls at once, the environments, and memory.

    ``steps`` are the curve's; ``calls``, at least one, are drawn one by one, and are in order of time.
    """
    rows = lanes(calls)
    of_rows = min(max((max(rows) + 1) * _ROW, _ROWS[0]), _ROWS[-1])
    whole = _CURVE + _GAP + of_rows + _GAP + _MEMORY
    highest = max(level for _, level in steps)
    most_memory = max(call.report.memory_mb for call in calls)
    return {
        "data": [
            _curve(steps),
            *(_bars(name, calls, rows) for name in KINDS),
            _memory_used(calls),
            _memory_paid_for(calls),
        ],
        "layout": _layout(
            height=whole + _MARGINS["t"] + _MARGINS["b"],
            barmode="overlay",
            bargap=0.15,
            xaxis={"type": "date", "title": {"text": "time (UTC)"}, "anchor": "y3", "gridcolor": _GRID},
            yaxis=_axis("at once", domain=[1 - _CURVE / whole, 1], **_whole_numbers(highest)),
            yaxis2=_axis(
                "environments",
                domain=[(_MEMORY + _GAP) / whole, (_MEMORY + _GAP + of_rows) / whole],
                range=[max(rows) + 0.6, -0.6],
                showticklabels=False,
                showgrid=False,
                zeroline=False,
            ),
            yaxis3=_axis("memory (MB)", domain=[0, _MEMORY / whole], range=[0, 1.1 * most_memory]),
        ),
    }


def _curve(steps: Sequence[tuple[int, int]]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": "calls at once",
        "x": [moment for moment, _ in steps],
        "y": [level for _, level in steps],
        "mode": "lines",
        "line": {"shape": "hv", "color": _CURVE_COLOUR, "width": 1.5},
        "fill": "tozeroy",
        "fillcolor": "#e5e5e5",
        "hovertemplate": "%{y} at once<extra></extra>",
        "showlegend": False,
    }


def _bars(name: str, calls: Sequence[EndedCall], rows: Sequence[int]) -> dict[str, Any]:
    """The calls of a kind, each as long as it took. Its outline shows also what is short."""
    chosen = [(call, row) for call, row in zip(calls, rows, strict=True) if kind(call) == name]
    return {
        "type": "bar",
        "name": name,
        "orientation": "h",
        "base": [call.began for call, _ in chosen],
        "x": [call.ended - call.began for call, _ in chosen],
        "y": [row for _, row in chosen],
        "customdata": [_told(call) for call, _ in chosen],
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {"color": COLOURS[name], "line": {"color": COLOURS[name], "width": 1}},
        "yaxis": "y2",
    }


def _told(call: EndedCall) -> str:
    """What is shown of a call, as the HTML that plotly takes texts for."""
    report = call.report
    lines = [
        report.request_id,
        figures.milliseconds(report.duration_ms),
        f"{report.memory_used_mb:,} MB used of {report.memory_mb:,} MB",
    ]
    if report.init_ms is not None:
        lines.append(f"cold start: {figures.milliseconds(report.init_ms)} before")
    if call.failure:
        lines.append(f"failed: {call.failure}")
    return "<br>".join(map(escape, lines))


def _memory_used(calls: Sequence[EndedCall]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": "memory used",
        "x": [call.ended for call in calls],
        "y": [call.report.memory_used_mb for call in calls],
        "mode": "markers",
        "marker": {"color": _USED_COLOUR, "size": 5},
        "customdata": [escape(call.report.request_id) for call in calls],
        "hovertemplate": "%{customdata}<br>%{y} MB used<extra></extra>",
        "yaxis": "y3",
    }


def _memory_paid_for(calls: Sequence[EndedCall]) -> dict[str, Any]:
    """A line from the first call to the last, with a step where the size was changed."""
    points = [(call.began, call.report.memory_mb) for call in calls]
    inner = [new for old, new in pairwise(points) if old[1] != new[1]]
    points = [points[0], *inner, (max(call.ended for call in calls), points[-1][1])]
    return {
        "type": "scatter",
        "name": "memory paid for",
        "x": [moment for moment, _ in points],
        "y": [size for _, size in points],
        "mode": "lines",
        "line": {"shape": "hv", "color": _PAID_COLOUR, "dash": "dash", "width": 1.5},
        "hovertemplate": "%{y} MB paid for<extra></extra>",
        "yaxis": "y3",
    }


def durations(bins: Sequence[Bin]) -> dict[str, Any]:
    """How many calls took how long. The labels of the bars, at least one, are where they begin."""
    highest = max(sum(one.counts.values()) for one in bins)
    places = list(range(len(bins)))
    starts = [figures.milliseconds(one.start) for one in bins]
    ranges = [f"{figures.milliseconds(one.start)} to {figures.milliseconds(one.end)}" for one in bins]
    return {
        "data": [
            {
                "type": "bar",
                "name": name,
                "x": places,
                "y": [one.counts[name] for one in bins],
                "customdata": ranges,
                "hovertemplate": f"%{{customdata}}: %{{y}} {name}<extra></extra>",
                "marker": {"color": COLOURS[name]},
            }
            for name in KINDS
        ],
        "layout": _layout(
            height=_DURATIONS,
            barmode="stack",
            bargap=0.05,
            xaxis={
                "title": {"text": "duration, from"},
                "tickvals": places,
                "ticktext": starts,
                "range": [-_FEW / 2, _FEW / 2] if len(bins) < _FEW else [-0.6, len(bins) - 0.4],
            },
            yaxis=_axis("calls", **_whole_numbers(highest)),
        ),
    }


def _axis(title: str, **more: Any) -> dict[str, Any]:
    return {"title": {"text": title}, "rangemode": "tozero", "gridcolor": _GRID, **more}


def _whole_numbers(highest: int) -> dict[str, Any]:
    """What keeps an axis of counts from having marks between them."""
    return {"tickformat": ",d", **({"dtick": 1} if highest < _FEW else {})}


def _layout(**more: Any) -> dict[str, Any]:
    return {
        "font": {"family": "system-ui, sans-serif", "color": "#222222", "size": 13},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "hovermode": "closest",
        "margin": _MARGINS,
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "traceorder": "normal"},
        **more,
    }
