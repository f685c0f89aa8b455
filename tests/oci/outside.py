"""What lies beside an image's tree, and must be after a test as it was before it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VICTIM = "victim"
_CONTENT = "untouched"
_LONG_AGO = (1_500_000_000, 1_500_000_000)


@contextmanager
def guarded(parent: Path) -> Iterator[Path]:
    """A new folder ``outside`` with the file ``victim``: neither may change as long as the context lasts."""
    outside = parent / "outside"
    outside.mkdir()
    victim = outside / VICTIM
    victim.write_text(_CONTENT)
    for path in (victim, outside):
        os.utime(path, _LONG_AGO)
    before = [_snapshot(path) for path in (outside, victim)]
    yield outside
    assert os.listdir(outside) == [VICTIM]
    assert [_snapshot(path) for path in (outside, victim)] == before
    assert victim.read_text() == _CONTENT


def _snapshot(path: Path) -> tuple[int, ...]:
    status = path.lstat()
    return status.st_ino, status.st_mode, status.st_nlink, status.st_mtime_ns, status.st_size
