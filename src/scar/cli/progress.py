"""Progress of `scar run -es`: a bar on a terminal, now and then a line elsewhere, nothing for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scar.cli.lines import Lines
from scar.ops.batch.board import ENDED, LOST, TAKEN, Board, Status
from scar.ops.talk import Talk

Show = Callable[[Board], None]
"""Takes note of how far a run is."""


@contextmanager
def shown(talk: Talk, *, waits: bool) -> Iterator[Show]:
    """A way to show progress, in place as long as the context. ``waits``: also for the results."""
    if not sys.stderr.isatty():
        lines = Lines(talk)
        yield lambda board: lines.show(completed(board, waits=waits), len(board), text(board))
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def show(board: Board) -> None:
            progress.update(
                task, total=len(board), completed=completed(board, waits=waits), description=text(board)
            )

        yield show


def silent(board: Board) -> None:
    """For programs."""
    del board


def completed(board: Board, *, waits: bool) -> int:
    """How many files need no more work of this command."""
    return board.count(LOST | (ENDED if waits else TAKEN))


def text(board: Board) -> str:
    """Where a run is, in one line."""
    counts = board.counts()
    parts = [
        f"{board.count(TAKEN):,} of {len(board):,} files sent",
        f"{board.count(ENDED - LOST):,} done",
        f"{board.count(LOST):,} failed",
    ]
    if counts.get(Status.RETRYING):
        parts.append(f"{counts[Status.RETRYING]:,} retrying")
    return ", ".join(parts)
