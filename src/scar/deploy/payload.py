"""The extra payload: the files of a folder of the user's, for the deployment package."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scar import limits
from scar.errors import UsageError


@dataclass(frozen=True)
class File:
    """One file."""

    name: str
    """Its path in the folder, with ``/``."""
    content: bytes = field(repr=False)
    executable: bool = False


def read(folder: str, source: str) -> tuple[File, ...]:
    """The files of the folder and of those in it, in order of their names. Links to files count as files.

    Raises UsageError, beginning with ``source``, for what a package cannot hold: links to folders, devices,
    names that are not UTF-8, files that cannot be read; and ScarError for more than a package may have.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UsageError(f"{source}: not a folder: {folder}")
    try:
        found = {path.relative_to(root).as_posix(): path.stat() for path in _paths(root, source)}
        if not found:
            raise UsageError(f"{source}: there are no files in {folder}")
        limits.unzipped_size(sum(status.st_size for status in found.values()))
        return tuple(
            File(_text(name, source), (root / name).read_bytes(), bool(status.st_mode & stat.S_IXUSR))
            for name, status in sorted(found.items())
        )
    except OSError as error:
        raise UsageError(f"{source}: cannot read {error.filename}: {error.strerror}") from error


def _paths(root: Path, source: str) -> Iterator[Path]:
    for folder, names, files in os.walk(root, onerror=_raise):
        for name in names:
            if Path(folder, name).is_symlink():
                raise UsageError(
                    f"{source}: {Path(folder, name)} is a link to a folder: put the folder there"
                )
        for name in files:
            path = Path(folder, name)
            if not stat.S_ISREG(path.stat().st_mode):
                raise UsageError(f"{source}: {path} is neither a file nor a folder")
            yield path


def _text(name: str, source: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{source}: the name of a file is not UTF-8: {name!r}") from error
    return name


def _raise(error: OSError) -> None:
    raise error
