"""Progress of a transfer: a bar on a terminal, now and then a line elsewhere, nothing for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from scar.cli import output
from scar.cli.lines import Lines
from scar.cli.settings import Settings
from scar.ops.transfer.request import Show
from scar.ops.transfer.tally import Tally


@contextmanager
def shown(settings: Settings) -> Iterator[Show]:
    """A way to show progress, in place as long as the context."""
    if output.wants_json(settings):
        yield silent
    elif not sys.stderr.isatty():
        lines = Lines(output.talk(settings))
        yield lambda tally: lines.show(tally.ended, tally.files, _text(tally))
    else:
        with _bar() as show:
            yield show


def silent(tally: Tally) -> None:
    """For programs."""
    del tally


@contextmanager
def _bar() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        BarColumn(),
        TextColumn("{task.description}"),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def show(tally: Tally) -> None:
            progress.update(task, total=tally.size, completed=tally.bytes, description=_files(tally))

        yield show


def _text(tally: Tally) -> str:
    return f"{_files(tally)}, {size(tally.bytes)} of {size(tally.size)}"


def _files(tally: Tally) -> str:
    """How many files are done with."""
    failed = f", {len(tally.failures):,} failed" if tally.failures else ""
    return f"{tally.ended:,} of {tally.files:,} files{failed}"


def size(count: int) -> str:
    """So many bytes, for people: as rich's columns have them."""
    from rich.filesize import decimal

    return decimal(count)
