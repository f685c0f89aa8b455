"""An image's tree on disk without what fills it: all names, and of files only what decides how they start.

A layer is a compressed tar archive, which has no table of contents: what is in it, or is hidden by it, shows
only at its end. So every layer is read once, lowest first, with the unpacker that the function uses, so that
links, whiteouts and hidden folders come out as they will there. Of the contents are kept: the first bytes of
programs and loaders (a script's first line) and what `elf` reads of them, the C library,
which tells its version nowhere but inside, and small files below ``etc``. The rest are holes: a tree of 1 GB
takes some megabytes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from scar_oci import elf, tar
from scar_oci.compression import Blob, decompressed
from scar_oci.manifest import ResolvedImage
from scar_oci.source import Source
from scar_oci.tree import remove_tree
from scar_oci.unpack import Unpacker, disk_size, write

_HEAD = 4096
"""Bytes, a block of a disk. The kernel reads 256 of a script."""

_SMALL = 64 * 1024
_LIBRARY = 16 * 1024 * 1024
_PROGRAM = 256 * 1024 * 1024
"""Bytes that a program may take until it has been read: one at a time is on disk whole."""

_PRIVILEGED = 0o6000


@dataclass(frozen=True)
class Skeleton:
    """A tree without contents, and what was measured while it was made."""

    root: bytes
    fetched: int
    """Bytes of layers that were read from the source."""
    stream: int
    """Bytes of the layers' tar streams."""
    written: int
    """Bytes that the entries of all layers take on disk, also those that a later layer hides."""
    privileged: dict[int, int]
    """Modes of the files that layers mark as setuid or setgid, by inode number."""


@contextmanager
def made(source: Source, image: ResolvedImage, say: Callable[[str], None]) -> Iterator[Skeleton]:
    """The image's skeleton while the context lasts. Raises ImageError, and OSError if there is no room."""
    root = os.fsencode(os.path.realpath(tempfile.mkdtemp(prefix="scar-check-")))
    try:
        yield _read(source, image, root, say)
    finally:
        remove_tree(root)


def _read(source: Source, image: ResolvedImage, root: bytes, say: Callable[[str], None]) -> Skeleton:
    tree = _Tree(root)
    written = stream = fetched = 0
    for number, layer in enumerate(image.layers, 1):
        what = f"layer {layer.digest[:19]} of {image.reference.short}"
        say(f"read layer {number} of {len(image.layers)} ({layer.size / 1e6:,.1f} MB)")
        blob = _Counted(source.open_blob(image, layer))
        pieces = _Measured(decompressed(blob, layer.compression, what))
        reader = tar.TarReader(pieces, what)
        tree.begin_layer()
        for entry in reader:
            written += disk_size(entry)
            tree.add(entry, reader.data())
        stream += pieces.size
        fetched += blob.size
    tree.finish()
    return Skeleton(root, fetched, stream, written, tree.privileged)


class _Tree(Unpacker):
    def __init__(self, root: bytes) -> None:
        super().__init__(root)
        self.privileged: dict[int, int] = {}

    def _fill(self, descriptor: int, entry: tar.Entry, data: Iterator[memoryview]) -> None:
        """Keep what is wanted; the size is the true one, as far as there was data for it."""
        most = _most(entry)
        size = 0
        for piece in data:
            if size < most:
                write(descriptor, piece[: most - size])
            size += len(piece)
        os.ftruncate(descriptor, size)
        if most == _PROGRAM and size > _HEAD:
            _thin(descriptor, size)
        inode = os.fstat(descriptor).st_ino
        self.privileged.pop(inode, None)  # of a file that is gone
        if entry.mode & _PRIVILEGED:
            self.privileged[inode] = entry.mode


def _thin(descriptor: int, size: int) -> None:
    """Leave of a program what `elf.read` reads, and what a script's first line needs.

    Only the whole file tells what that is: the names of a program's libraries precede what points to them.
    """
    ranges = ((0, _HEAD), *elf.ranges(descriptor))
    kept = [(begin, os.pread(descriptor, end - begin, begin)) for begin, end in ranges]
    os.ftruncate(descriptor, 0)
    for begin, data in kept:
        os.lseek(descriptor, begin, os.SEEK_SET)
        write(descriptor, memoryview(data))
    os.ftruncate(descriptor, size)


def _most(entry: tar.Entry) -> int:
    """How many bytes of a file are wanted at most."""
    name = entry.name.rpartition(b"/")[2]
    if name.startswith((b"libc.so", b"libc-")):
        return _LIBRARY
    if entry.name.lstrip(b"./").startswith(b"etc/"):
        return _SMALL
    return _PROGRAM if entry.mode & 0o111 or name.startswith(b"ld-") else 0


class _Counted:
    """A blob, and how much of it was read."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self.size = 0

    def readinto(self, buffer: memoryview) -> int:
        count = self._blob.readinto(buffer)
        self.size += count
        return count


class _Measured(Iterator[bytes | memoryview]):
    """Pieces of a stream, and how much they are together."""

    def __init__(self, pieces: Iterator[bytes | memoryview]) -> None:
        self._pieces = pieces
        self.size = 0

    def __next__(self) -> bytes | memoryview:
        piece = next(self._pieces)
        self.size += len(piece)
        return piece
