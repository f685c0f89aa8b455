"""What S3 has of a large file that is being sent, kept on disk: the same command goes on with it.

One record for each object, of lines of JSON: what is sent, then each part that S3 has. A crash may lose the
last lines, whose parts are then sent again. It is locked while a command sends the file, and goes when the
object is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scar import locks
from scar.aws.pieces import Part, Place, Upload
from scar.errors import ScarError
from scar.home import home

_VERSION = 1


class BeingSent(ScarError):
    """Another command sends a file to the same place."""


@dataclass(frozen=True)
class Begun:
    """An upload that was begun."""

    upload: Upload
    identity: list[Any]
    """What is sent: its parts are of use to nothing else."""
    parts: dict[int, Part] = field(default_factory=dict)
    """Those that S3 has, by their numbers."""


class Sent:
    """The record of one object. `opened` makes one."""

    def __init__(self, place: Place, path: Path, descriptor: int) -> None:
        self._place, self._path, self._descriptor = place, path, descriptor

    def begun(self) -> Begun | None:
        """What was written so far; None if it is nothing that this version understands."""
        size = os.fstat(self._descriptor).st_size
        lines = [line for line in map(_parse, os.pread(self._descriptor, size, 0).splitlines()) if line]
        match lines:
            case [{"version": version, "upload": str(id_), "identity": list(identity)}, *parts] if (
                version == _VERSION
            ):
                return Begun(Upload(self._place, id_), identity, {part["PartNumber"]: part for part in parts})
        return None

    def begin(self, upload: Upload, identity: list[Any]) -> Begun:
        """Forget what was, and begin. Raises OSError."""
        os.ftruncate(self._descriptor, 0)
        self._write({"version": _VERSION, "upload": upload.id, "identity": identity})
        return Begun(upload, identity)

    def add(self, part: Part) -> None:
        """S3 has this part. Any thread may tell."""
        self._write(part)

    def remove(self) -> None:
        """There is nothing to go on with."""
        self._path.unlink()

    def _write(self, line: Part) -> None:
        os.write(self._descriptor, f"{json.dumps(line)}\n".encode())


@contextmanager
def opened(place: Place) -> Iterator[Sent]:
    """What S3 has of this object. Raises BeingSent, or OSError."""
    name = hashlib.sha256(repr(tuple(place)).encode()).hexdigest()
    path = home() / "uploads" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = locks.open_locked(path)
    except BlockingIOError as error:
        raise BeingSent("another scar put sends a file to the same place", hint="wait for its end") from error
    try:
        yield Sent(place, path, descriptor)
    finally:
        if os.fstat(descriptor).st_size == 0:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        os.close(descriptor)


def _parse(line: bytes) -> dict[str, Any] | None:
    """None for a line that a crash has cut off or garbled."""
    try:
        document = json.loads(line)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
