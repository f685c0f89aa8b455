"""How much memory a tree of processes takes, sampled."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable
from typing import NamedTuple

_PAGE = resource.getpagesize()


class Sample(NamedTuple):
    """Bytes, with pages that processes share counted once."""

    resident: int
    """With the pages of files, of which the largest process has about all: what REPORT shows."""
    anonymous: int
    """Without them, since the kernel could drop them: what counts against the function's memory. Programs
    that run from /tmp are files too, although /tmp is in memory here."""


def measure(roots: list[int]) -> Sample:
    """The trees of processes below, not including, the processes `roots`."""
    return _sum(_measure_one(pid) for root in roots for pid in descendants(root))


def at_most(roots: list[int]) -> Sample:
    """The same from counters that the kernel keeps, which is 50 times as fast. Pages that forked processes
    share are counted for each of them."""
    return _sum(_count_one(pid) for root in roots for pid in descendants(root))


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


def _sum(processes: Iterable[_Process]) -> Sample:
    anonymous = files = 0
    for process in processes:
        anonymous += process.anonymous
        files = max(files, process.files)
    return Sample(anonymous + files, anonymous)


def _count_one(pid: int) -> _Process:
    """From statm, which counts pages."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as counters:
            _, resident, files, *_ = map(int, counters.read().split())
    except (FileNotFoundError, ProcessLookupError):
        return _Process(0, 0)  # ended meanwhile
    return _Process((resident - files) * _PAGE, files * _PAGE)


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
