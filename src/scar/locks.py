"""Files and folders that a command has locked while it works on them, and may remove at its end."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def open_locked(path: Path) -> int:
    """Open or make a file that is read and appended to, and lock it; its descriptor.

    Raises BlockingIOError if another command has it locked, or another OSError.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_at(path, descriptor):
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)  # a command that has ended meanwhile has removed it


def is_at(path: str | Path, descriptor: int) -> bool:
    """Whether the path still leads to what was opened, now that it is locked. Raises OSError."""
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))
