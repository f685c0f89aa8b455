"""A large file that is not whole yet: its content, and which of its pieces are there.

For each piece there is a byte in a second file, which is 1 as soon as the piece is on the disk: so what a
kill or a power failure leaves can be believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from scar.aws.buckets import Object
from scar.aws.pieces import Piece

_PREFIX = "part-"
_SUFFIX = ".pieces"
_THERE = b"\x01"


def name_of(bucket: str, item: Object, piece_bytes: int) -> str:
    """What the unfinished file of this object is called, and of no other one, nor of another content."""
    identity = repr((bucket, item.key, item.etag, item.size, piece_bytes))
    return _PREFIX + hashlib.sha256(identity.encode()).hexdigest()


class Partial:
    """The file. Threads may write different pieces."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._record = path + _SUFFIX

    def begin(self) -> None:
        """Make what is not there already. Raises OSError."""
        if not os.path.exists(self.path):
            self.remove()
        for path in (self.path, self._record):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o666))

    def has(self, piece: Piece) -> bool:
        with open(self._record, "rb") as record:
            return os.pread(record.fileno(), 1, piece.number) == _THERE

    @contextmanager
    def piece(self, piece: Piece) -> Iterator[IO[bytes]]:
        """A file at the piece's place. The piece is there if the context ends without an exception."""
        with open(self.path, "r+b") as file:
            file.seek(piece.start)
            yield file
            file.flush()
            os.fdatasync(file.fileno())
        with open(self._record, "r+b") as record:
            os.pwrite(record.fileno(), _THERE, piece.number)

    def forget(self) -> None:
        """The file is whole, and has its name: which pieces it has is of no more use."""
        os.unlink(self._record)

    def remove(self) -> None:
        for path in (self.path, self._record):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def move(self, folder: str) -> None:
        """To another folder of the same file system, unless there is one already."""
        target = os.path.join(folder, os.path.basename(self.path))
        if os.path.exists(target) or not os.path.exists(self._record):
            return
        os.rename(self.path, target)  # first: without its record it is begun anew, the other way round not
        os.rename(self._record, target + _SUFFIX)
