"""What `scar run -es` shows: progress, what failed, and a summary."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from scar import config
from scar.cli import output, progress
from scar.cli.redact import HIDDEN, is_secret
from scar.cli.settings import Settings
from scar.ops.batch.board import LOST, TAKEN, Board, File, Status
from scar.ops.batch.request import BatchRequest, prepare
from scar.ops.batch.run import Summary, Watch, run
from scar.ops.cloud import connect
from scar_supervisor.contract import Result

_SHOWN_FAILURES = 20
"""On the screen: --json has them all."""


def run_batch(request: BatchRequest, settings: Settings, *, resume: str) -> int:
    """Carry it out and show it; the exit status. Raises ScarError, after the summary if anything was sent.

    ``resume``: the command that goes on with it.
    """
    job = prepare(request)
    talk = output.talk(settings)
    cloud = connect(settings.where, config.load(), talk)
    with _progress(request, settings) as show:
        summary = run(job, cloud, Watch(talk, show, _show_first))
    if output.wants_json(settings):
        output.print_json(_document(request, summary, verbose=settings.verbose))
    else:
        _print_plain(summary)
        if summary.board.count({Status.UNSENT, Status.REFUSED}):
            output.next_step(resume, settings)
    if summary.stopped is not None:
        raise summary.stopped
    return 0 if summary.succeeded else 1


def resume_command(request: BatchRequest, options: Mapping[str, Any], settings: Settings) -> str:
    """The command of ``request`` with --resume. ``options`` has what was typed, by the names of its options.

    Variables that look like secrets are not shown, as nowhere: those the user knows.
    """
    typed = {
        "--profile": settings.profile,
        "--region": settings.region,
        "-s": request.script_file,
        **{f"--{name}": options[name] for name in ("prefix", "match", "since", "concurrency")},
    }
    words = ["scar", "run", "-es", request.bucket, "--resume"]
    for option, value in typed.items():
        words += [] if value is None else [option, str(value)]
    for item in options["env"]:
        name, equals, value = item.partition("=")
        words += ["-e", f"{name}={HIDDEN}" if equals and is_secret(name, value) else item]
    words += ["--async"] if request.asynchronous else []
    return shlex.join([*words, request.function])


@contextmanager
def _progress(request: BatchRequest, settings: Settings) -> Iterator[progress.Show]:
    if output.wants_json(settings):
        yield progress.silent
        return
    with progress.shown(output.talk(settings), waits=not request.asynchronous) as show:
        yield show


def _show_first(result: Result) -> None:
    """Why, at once: that the others fail for the same reason may show only after Lambda's retries."""
    error = result.error
    why = "" if error is None else f": {error.message}{f' ({error.hint})' if error.hint else ''}"
    output.warn(f"the first file failed (request id {result.request_id}){output.printable(why)}")
    if result.output:
        output.warn("its output:")
        click.echo(result.output, err=True)


def _print_plain(summary: Summary) -> None:
    if summary.nothing:
        click.echo(f"{summary.nothing[0].upper()}{summary.nothing[1:]}")
    else:
        click.echo("\n".join(_lines(summary.board)))


def _lines(board: Board) -> Iterator[str]:
    yield f"Files:     {len(board):,}{_in_words(board)}"
    calls = board.calls
    durations = calls.durations_ms()
    if durations is not None:
        yield f"Calls:     {calls.count:,} ended, {calls.cold_starts:,} of them cold starts"
        median, most_of_them, _ = (value / 1000 for value in durations)
        yield f"Durations: median {median:.2f} s, 95 % within {most_of_them:.2f} s"
        yield f"Cost:      about {calls.cost_usd:.6f} USD, estimated from list prices"
    lost = list(board.files(LOST))
    if lost:
        yield "Failed:"
        yield from (f"  {_name(file.key)}: {_reason(file)}" for file in lost[:_SHOWN_FAILURES])
    if len(lost) > _SHOWN_FAILURES:
        yield f"  and {len(lost) - _SHOWN_FAILURES:,} more: --json lists all"
    if board.count({Status.UNSURE}):
        yield "What may have been sent is sent again by --resume --resend-unsure only"


_WORDS = {
    Status.DONE: "done",
    Status.SKIPPED: "skipped",
    Status.SENT: "sent, with their results to come",
    Status.RETRYING: "failed and to be tried again",
    Status.FAILED: "failed",
    Status.REFUSED: "refused",
    Status.UNSURE: "may have been sent",
    Status.UNSENT: "not sent",
}


def _in_words(board: Board) -> str:
    counts = board.counts()
    parts = [f"{counts[status]:,} {word}" for status, word in _WORDS.items() if counts.get(status)]
    return f" ({', '.join(parts)})" if parts else ""


def _name(key: str) -> str:
    """A key on one line, whatever is in it."""
    return key if key.isprintable() else ascii(key)


def _reason(file: File) -> str:
    words = " ".join(file.reason.split())
    where = f" (request id {file.request_id})" if file.request_id else ""
    unsure = "it may have been sent: " if file.status is Status.UNSURE else ""
    return f"{unsure}{output.printable(words)}{where}"


def _document(request: BatchRequest, summary: Summary, *, verbose: bool) -> dict[str, object]:
    board = summary.board
    counts = board.counts()
    document: dict[str, object] = {
        "function": request.function,
        "bucket": request.bucket,
        "files": len(board),
        "not_chosen": summary.others,
        "sent": board.count(TAKEN),
        **{status.value: counts.get(status, 0) for status in Status if status is not Status.SENT},
        "calls": _figures(board),
        "failures": [_entry(file) for file in board.files(LOST)],
        "stopped": None if summary.stopped is None else summary.stopped.message,
    }
    if verbose:
        document["list"] = [_entry(file) for file in board.files()]
    return document


def _figures(board: Board) -> dict[str, object]:
    calls = board.calls
    durations = calls.durations_ms()
    return {
        "ended": calls.count,
        "cold_starts": calls.cold_starts,
        "duration_ms_median": durations and durations.median,
        "duration_ms_p95": durations and durations.most_of_them,
        "cost_usd": calls.cost_usd,
    }


def _entry(file: File) -> dict[str, object]:
    return {
        "key": file.key,
        "status": file.status.value,
        "request_id": file.request_id,
        "reason": file.reason,
        "duration_ms": file.duration_ms,
    }
