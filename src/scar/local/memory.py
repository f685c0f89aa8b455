"""How much memory a tree of processes takes, sampled."""

from __future__ import annotations

import os
from typing import NamedTuple


class Sample(NamedTuple):
    """Bytes, with pages that processes share counted once."""

    resident: int
    """With the pages of files, of which the largest process has about all: what REPORT shows."""
    anonymous: int
    """Without them, since the kernel could drop them: what counts against the function's memory. Programs
    that run from /tmp are files too, although /tmp is in memory here."""


def measure(roots: list[int]) -> Sample:
    """The trees of processes below, not including, the processes `roots`."""
    processes = [_measure_one(pid) for root in roots for pid in descendants(root)]
    anonymous = sum(process.anonymous for process in processes)
    return Sample(anonymous + max((process.files for process in processes), default=0), anonymous)


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, as the kernel lists them now."""
    own = children(pid)
    return own + [below for child in own for below in descendants(child)]


def children(pid: int) -> list[int]:
    """The processes that any thread of `pid` started or adopted. None if it has ended."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as listing:
                found += map(int, listing.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass  # ended meanwhile
    return found


class _Process(NamedTuple):
    anonymous: int
    files: int


def _measure_one(pid: int) -> _Process:
    """From smaps_rollup, where Pss is a proportional share: https://docs.kernel.org/filesystems/proc.html"""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:
            fields = dict(line.split(b":", 1) for line in rollup.read().splitlines()[1:])
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return _Process(0, 0)  # ended meanwhile, or is just being started
    files = _kilobytes(fields, b"Rss") - _kilobytes(fields, b"Anonymous")
    return _Process(_kilobytes(fields, b"Pss_Anon"), files)


def _kilobytes(fields: dict[bytes, bytes], name: bytes) -> int:
    return int(fields.get(name, b"0 kB").split()[0]) * 1024
