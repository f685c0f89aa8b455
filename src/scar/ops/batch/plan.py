"""Which files a run is for: those that are there, and those that the runs before have sent."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scar.aws.functions import Function
from scar.ops.batch.board import Board, File, Status
from scar.ops.batch.journal import Past
from scar.ops.batch.listing import Listing, choose
from scar.ops.batch.request import BatchRequest, Choice
from scar.ops.batch.target import Target
from scar.statistics import Calls


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    board: Board
    since: int
    """When the first run began whose files these are: milliseconds since 1970."""
    others: int = 0
    """Files under ``input/`` that were not chosen."""
    nothing: str = ""
    """Why there is nothing to do, if so."""


def make(request: BatchRequest, target: Target, past: Past | None) -> Plan:
    """Look what is in the bucket. ``past``: the runs that are gone on with. Raises ScarError."""
    now = int(time.time() * 1000)
    if request.resume and past is None:
        nothing = f"nothing to resume: no run of {target.name} on bucket {request.bucket} was left half-way"
        return Plan(_board(target.function, ()), now, nothing=nothing)
    listing = choose(target.aws, request.bucket, request.choice)
    if past is None:
        board = _board(target.function, map(File, listing.keys))
        nothing = "" if len(board) else _nothing_found(request, listing)
        return Plan(board, now, listing.others, nothing)
    sent = [_again(file, request) for file in past.files.values()]
    new = (File(key) for key in listing.keys if key not in past.files)
    return Plan(_board(target.function, [*sent, *new]), past.started, listing.others)


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
