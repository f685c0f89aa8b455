"""`scar report`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from scar import config, figures
from scar.cli import hints, output
from scar.cli.options import Command, settings_of
from scar.ops import since as point_in_time
from scar.ops.cloud import connect
from scar.ops.log import LogRequest
from scar.ops.page import Page
from scar.ops.report import report
from scar.statistics import Spread
from scar.summary import Summary, advice


@click.command(cls=Command, name="report", epilog="Example: scar report --since 1d --html day.html cowsay")
@click.argument("name")
@click.option(
    "--since",
    metavar="TIME",
    help="Not the calls that ended before: 10m, 2h, 1d, or a time such as 2026-11-21T10:00Z.",
)
@click.option("--html", "file", metavar="FILE", help="Write a page with plots, too.")
@click.pass_context
def command(context: click.Context, name: str, since: str | None, file: str | None) -> None:
    """Tell what the calls of the function NAME took: time, memory, cold starts, failures, cost."""
    start = 0 if since is None else point_in_time.milliseconds(since, "--since", datetime.now(UTC))
    request = LogRequest(name, since=start)
    request.check()
    page = None if file is None else Page(Path(file), "--html")
    settings = settings_of(context)
    talk = output.talk(settings)
    cloud = connect(settings.where, config.load(), talk)
    summary = report(request, cloud, page.timeline.add if page else None)
    if page is not None:
        page.write(summary)
    if output.wants_json(settings):
        output.print_json(_document(summary, verbose=settings.verbose))
    else:
        click.echo(hints.as_typed(_text(summary), settings))
        for note in figures.NOTES:
            talk.say(note)


def _text(summary: Summary) -> str:
    rows = figures.rows(summary)
    width = max(len(label) for label, _ in rows)
    lines = [f"{label:<{width}}  {text}" for label, text in rows]
    for count, reason in figures.failure_rows(summary):
        lines.append(f"{'':<{width}}  {count} x {reason}")
    return "\n".join([*lines, *(f"\n{sentence}" for sentence in advice(summary))])


def _document(summary: Summary, *, verbose: bool) -> dict[str, object]:
    calls = summary.calls
    document: dict[str, object] = {
        "function": summary.function,
        "since": _moment(summary.since),
        "first": _moment(summary.first),
        "last": _moment(summary.last),
        "calls": calls.count,
        "environments": summary.environments,
        "duration_ms": _spread(calls.durations_ms()),
        "memory_mb": [
            {"paid_for": use.paid_for, "calls": use.calls, "used": _spread(use.used)}
            for use in calls.memory()
        ],
        "cold_starts": calls.cold_starts,
        "init_ms": _spread(calls.starts_ms()),
        "failed": summary.failed,
        "failures": [
            {"reason": one.reason, "calls": one.calls, "last_request_id": one.request_id}
            for one in summary.failures
        ],
        "cost_usd": calls.cost_usd,
        "cost_per_1000_usd": summary.cost_per_1000_usd,
        "advice": advice(summary),
    }
    if verbose:
        document |= {
            "architecture": summary.architecture,
            "memory": summary.memory_mb,
            "storage": summary.storage_mb,
            "time": summary.time_seconds,
            "notes": list(figures.NOTES),
        }
    return document


def _spread(found: Spread | None) -> dict[str, float] | None:
    if found is None:
        return None
    return {"median": found.median, "p95": found.most_of_them, "max": found.highest}


def _moment(value: int) -> str | None:
    """Milliseconds since 1970 in ISO 8601."""
    if not value:
        return None
    return datetime.fromtimestamp(value / 1000, UTC).isoformat(timespec="milliseconds")
