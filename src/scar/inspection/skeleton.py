"""An image's tree on disk without what fills it: all names, and of files only what decides how they start.

A layer is a compressed tar archive, which has no table of contents: what is in it, or is hidden by it, shows
only at its end. So every layer is read once, lowest first, with the unpacker that the function uses, so that
links, whiteouts and hidden folders come out as they will there. Of the contents are kept: the first bytes of
programs and loaders (a script's first line, an ELF file's headers and what those point to), the C library,
which tells its version nowhere but inside, and small files below ``etc``. The rest are holes: a tree of 1 GB
takes some megabytes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from scar_oci import elf, tar
from scar_oci.compression import Blob, decompressed
from scar_oci.manifest import ResolvedImage
from scar_oci.source import Source
from scar_oci.tree import remove_tree
from scar_oci.unpack import Unpacker, disk_size, write

_HEAD = 4096
"""Bytes: there linkers put program headers and the interpreter's path. Of a script the kernel reads 256."""

_SMALL = 64 * 1024
_LIBRARY = 16 * 1024 * 1024
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
        """Keep the beginning; the size is the true one, as far as there was data for it."""
        ranges: tuple[tuple[int, int], ...] = ((0, _kept(entry)),)
        size = 0
        for piece in data:
            _keep(descriptor, piece, size, ranges)
            if size < _HEAD <= size + len(piece) and ranges[0][1] == _HEAD:
                ranges = (*ranges, *elf.ranges(descriptor))
                _keep(descriptor, piece, size, ranges)
            size += len(piece)
        os.ftruncate(descriptor, size)
        inode = os.fstat(descriptor).st_ino
        self.privileged.pop(inode, None)  # of a file that is gone
        if entry.mode & _PRIVILEGED:
            self.privileged[inode] = entry.mode


def _keep(descriptor: int, piece: memoryview, offset: int, ranges: Iterable[tuple[int, int]]) -> None:
    """Write what of a piece, which begins at an offset of the file, is in one of these ranges."""
    for begin, end in ranges:
        first, last = max(begin - offset, 0), min(end - offset, len(piece))
        if first < last:
            os.lseek(descriptor, offset + first, os.SEEK_SET)
            write(descriptor, piece[first:last])


def _kept(entry: tar.Entry) -> int:
    """How many bytes of a file are wanted."""
    name = entry.name.rpartition(b"/")[2]
    if name.startswith((b"libc.so", b"libc-")):
        return _LIBRARY
    if entry.name.lstrip(b"./").startswith(b"etc/"):
        return _SMALL
    return _HEAD if entry.mode & 0o111 or name.startswith(b"ld-") else 0


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
