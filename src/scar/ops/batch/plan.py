"""Which files a run is for: those that are there, and those that the runs before have sent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scar.aws.functions import Function
from scar.errors import ScarError
from scar.ops.batch.board import Board, File, Status
from scar.ops.batch.journal import Past, Run
from scar.ops.batch.listing import Listing, choose
from scar.ops.batch.request import BatchRequest, Choice, Job
from scar.ops.batch.target import Target
from scar.statistics import Calls


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    board: Board
    run: Run
    """The first run whose files these are, with what is chosen now."""
    idle_seconds: float = 0.0
    """How long ago the last request of the runs before was sent."""
    others: int = 0
    """Files under ``input/`` that were not chosen."""
    nothing: str = ""
    """Why there is nothing to do, if so."""


def make(job: Job, target: Target, past: Past | None) -> Plan:
    """Look what is in the bucket. ``past``: the runs that are gone on with. Raises ScarError."""
    request = job.request
    run = _run(job, past)
    if request.resume and past is None:
        nothing = f"nothing to resume: no run of {target.name} on bucket {request.bucket} was left half-way"
        return Plan(_board(target.function, ()), run, nothing=nothing)
    listing = choose(target.aws, request.bucket, run.choice)
    if past is None:
        board = _board(target.function, map(File, listing.keys))
        nothing = "" if len(board) else _nothing_found(request, listing)
        return Plan(board, run, others=listing.others, nothing=nothing)
    sent = [_again(file, request) for file in past.files.values()]
    new = (File(key) for key in listing.keys if key not in past.files)
    board = _board(target.function, [*sent, *new])
    if past.run.digest != job.digest and board.count({Status.UNSENT}):
        raise ScarError(
            "the run to go on with had another script or other variables: files would not be processed alike",
            hint="give -s and -e as they were, or begin anew without --resume",
        )
    return Plan(board, run, max(0.0, time.time() - past.last_sent / 1000), listing.others)


def _run(job: Job, past: Past | None) -> Run:
    """This run as the journal is to have it, and what it chooses.

    What was chosen then is chosen now, unless the user says otherwise; ``--since 10m`` is the same time.
    """
    choice = job.request.choice
    if past is None:
        return Run(int(time.time() * 1000), choice, job.digest)
    if choice == Choice() or choice.is_said_as(past.run.choice):
        choice = past.run.choice
    return past.run._replace(choice=choice)


def _board(function: Function, files: Iterable[File]) -> Board:
    return Board(files, Calls(architecture=function.architecture, storage_mb=function.storage))


def _again(file: File, request: BatchRequest) -> File:
    """A file that was sent before, to be sent again where that is wanted."""
    if request.resend_unsure and file.status is Status.UNSURE:
        return replace(file, status=Status.UNSENT, reason="")
    return file


def _nothing_found(request: BatchRequest, listing: Listing) -> str:
    where = f"under input/ of bucket {request.bucket}"
    if request.choice == Choice() or not listing.others:
        return f"nothing to do: there is no file {where}"
    return f"nothing to do: none of the {listing.others:,} files {where} is chosen"
