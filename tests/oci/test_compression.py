"""Decompression in pieces, of honest layers and of others."""

from __future__ import annotations

import gzip
import io
import sys

import pytest

from scar_oci.compression import decompressed
from scar_oci.errors import CorruptImage, UnsupportedImage
from tests.oci.layers import zst

_DATA = bytes(range(256)) * 3000


class Source(io.BytesIO):
    """A file whose reads are short."""

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return super().readinto(buffer[:1000])


def everything(blob: bytes, compression: str) -> bytes:
    return b"".join(bytes(piece) for piece in decompressed(Source(blob), compression, "the layer"))


def test_a_plain_layer_is_as_it_comes() -> None:
    assert everything(_DATA, "") == _DATA


def test_gzip_of_one_member_of_several_and_padded() -> None:
    whole = gzip.compress(_DATA)
    parts = b"".join(gzip.compress(_DATA[start : start + 1000]) for start in range(0, len(_DATA), 1000))
    assert everything(whole, "gzip") == _DATA
    assert everything(parts, "gzip") == _DATA
    assert everything(whole + bytes(3000), "gzip") == _DATA
    assert everything(gzip.compress(b""), "gzip") == b""


@pytest.mark.parametrize(
    "blob", [b"", b"\0" * 100, b"not gzip", gzip.compress(_DATA)[:-4], gzip.compress(_DATA) + b"x"]
)
def test_what_is_not_gzip_to_its_end_is_refused(blob: bytes) -> None:
    with pytest.raises(CorruptImage, match="the layer"):
        everything(blob, "gzip")


def test_a_bomb_comes_in_small_pieces() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    sizes = [len(piece) for piece in decompressed(io.BytesIO(bomb), "gzip", "the layer")]
    assert sum(sizes) == 64 * 1024 * 1024
    assert max(sizes) <= 1024 * 1024


def test_zstd_of_one_frame_and_of_several() -> None:
    assert everything(zst(_DATA), "zstd") == _DATA
    assert everything(zst(_DATA[:5000]) + zst(_DATA[5000:]), "zstd") == _DATA
    with pytest.raises(CorruptImage, match="cut short"):
        everything(zst(_DATA)[:-4], "zstd")
    with pytest.raises(CorruptImage, match="damaged"):
        everything(b"not zstd", "zstd")


def skippable(content: bytes) -> bytes:
    """A frame that decompressors pass over (RFC 8878, 3.1.2)."""
    return (0x184D2A50).to_bytes(4, "little") + len(content).to_bytes(4, "little") + content


def test_zstd_with_frames_that_are_passed_over() -> None:
    """As zstd:chunked has its table of contents: https://github.com/containers/storage, pkg/chunked."""
    chunked = zst(_DATA[:5000]) + zst(_DATA[5000:]) + skippable(b"{}" * 50_000) + skippable(bytes(64))
    assert everything(chunked, "zstd") == _DATA
    assert everything(skippable(b"") + chunked, "zstd") == _DATA
    with pytest.raises(CorruptImage, match="cut short"):
        everything(chunked[:-4], "zstd")


def test_zstd_without_a_module_for_it_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)  # as if not installed
    with pytest.raises(UnsupportedImage, match="zstd") as refusal:
        everything(b"", "zstd")
    assert "backports.zstd" in refusal.value.hint
