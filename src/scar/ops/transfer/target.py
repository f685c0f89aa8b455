"""The folder that files are got into, and nothing outside of it.

Each file is written to a folder of ours in it, under another name, and renamed when it is whole. That folder
is locked while its command lives: of what an interrupted one has left, the next one takes the large files
that it can go on with, and removes the rest.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import IO

from scar import locks
from scar.errors import ScarError
from scar.ops.transfer import content
from scar.ops.transfer.moving import INTERRUPTIONS
from scar.ops.transfer.partial import Partial

UNFINISHED = ".scar-get-"
"""What the names of our folders begin with, and nothing else's below a target: they are removed."""


class Refused(ScarError):
    """What is there already keeps a file from being put there."""


def is_unfinished(name: str) -> bool:
    """Whether a folder of this name holds what is not whole yet."""
    return name.startswith(UNFINISHED)


class Target:
    """The folder. Any thread may put files into it."""

    def __init__(self, root: str) -> None:
        self._root = os.path.realpath(root)
        self._folder = ""
        self._lock = threading.Lock()
        self._written: dict[tuple[int, int], str] = {}
        """Paths of the files that were put there, by what the file system knows them by."""
        self._parents: set[str] = set()

    @contextmanager
    def opened(self, wanted: Collection[str] = ()) -> Iterator[None]:
        """The time in which files can be put there. Makes the folder. Raises ScarError.

        ``wanted``: names of the unfinished files that can be gone on with, from now or from commands before.
        """
        try:
            os.makedirs(self._root, exist_ok=True)
            self._folder, handle = _make_locked(self._root)
            self._sweep(wanted)
        except OSError as error:
            raise ScarError(f"cannot write to {self._root!r}: {error.strerror}") from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # unfinished files are kept, for the next command
                os.rmdir(self._folder)
            os.close(handle)

    def make_folder(self, name: str) -> bool:
        """Make a folder, given by its path in this one; False: it was there. Raises Refused, or OSError."""
        was_there = os.path.isdir(os.path.join(self._root, name))
        self._make_parents(f"{name}/")
        return not was_there

    def holds(self, name: str, size: int, etag: str) -> bool:
        """Whether the content of an object is there, under this path. Raises OSError."""
        try:
            with open(os.path.join(self._root, name), "rb") as file:
                found = os.fstat(file.fileno())
                same_size = stat.S_ISREG(found.st_mode) and found.st_size == size
                return same_size and content.is_of(etag, file, size)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False

    @contextmanager
    def new(self, name: str) -> Iterator[IO[bytes]]:
        """A file to be written, which has this path as soon as the context ends without an exception.

        Raises Refused, before anything is written where that can be, or OSError.
        """
        path = self._place_for(name)
        unfinished = os.path.join(self._folder, str(threading.get_ident()))
        try:
            with open(unfinished, "wb") as file:
                yield file
            self._place(unfinished, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(unfinished)

    @contextmanager
    def partial(self, name: str, unfinished: str) -> Iterator[Partial]:
        """The same for a large file, which is kept as far as it is there if it is interrupted."""
        path = self._place_for(name)
        partial = Partial(os.path.join(self._folder, unfinished))
        try:
            partial.begin()
            yield partial
            self._place(partial.path, path)
        except INTERRUPTIONS:
            raise
        except BaseException:
            partial.remove()
            raise
        partial.forget()

    def _place_for(self, name: str) -> str:
        """Where a file will be. Raises Refused, or OSError."""
        self._make_parents(name)
        path = os.path.join(self._root, name)
        self._check(path)
        return path

    def _place(self, unfinished: str, path: str) -> None:
        with self._lock:  # two names may be one to the file system: where case does not count, for one
            self._check(path)
            os.rename(unfinished, path)
            self._written[_identity(os.stat(path))] = path

    def _check(self, path: str) -> None:
        """Raise Refused if a file must not take this place."""
        found = _lstat(path)
        if found is None:
            return
        if stat.S_ISLNK(found.st_mode):
            raise Refused(f"{path!r} is a symbolic link, which is not written through")
        if not stat.S_ISREG(found.st_mode):
            raise Refused(f"{path!r} is there, and is not a file")
        if self._is_written(found):
            raise Refused(f"{path!r} was got already, under a name that is the same here")

    def _is_written(self, found: os.stat_result) -> bool:
        """Whether we have put the file there. If ours is gone since, its number may be another file's."""
        path = self._written.get(_identity(found))
        ours = None if path is None else _lstat(path)
        return ours is not None and os.path.samestat(ours, found)

    def _make_parents(self, name: str) -> None:
        """Make the folders of a path, which must not leave the target through a link."""
        parent = os.path.dirname(name)
        if not parent or parent in self._parents:
            return
        path = self._root
        for segment in parent.split("/"):
            path = os.path.join(path, segment)
            try:
                os.mkdir(path)
            except FileExistsError:
                self._check_folder(path)
        self._parents.add(parent)

    def _check_folder(self, path: str) -> None:
        real = os.path.realpath(path)
        if os.path.commonpath((self._root, real)) != self._root:
            raise Refused(f"{path!r} is a link that leads out of {self._root!r}")
        if not os.path.isdir(real):
            raise Refused(f"{path!r} is a file, and would have to be a folder")

    def _sweep(self, wanted: Collection[str]) -> None:
        """Take what is wanted of what commands have left that do not live any more, and remove the rest."""
        for entry in os.scandir(self._root):
            if is_unfinished(entry.name) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(BlockingIOError, FileNotFoundError):  # it lives, or has just ended
                    self._clear(entry.path, wanted)

    def _clear(self, folder: str, wanted: Collection[str]) -> None:
        """Raises BlockingIOError if the folder's command lives, FileNotFoundError if it has removed it."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for name in wanted:
                Partial(os.path.join(folder, name)).move(self._folder)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def _make_locked(root: str) -> tuple[str, int]:
    """Make a folder of this command's in the target, and lock it; its path and descriptor. Raises OSError."""
    while True:
        folder = tempfile.mkdtemp(prefix=UNFINISHED, dir=root)
        with contextlib.suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if locks.is_at(folder, handle):
                return folder, handle
            os.close(handle)
        # Another command has taken it, which was not locked yet, for what is left of one.


def _lstat(path: str) -> os.stat_result | None:
    """None if there is nothing."""
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
