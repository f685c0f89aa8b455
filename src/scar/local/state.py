"""The local cloud's folder: one state file, and locks that tell truly whether a daemon lives.

The daemon holds a lock for as long as it lives. The kernel lets go of it when the process ends, however it
ends, so a state file without that lock is stale, whatever process has its number now.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scar.errors import ScarError
from scar.home import home

_PROBE_SECONDS = 2
"""`daemon_lives` holds the lock for a moment, a daemon for good."""


def folder() -> Path:
    """Made if missing, for the user alone."""
    path = home() / "local"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def log_file() -> Path:
    """What the daemon prints."""
    return folder() / "log"


def read() -> dict[str, Any] | None:
    """What the daemon that lives now has written. None: there is none, or it is not ready."""
    try:
        state: dict[str, Any] = json.loads((folder() / "state.json").read_text())
    except FileNotFoundError:
        return None
    return state if daemon_lives() else None


def write(state: dict[str, Any]) -> None:
    """Publish the daemon's state."""
    partial = folder() / "state.json.partial"
    partial.unlink(missing_ok=True)
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(state, file)
    partial.rename(folder() / "state.json")


def clear() -> None:
    """Forget a daemon that has ended."""
    (folder() / "state.json").unlink(missing_ok=True)


def daemon_lives() -> bool:
    """Whether some process holds the daemon's lock."""
    with open(folder() / "daemon.lock", "ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextmanager
def daemon_lock() -> Iterator[None]:
    """Be the daemon. Raises ScarError if another one lives."""
    deadline = time.monotonic() + _PROBE_SECONDS
    with open(folder() / "daemon.lock", "ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise ScarError("another local cloud runs in the same folder") from error
                time.sleep(0.01)
        yield


@contextmanager
def command_lock() -> Iterator[None]:
    """Be the only command that starts or stops the daemon."""
    with open(folder() / "command.lock", "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
