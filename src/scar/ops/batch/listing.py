"""Which objects of a bucket a command is for."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from scar.aws.buckets import Object
from scar.aws.errors import NotFound
from scar.aws.session import Aws
from scar.deploy import names
from scar.errors import ScarError
from scar.ops.batch.request import Choice


@dataclass(frozen=True)
class Listing:
    """What is under ``input/``, apart from markers of folders."""

    keys: tuple[str, ...]
    """Of the objects that were chosen, in their order."""
    others: int
    """How many were not."""


def choose(aws: Aws, bucket: str, choice: Choice) -> Listing:
    """List the bucket. Raises ScarError if there is none."""
    keys: list[str] = []
    others = 0
    try:
        for item in aws.buckets.objects(bucket, names.INPUT_PREFIX):
            if is_chosen(item, choice):
                keys.append(item.key)
            elif not _is_folder(item.key):
                others += 1
    except NotFound as error:
        raise ScarError(
            f"there is no bucket {bucket}", hint="scar init -es makes one that calls its function"
        ) from error
    return Listing(tuple(keys), others)


def is_chosen(item: Object, choice: Choice) -> bool:
    path = item.key.removeprefix(names.INPUT_PREFIX)
    return (
        not _is_folder(item.key)
        and path.startswith(choice.prefix)
        and (not choice.pattern or fnmatchcase(path, choice.pattern))
        and item.last_modified.timestamp() * 1000 >= choice.since
    )


def _is_folder(key: str) -> bool:
    """Consoles make such objects, and functions have nothing to do for them."""
    return key.endswith("/")
