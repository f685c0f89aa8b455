"""The folder of one call, ``/tmp/<request id>``: the same path inside and outside of the container.

A call that Lambda killed cannot remove its own. Each folder is therefore locked while its call lives, and the
first call of a new process removes those that nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import stat

from scar_oci.tree import remove_tree

_LOCK = b".scar"


class CallFolder:
    """A context manager that makes the folder and removes it at the end, also after an error."""

    def __init__(self, parent: bytes, request_id: str) -> None:
        self.path = os.path.join(parent, request_id.encode())
        self.input = self.path + b"/input"
        self.output = self.path + b"/output"
        self.home = self.path + b"/home"
        self.temporary = self.path + b"/tmp"
        self.script = self.path + b"/script"
        self.event = self.path + b"/event.json"

    def __enter__(self) -> CallFolder:
        if os.path.lexists(self.path):  # a retry has the id of the call that was killed
            remove_tree(self.path)
        os.mkdir(self.path, 0o700)
        self._lock = os.open(os.path.join(self.path, _LOCK), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.renew()
        return self

    def renew(self) -> None:
        """Give the next container of the call empty folders."""
        for folder in (self.input, self.output, self.home, self.temporary):
            if os.path.lexists(folder):
                remove_tree(folder)
            os.mkdir(folder, 0o700)

    def __exit__(self, *_exception: object) -> None:
        try:
            remove_tree(self.path)
        finally:
            os.close(self._lock)


def remove_abandoned(parent: bytes) -> None:
    """Remove the folders of calls that were killed: those whose lock nobody holds."""
    for name in os.listdir(parent):
        folder = os.path.join(parent, name)
        try:
            lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_NOFOLLOW)
        except OSError:  # no call's folder, or not ours
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(folder)
        except BlockingIOError:  # its call is alive
            pass
        finally:
            os.close(lock)


def remove_newer(folder: bytes, ctime_ns: int) -> None:
    """Remove what came into a folder after a moment (nanoseconds since the epoch): what calls left there."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        path = os.path.join(folder, name)
        status = os.lstat(path)
        if status.st_ctime_ns > ctime_ns:
            if stat.S_ISDIR(status.st_mode):
                remove_tree(path)
            else:
                os.unlink(path)
