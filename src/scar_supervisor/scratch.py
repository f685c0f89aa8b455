"""The folders of the image in which nothing of a call stays: each call finds them as the image has them.

These are what programs take for temporary, and the folders that VOLUME names, which Docker makes anew for
each container. What there is in them is written down when the image is pulled; what an image itself has there
(most have nothing) is also copied beside its tree. After a call, what is not written down is removed, and a
file is written anew unless its time of last change, which no program can set, is what it was.

Copies take 32 MB at most. Of an image that has more there nothing is copied: once a call has changed one of
those files, the image cannot be used again.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import time
from typing import NamedTuple

from scar_oci.tree import remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_TEMPORARY = ("tmp", "var/tmp", "dev/shm")
"""Folders that programs take for temporary."""

_LIST = "scratch.json"
_COPIES = "scratch"
"""File and folder beside the tree: what there was, and copies of the files."""

_MOST_COPIED = 32 * 1024 * 1024
"""Bytes. `scar init` leaves 128 MB of /tmp for the files of calls."""

_TICK = 0.01
"""Seconds, the longest by which a kernel's clock for files advances: changes within it look the same."""

_ALREADY_GONE = (FileNotFoundError, NotADirectoryError)


class NotRestorable(Exception):
    """A call has changed a file of the image of which there is no copy."""


class Folder(NamedTuple):
    """What the image has in one place."""

    path: bytes
    mode: int | None
    """Permissions; None: there is nothing in this place."""
    ctime_ns: int
    names: frozenset[bytes]
    """Of all that is in it."""

    def restore(self) -> None:
        """Remove what came, and make the folder if it went. Raises OSError."""
        about = _status(self.path)
        if self.mode is None:
            if about is not None:
                remove_tree(self.path)
            return
        if about is not None and about.st_ctime_ns == self.ctime_ns:
            return
        if about is not None and not stat.S_ISDIR(about.st_mode):
            os.unlink(self.path)
            about = None
        if about is None:
            os.makedirs(self.path)
        os.chmod(self.path, self.mode)
        for name in os.listdir(self.path):
            if name not in self.names:
                remove_tree(os.path.join(self.path, name))


class Scratch:
    """The folders of one image, all above before what is in them, and the files of the image in them."""

    def __init__(self, folders: tuple[Folder, ...], files: dict[bytes, int], copies: bytes | None) -> None:
        self._folders = folders
        self._ctimes = files  # nanoseconds since 1970; a file that is written anew has another one
        self._numbers = {path: b"%d" % number for number, path in enumerate(files)}
        self._copies = copies

    @classmethod
    def load(cls, rootfs: bytes) -> Scratch:
        """As `record` has written it. Raises OSError."""
        beside = os.path.dirname(rootfs)
        with open(os.path.join(beside, os.fsencode(_LIST)), encoding="utf-8") as file:
            document = json.load(file)
        folders = (
            Folder(_path(rootfs, path), mode, ctime_ns, frozenset(map(os.fsencode, names)))
            for path, mode, ctime_ns, names in document["folders"]
        )
        files = {_path(rootfs, path): ctime_ns for path, ctime_ns in document["files"]}
        copies = os.path.join(beside, os.fsencode(_COPIES)) if document["copied"] else None
        return cls(tuple(folders), files, copies)

    def tidy(self) -> None:
        """Make all as the image has it. Raises NotRestorable, and OSError."""
        for folder in self._folders:
            folder.restore()
        changed = [path for path, ctime_ns in self._ctimes.items() if _ctime_ns(path) != ctime_ns]
        if not changed:
            return
        if self._copies is None:
            raise NotRestorable(f"a call has changed {os.fsdecode(changed[0])}, of which there is no copy")
        for path in changed:
            if _status(path) is not None:
                remove_tree(path)
            _copy(os.path.join(self._copies, self._numbers[path]), path)
            self._ctimes[path] = _ctime_ns(path)
        _let_pass(self._ctimes[path] for path in changed)


def record(rootfs: bytes, volumes: Iterable[str]) -> None:
    """Write down, and copy, what is in the folders of a tree that no call has seen yet. Raises OSError.

    What lies outside of the tree, behind a link, is none of them.
    """
    rootfs = os.path.realpath(rootfs)
    names = (os.path.normpath(f"/{name}").lstrip("/") for name in (*_TEMPORARY, *volumes))
    tops = {os.path.realpath(_path(rootfs, name)) for name in names}
    found = [entry for top in tops if top.startswith(rootfs + b"/") for entry in _look(top)]
    folders = sorted({folder for folder, _ in found}, key=lambda folder: folder.path)
    files = sorted({path for _, inside in found for path in inside})
    ctimes = {path: _ctime_ns(path) for path in files}
    beside = os.path.dirname(rootfs)
    document = {
        "copied": _copy_all(files, os.path.join(beside, os.fsencode(_COPIES))),
        "folders": [
            (_name(rootfs, folder.path), folder.mode, folder.ctime_ns, [*map(os.fsdecode, folder.names)])
            for folder in folders
        ],
        "files": [(_name(rootfs, path), ctime_ns) for path, ctime_ns in ctimes.items()],
    }
    with open(os.path.join(beside, os.fsencode(_LIST)), "w", encoding="utf-8") as file:
        json.dump(document, file)
    _let_pass((*ctimes.values(), *(folder.ctime_ns for folder in folders)))


def _look(top: bytes) -> Iterator[tuple[Folder, tuple[bytes, ...]]]:
    """A folder, and all below it, each with the paths of the files and links in it."""
    about = _status(top)
    if about is None or not stat.S_ISDIR(about.st_mode):
        if about is None:
            yield Folder(top, None, 0, frozenset()), ()
        return
    pending = [top]
    for path in pending:  # grows while it is walked
        with os.scandir(path) as entries:
            inside = [(entry.name, entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
        about = os.lstat(path)
        names = frozenset(name for name, _, _ in inside)
        folder = Folder(path, stat.S_IMODE(about.st_mode), about.st_ctime_ns, names)
        yield folder, tuple(path for _, path, is_folder in inside if not is_folder)
        pending += [path for _, path, is_folder in inside if is_folder]


def _copy_all(files: list[bytes], folder: bytes) -> bool:
    """Copy files into a new folder, called by their numbers. False: they are too large, or find no room."""
    if sum(os.lstat(path).st_size for path in files) > _MOST_COPIED:
        return False
    os.mkdir(folder, 0o700)
    try:
        for number, path in enumerate(files):
            _copy(path, os.path.join(folder, b"%d" % number))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        remove_tree(folder)
        return False
    return True


def _copy(source: bytes, target: bytes) -> None:
    """Make a file or a link like another one, with its permissions and its time of last modification."""
    about = os.lstat(source)
    if stat.S_ISLNK(about.st_mode):
        os.symlink(os.readlink(source), target)
    else:
        with open(source, "rb", buffering=0) as original, open(target, "xb", buffering=0) as made:
            while os.sendfile(made.fileno(), original.fileno(), None, _MOST_COPIED):
                pass
            os.fchmod(made.fileno(), stat.S_IMODE(about.st_mode))
    os.utime(target, ns=(about.st_atime_ns, about.st_mtime_ns), follow_symlinks=False)


def _let_pass(ctimes_ns: Iterable[int]) -> None:
    """Wait until no later change can have one of these times."""
    newest = max(ctimes_ns, default=0)
    if time.time_ns() - newest < _TICK * 1e9:
        time.sleep(_TICK)


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except _ALREADY_GONE:
        return None


def _ctime_ns(path: bytes) -> int:
    about = _status(path)
    return 0 if about is None else about.st_ctime_ns


def _path(rootfs: bytes, name: str) -> bytes:
    return os.path.join(rootfs, os.fsencode(name))


def _name(rootfs: bytes, path: bytes) -> str:
    return os.fsdecode(path[len(rootfs) + 1 :])
