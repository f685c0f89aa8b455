"""Whether an object is what a file holds, by its ETag alone.

An ETag is the MD5 of the content, or of an upload in parts the MD5 of the parts' and their number, unless the
object is encrypted with a key of KMS or of the user's: then nothing can be told from it.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
"""

from __future__ import annotations

import hashlib
import re
from typing import IO

from scar.aws.transfers import PART_BYTES

_ETAG = re.compile(r"([0-9a-f]{32})(?:-([1-9][0-9]{0,4}))?")
_BLOCK = 1024 * 1024
"""Bytes."""


def is_of(etag: str, file: IO[bytes], size: int) -> bool:
    """Whether an object with this ETag, and as many bytes as the file, is the file's content.

    False also where nobody knows: the ETag is no MD5, or the parts were not of our sizes. Raises OSError.
    """
    parsed = _ETAG.fullmatch(etag)
    if parsed is None:
        return False
    digest, parts = parsed[1], parsed[2]
    if parts is None:
        return _md5(file, size).hexdigest() == digest
    part = part_bytes(size, int(parts))
    if not part:
        return False
    whole = hashlib.md5(usedforsecurity=False)
    for _ in range(int(parts)):
        whole.update(_md5(file, part).digest())
    return whole.hexdigest() == digest


def part_bytes(size: int, parts: int) -> int:
    """The size of each of so many parts of a file but the last, if they were sent as ours are; else 0."""
    part = PART_BYTES
    while _count(size, part) > parts:
        part *= 2
    return part if _count(size, part) == parts else 0


def _count(size: int, part: int) -> int:
    return max(1, -(-size // part))


def _md5(file: IO[bytes], size: int) -> hashlib._Hash:
    """Of the next bytes of the file, up to so many."""
    found = hashlib.md5(usedforsecurity=False)
    while size > 0 and (block := file.read(min(size, _BLOCK))):
        found.update(block)
        size -= len(block)
    return found
