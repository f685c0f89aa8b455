"""What there is to send: files, those in folders too, and the key that each gets.

Of a folder it is what is in it: its own name is no part of theirs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scar import limits
from scar.errors import ScarError, UsageError
from scar.ops.transfer.tally import Failure, LeftOut
from scar.ops.transfer.target import is_unfinished

_SHOWN = 20
"""Names in a refusal."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or a folder that is empty."""

    path: str
    key: str
    """That of a folder ends with a slash."""
    size: int
    """Bytes."""

    @property
    def label(self) -> str:
        return self.path

    @property
    def is_folder(self) -> bool:
        return self.key.endswith("/")


@dataclass
class Tree:
    """All that is found."""

    sources: list[Source] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    """Folders that could not be read."""

    @property
    def size(self) -> int:
        return sum(source.size for source in self.sources)


def survey(paths: Iterable[str], prefix: str) -> Tree:
    """What the paths lead to, for keys that begin with the prefix.

    Raises UsageError for a path that leads nowhere, and for names that no key can have.
    """
    tree = Tree()
    for path in paths:
        _add(path, prefix, tree)
    _check(tree.sources)
    return tree


def _add(path: str, prefix: str, tree: Tree) -> None:
    try:
        found = os.stat(path)
    except OSError as error:
        raise UsageError(f"LOCAL: {path!r}: {error.strerror}") from error
    if stat.S_ISDIR(found.st_mode):
        _add_folder(path, prefix, tree)
    elif stat.S_ISREG(found.st_mode):
        tree.sources.append(Source(path, prefix + os.path.basename(path), found.st_size))
    else:
        raise UsageError(f"LOCAL: {path!r} is neither a file nor a folder")


def _add_folder(path: str, prefix: str, tree: Tree) -> None:
    """Not by recursion: folders may be deeper than Python's stack."""
    waiting = [(path, prefix)]
    while waiting:
        folder, key = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            tree.failures.append(Failure(folder, ScarError(f"cannot be read: {error.strerror}")))
            continue
        if not entries and key:
            tree.sources.append(Source(folder, key, 0))
        for entry in entries:
            if is_unfinished(entry.name):
                tree.left_out.append(LeftOut(entry.path, "what an interrupted scar get has left"))
            elif entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, f"{key}{entry.name}/"))
            else:
                _add_entry(entry, key + entry.name, tree)


def _add_entry(entry: os.DirEntry[str], key: str, tree: Tree) -> None:
    """A file, or a link to one; what is neither is left out."""
    try:
        found = entry.stat()
    except OSError as error:
        if entry.is_symlink():
            tree.left_out.append(LeftOut(entry.path, f"a link that leads nowhere: {error.strerror}"))
        else:
            tree.failures.append(Failure(entry.path, ScarError(f"cannot be read: {error.strerror}")))
        return
    if stat.S_ISREG(found.st_mode):
        tree.sources.append(Source(entry.path, key, found.st_size))
    else:
        is_folder = stat.S_ISDIR(found.st_mode)
        tree.left_out.append(LeftOut(entry.path, "a link to a folder" if is_folder else "not a file"))


def _check(sources: list[Source]) -> None:
    """Refuse names that no key can have, and files that would have the same. Raises UsageError."""
    bad = [*_unsayable(sources), *_twice(sources)]
    if bad:
        more = [f"and {len(bad) - _SHOWN:,} more"] if len(bad) > _SHOWN else []
        raise UsageError(
            "nothing was sent: " + "; ".join([*bad[:_SHOWN], *more]), hint="rename them, or send them apart"
        )


def _unsayable(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        try:
            size = len(source.key.encode())
        except UnicodeEncodeError:
            yield f"the name of {source.path!r} is not UTF-8"
            continue
        if size > limits.KEY_BYTES:
            yield f"the key of {source.path!r} would have {size:,} bytes: {limits.KEY_BYTES:,} may be"


def _twice(sources: Iterable[Source]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for source in sources:
        first = seen.setdefault(source.key, source.path)
        if first is not source.path:
            yield f"{first!r} and {source.path!r} would both be {source.key!r}"
