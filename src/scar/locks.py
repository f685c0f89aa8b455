"""Files and folders that a command has locked while it works on them, and may remove at its end."""

from __future__ import annotations

import os
from pathlib import Path


def is_at(path: str | Path, descriptor: int) -> bool:
    """Whether the path still leads to what was opened, now that it is locked. Raises OSError."""
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))
