"""The folder of one call, ``/tmp/<request id>``: the same path inside and outside of the container.

Making and removing folders was most of what SCAR added to a short call (40 to 100 µs of CPU each on ext4,
where starting a program takes 800). One set of folders therefore serves all calls of a process: it is emptied
at the end of a call, put aside, and renamed for the next. A folder that is put aside has a modification time
that nobody else would give it; one that still has it after a call was not touched, and need not be emptied.
Each folder has its own moment, so that `cp -a` from one to another does not make that look untouched.

A call that Lambda killed cannot remove its folder. Each is therefore locked while its process lives, and a
new process removes those that nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager

from scar_oci.tree import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_INPUT, _OUTPUT, _LOCK = b"input", b"output", b".scar"
_PRIVATE_FOLDER = stat.S_IFDIR | 0o700
_UNTOUCHED_NS = int.from_bytes(os.urandom(7), "little") % 10**18
"""Nanoseconds since 1970, before 2001, and another moment in every process. A folder adds its own seconds."""
_SECONDS = {_INPUT: 1, _OUTPUT: 2}


class CallFolder:
    """The paths of one call's folder."""

    def __init__(self, path: bytes) -> None:
        self.path = path
        self.input = os.path.join(path, _INPUT)
        self.output = os.path.join(path, _OUTPUT)
        self.script = path + b"/script"
        self.event = path + b"/event.json"

    def renew(self) -> None:
        """Give the next container of the call an empty folder: nothing in input, output or beside them."""
        for folder in (self.input, self.output):
            if not _is_untouched(folder):
                if os.path.lexists(folder):
                    remove_tree(folder)
                os.mkdir(folder, 0o700)
                _mark(folder)
        if not _is_untouched(self.path):
            for name in os.listdir(self.path):
                if name not in (_INPUT, _OUTPUT, _LOCK):
                    remove_tree(os.path.join(self.path, name))
            _mark(self.path)


class CallFolders:
    """Gives each call of a process its folder, one at a time."""

    def __init__(self, parent: bytes) -> None:
        self._parent = parent
        self._spare = os.path.join(parent, b".scar-%d" % os.getpid())
        self._lock: int | None = None

    @contextmanager
    def folder(self, request_id: str) -> Iterator[CallFolder]:
        """The folder of a call, with empty input and output; gone at the end, also after an error."""
        if self._lock is None:
            remove_abandoned(self._parent)
            self._lock = self._make_spare()
        folder = CallFolder(os.path.join(self._parent, request_id.encode()))
        if os.path.lexists(folder.path):  # a retry has the id of the call that was killed
            remove_tree(folder.path)
        os.rename(self._spare, folder.path)
        try:
            yield folder
        finally:
            self._put_aside(folder)

    def _make_spare(self) -> int:
        if os.path.lexists(self._spare):  # of a dead process that had our number and was killed right here
            remove_tree(self._spare)
        os.mkdir(self._spare, 0o700)
        lock = os.open(os.path.join(self._spare, _LOCK), os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        CallFolder(self._spare).renew()
        return lock

    def _put_aside(self, folder: CallFolder) -> None:
        aside = False
        try:
            if self._is_intact(folder):
                folder.renew()
                os.rename(folder.path, self._spare)
                aside = True
            elif os.path.lexists(folder.path):  # the container changed more than what is in the folders
                remove_tree(folder.path)
        finally:
            if not aside:  # the next call starts afresh, and does not look for a folder that is not there
                self._release()

    def _is_intact(self, folder: CallFolder) -> bool:
        if _is_untouched(folder.path):
            return True
        try:
            lock = os.lstat(os.path.join(folder.path, _LOCK))
            mode = os.lstat(folder.path).st_mode
        except OSError:
            return False
        assert self._lock is not None  # noqa: S101 - for the type checker: a folder is in use
        return mode == _PRIVATE_FOLDER and lock.st_ino == os.fstat(self._lock).st_ino

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


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


def _mark(folder: bytes) -> None:
    moment = _untouched_ns(folder)
    os.utime(folder, ns=(moment, moment))


def _is_untouched(folder: bytes) -> bool:
    try:
        status = os.lstat(folder)
    except FileNotFoundError:
        return False
    return status.st_mtime_ns == _untouched_ns(folder) and status.st_mode == _PRIVATE_FOLDER


def _untouched_ns(folder: bytes) -> int:
    return _UNTOUCHED_NS + _SECONDS.get(os.path.basename(folder), 0) * 10**9
