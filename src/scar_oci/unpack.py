"""Layers put on disk, one over the other, so that an ordinary user can run what is in them.

The rules are those of https://github.com/opencontainers/image-spec/blob/main/layer.md. What differs from a
root's unpacking, and why:

* no owners; no setuid, setgid and sticky bits; no device nodes: we may not, and the engine needs none;
* the owner may always read and write files, and enter folders: a later layer, the engine and the removal need
it;
* absolute links are made relative: the kernel follows links without asking a user-space engine (shared facts
of F1). Links into /proc, /dev and /sys stay: these are the host's in every engine.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from scar_oci import tar
from scar_oci.errors import CorruptImage, UnsafeLayer
from scar_oci.rootpath import RootPath, split
from scar_oci.tree import remove_tree

_WHITEOUT = b".wh."
_OPAQUE = b".wh..wh..opq"
_AUFS = b".wh..wh."

_HOST_FOLDERS = (b"proc", b"dev", b"sys")

_BLOCK = 4096
"""Bytes by which tmpfs and ext4 give out space."""

_LATEST = 1 << 33
"""Seconds since 1970: the year 2242. Beyond what file systems store, os.utime fails."""

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def disk_size(entry: tar.Entry) -> int:
    """Bytes that an entry takes on disk, rounded to blocks as file systems do."""
    if entry.kind == tar.FOLDER:
        return _BLOCK
    return entry.size + -entry.size % _BLOCK


class Unpacker:
    """Writes the entries of layers, lowest layer first, into an empty folder.

    Raises UnsafeLayer or CorruptImage for entries that cannot be meant, OSError for what the system refuses.
    """

    def __init__(self, root: bytes) -> None:
        self._root = RootPath(root)
        self._layers = 0
        self._written: set[bytes] = set()  # by this layer; kept only from the second layer on
        self._folders_written_to: set[bytes] = set()  # those, and all above them
        self._times: dict[bytes, float] = {}  # of folders: set last, as writing into them changes them
        self._umask = os.umask(0o022)
        os.umask(self._umask)

    def begin_layer(self) -> None:
        """What comes now may hide and replace what is there, but not itself."""
        self._layers += 1
        self._written.clear()
        self._folders_written_to.clear()

    def add(self, entry: tar.Entry, data: Iterator[memoryview]) -> None:
        """Put one entry in its place."""
        parts = split(entry.name)
        if not parts:
            return  # the root itself, which we own
        parent = b"/".join(parts[:-1])
        name = parts[-1]
        if name.startswith(_WHITEOUT):
            self._whiteout(parent, name)
            return
        folder = self._root.make(parent)
        path = folder + b"/" + name
        self._note(folder, path)
        if entry.kind == tar.FILE:
            self._file(path, entry, data)
        elif entry.kind == tar.FOLDER:
            self._folder(path, entry)
            self._root.remember(b"/".join(parts), path)
        elif entry.kind == tar.SYMBOLIC_LINK:
            self._symbolic_link(path, folder, entry)
        elif entry.kind == tar.HARD_LINK:
            self._hard_link(path, folder, entry)
        else:
            self._remove(path)  # a device hides what was there, though we cannot make it

    def finish(self) -> None:
        """Give folders the times that the layers say: caches (fontconfig, Python) compare them."""
        for path, mtime in self._times.items():
            os.utime(path, (mtime, mtime), follow_symlinks=False)
        self._times.clear()

    def _file(self, path: bytes, entry: tar.Entry, data: Iterator[memoryview]) -> None:
        mode = (entry.mode & 0o777) | 0o600
        try:
            descriptor = os.open(path, _CREATE, mode)
        except FileExistsError:
            self._remove(path)
            descriptor = os.open(path, _CREATE, mode)
        try:
            self._fill(descriptor, entry, data)
            if mode & self._umask:
                os.fchmod(descriptor, mode)
            mtime = _time(entry)
            os.utime(descriptor, (mtime, mtime))
        finally:
            os.close(descriptor)

    def _fill(self, descriptor: int, entry: tar.Entry, data: Iterator[memoryview]) -> None:
        """Write what a file holds. (Who only looks at trees keeps less.)"""
        del entry
        for piece in data:
            write(descriptor, piece)

    def _folder(self, path: bytes, entry: tar.Entry) -> None:
        mode = (entry.mode & 0o777) | 0o700
        try:
            os.mkdir(path, mode)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                self._remove(path)
                os.mkdir(path, mode)
            os.chmod(path, mode)
        else:
            if mode & self._umask:
                os.chmod(path, mode)
        self._times[path] = _time(entry)

    def _symbolic_link(self, path: bytes, folder: bytes, entry: tar.Entry) -> None:
        if not entry.link or b"\0" in entry.link:
            raise CorruptImage(f"a layer holds a link without a target: {tar.show(entry.name)}")
        self._link(path, folder, entry.link)

    def _link(self, path: bytes, folder: bytes, target: bytes) -> None:
        target = _inside(target, self._root.depth(folder))
        try:
            os.symlink(target, path)
        except FileExistsError:
            self._remove(path)
            os.symlink(target, path)

    def _hard_link(self, path: bytes, folder: bytes, entry: tar.Entry) -> None:
        parts = split(entry.link)
        source = self._root.find(b"/".join(parts[:-1])) if parts else None
        target = source + b"/" + parts[-1] if source else b""
        if not target or not _is_linkable(target):
            raise CorruptImage(
                f"a layer holds a hard link to a file that is not there: "
                f"{tar.show(entry.name)} to {tar.show(entry.link)}"
            )
        if target == path:
            return
        if os.path.islink(target):  # from another depth, the same text would lead elsewhere
            self._link(path, folder, os.readlink(target))
            return
        try:
            os.link(target, path, follow_symlinks=False)
        except FileExistsError:
            if not os.path.samestat(os.lstat(path), os.lstat(target)):
                self._remove(path)
                os.link(target, path, follow_symlinks=False)

    def _whiteout(self, parent: bytes, name: bytes) -> None:
        hidden = name.removeprefix(_WHITEOUT)
        if name != _OPAQUE and (hidden in (b"", b".", b"..")):
            raise UnsafeLayer(f"a layer hides something that has no name: {tar.show(parent + b'/' + name)}")
        folder = self._root.find(parent)
        if folder is None or self._layers == 1:
            return  # nothing below to hide
        if name == _OPAQUE:
            self._hide_all(folder)
        elif not name.startswith(_AUFS):  # the other names of this form are the builder's own business
            self._hide(folder + b"/" + hidden)

    def _hide(self, path: bytes) -> None:
        """Remove what lower layers left at ``path``, and below it if this layer has written there too."""
        if path not in self._written and path not in self._folders_written_to:
            self._remove(path)
        elif stat.S_ISDIR(os.lstat(path).st_mode):
            self._hide_all(path)

    def _hide_all(self, folder: bytes) -> None:
        folders = [folder]
        for current in folders:  # grows while it is walked
            with os.scandir(current) as entries:
                children = [(entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries]
            for path, is_folder in children:
                if path not in self._written and path not in self._folders_written_to:
                    self._remove(path)
                elif is_folder:
                    folders.append(path)

    def _note(self, folder: bytes, path: bytes) -> None:
        if self._layers == 1:
            return
        self._written.add(path)
        while folder not in self._folders_written_to:
            self._folders_written_to.add(folder)
            if folder == self._root.path:
                break
            folder = os.path.dirname(folder)

    def _remove(self, path: bytes) -> None:
        try:
            kind = stat.S_IFMT(os.lstat(path).st_mode)
        except FileNotFoundError:
            return
        if kind == stat.S_IFDIR:
            remove_tree(path)
            # Setting the time of a folder that a link has replaced would reach what the link points to.
            below = path + b"/"
            self._times = {
                folder: mtime
                for folder, mtime in self._times.items()
                if folder != path and not folder.startswith(below)
            }
        else:
            os.unlink(path)
        if kind in (stat.S_IFDIR, stat.S_IFLNK):
            self._root.forget()


def _inside(target: bytes, depth: int) -> bytes:
    """A link's target as seen from ``depth`` folders below the root, where ``..`` at the root stays there.

    Folders count as what their names say. Those that are links may be less deep, so whoever writes below
    a link of the tree asks RootPath where it leads.
    """
    parts = [part for part in target.split(b"/") if part not in (b"", b".")]
    if not target.startswith(b"/"):
        kept = _below(parts, depth)
        return target if kept == parts else b"/".join(kept) or b"."
    if parts and parts[0] in _HOST_FOLDERS and b".." not in parts:
        return target
    return b"/".join([b".."] * depth + _below(parts, 0)) or b"."


def _below(parts: list[bytes], depth: int) -> list[bytes]:
    """The parts of a path without each ``..`` that would lead above the root."""
    kept = []
    for part in parts:
        if part != b"..":
            depth += 1
        elif depth:
            depth -= 1
        else:
            continue
        kept.append(part)
    return kept


def _is_linkable(path: bytes) -> bool:
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _time(entry: tar.Entry) -> float:
    return min(max(entry.mtime, 0), _LATEST)


def write(descriptor: int, piece: memoryview) -> None:
    """All of a piece: the kernel may take less at once."""
    written = os.write(descriptor, piece)
    while written < len(piece):
        written += os.write(descriptor, piece[written:])
