"""The user's scripts."""

from __future__ import annotations

from pathlib import Path

from scar.errors import UsageError


def read(path: str | None, source: str) -> bytes | None:
    """The bytes of the script, or None without a path. Raises UsageError, beginning with ``source``."""
    if path is None:
        return None
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{source}: cannot read script {path}: {error.strerror}") from error
    if not content:
        raise UsageError(f"{source}: script {path} is empty")
    return content
