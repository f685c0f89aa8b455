"""When an object is a file's content, by its ETag."""

from __future__ import annotations

import hashlib
import io

import pytest

from scar.aws.transfers import PART_BYTES
from scar.ops.transfer.content import is_of, part_bytes


def md5(data: bytes) -> bytes:
    return hashlib.md5(data).digest()  # noqa: S324 - what S3's ETags are


def in_parts(data: bytes, part: int) -> str:
    digests = [md5(data[start : start + part]) for start in range(0, len(data), part)]
    return f"{md5(b''.join(digests)).hex()}-{len(digests)}"


DATA = bytes(range(256)) * (PART_BYTES // 256) * 2 + b"end"


@pytest.mark.parametrize("data", [b"", b"abc", DATA], ids=len)
def test_an_md5_is_compared(data: bytes) -> None:
    assert is_of(md5(data).hex(), io.BytesIO(data), len(data))
    assert not is_of(md5(data + b"x").hex(), io.BytesIO(data), len(data))


def test_parts_are_compared() -> None:
    for part in (PART_BYTES, 2 * PART_BYTES, 4 * PART_BYTES):
        assert is_of(in_parts(DATA, part), io.BytesIO(DATA), len(DATA))
    changed = b"y" + DATA[1:]
    assert not is_of(in_parts(DATA, PART_BYTES), io.BytesIO(changed), len(changed))


def test_of_what_says_nothing_nothing_is_believed() -> None:
    for etag in ("", "abc", in_parts(DATA, 5 * 1024 * 1024), f"{md5(DATA).hex()}-0", f"{md5(DATA).hex()}-x"):
        assert not is_of(etag, io.BytesIO(DATA), len(DATA))


def test_parts_grow_with_the_file() -> None:
    assert part_bytes(80 * 1000**3, 9537) == PART_BYTES
    assert part_bytes(200 * 1000**3, 5961) == 4 * PART_BYTES
    assert part_bytes(1, 1) == PART_BYTES
    assert part_bytes(10, 2) == 0
