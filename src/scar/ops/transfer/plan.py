"""What there is to get: objects, and the path that each has in the target."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from scar.aws.buckets import Buckets, Object
from scar.errors import ScarError, UsageError
from scar.ops.transfer.address import Address
from scar.ops.transfer.tally import Failure
from scar.ops.transfer.target import UNFINISHED, is_unfinished

NAME_MAX = 255
"""Bytes of a file name on every file system of Linux."""


class NoFileName(ScarError):
    """A key that no file here can have for its name."""


@dataclass(frozen=True, slots=True)
class Item:
    """An object with its place."""

    object: Object
    name: str
    """Its path in the target; that of a folder ends with a slash."""

    @property
    def label(self) -> str:
        return self.object.key

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


@dataclass
class Plan:
    """All that is to be got, and where to."""

    root: str
    """The target's path."""
    items: list[Item] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    """Objects that cannot have a place."""

    @property
    def size(self) -> int:
        return sum(item.object.size for item in self.items)


def check_local(local: str) -> None:
    """Raise UsageError for a path that is in a folder which the next command removes."""
    if any(map(is_unfinished, os.path.realpath(local).split(os.sep))):
        raise UsageError(f"LOCAL: names that begin with {UNFINISHED!r} are scar get's own: {local!r}")


def make(source: Address, local: str, buckets: Buckets) -> Plan:
    """The object of exactly this key, if there is one, else all of the folder. Raises ScarError."""
    if source.prefix and not source.prefix.endswith("/"):
        found = buckets.find(source.bucket, source.prefix)
        if found is not None:
            return _of_object(found, local)
    objects = list(buckets.objects(source.bucket, source.folder))
    if not objects:
        raise ScarError(
            f"nothing to get: no key in bucket {source.bucket} begins with {source.prefix!r}",
            hint=f"scar ls -b {source.bucket} shows what there is",
        )
    return of_folder(objects, source.folder, local)


def _of_object(found: Object, local: str) -> Plan:
    """Under a name of the user's, unless that is a folder."""
    if os.path.isdir(local) or local.endswith("/"):
        name = found.key.rpartition("/")[2]
        _check(name, hint=f"give the file a name: scar get BUCKET/KEY {os.path.join(local, 'NAME')}")
        return Plan(local, [Item(found, name)])
    folder, name = os.path.split(local)
    if name in ("", ".", ".."):
        raise UsageError(f"LOCAL: not the name of a file: {local!r}")
    return Plan(folder or ".", [Item(found, name)])


def of_folder(objects: Iterable[Object], folder: str, local: str) -> Plan:
    """Each object under its key without the folder's. The folder's own marker has no place: it is there."""
    plan = Plan(local)
    for found in objects:
        name = found.key.removeprefix(folder)
        try:
            _check_path(name, found.size)
            if name:
                plan.items.append(Item(found, name))
        except NoFileName as error:
            plan.failures.append(Failure(found.key, error))
    _take_out_folders(plan)
    return plan


def _take_out_folders(plan: Plan) -> None:
    """A path is a file or a folder: where objects say both, the file has no place."""
    folders = {parent for item in plan.items for parent in _parents(item.name)}
    kept = []
    for item in plan.items:
        if item.name in folders:
            key = f"{item.object.key}/"
            why = NoFileName(f"other keys begin with {key!r}: there is a folder in its place", hint=_HINT)
            plan.failures.append(Failure(item.object.key, why))
        else:
            kept.append(item)
    plan.items = kept


def _parents(name: str) -> Iterable[str]:
    """The paths of the folders that a path is in."""
    end = name.find("/")
    while end >= 0:
        yield name[:end]
        end = name.find("/", end + 1)


_HINT = "an object can be got alone, under a name of your choice: scar get BUCKET/KEY FILE"


def _check_path(name: str, size: int) -> None:
    """Raise NoFileName for a path that is not exactly that of one file or folder here; empty: the target."""
    is_folder = name.endswith("/") or not name
    if is_folder and size:
        raise NoFileName("a name with a slash at its end is a folder's, and this has content")
    for segment in name.removesuffix("/").split("/") if name else ():
        _check(segment)


def _check(segment: str, hint: str = _HINT) -> None:
    if segment in ("", ".", ".."):
        raise NoFileName(f"a file or folder cannot have the name {segment!r}", hint=hint)
    if is_unfinished(segment):
        raise NoFileName(f"names that begin with {UNFINISHED!r} are scar get's own", hint=hint)
    if "\0" in segment:
        raise NoFileName("the name of a file cannot have a NUL in it", hint=hint)
    if len(segment.encode()) > NAME_MAX:
        raise NoFileName(f"a part of the name has more than {NAME_MAX} bytes", hint=hint)
