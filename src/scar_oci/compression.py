"""Layers as the tar streams that they hold, decompressed in pieces of bounded size."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Protocol

from scar_oci.errors import CorruptImage, UnsupportedImage

_INPUT = 64 * 1024
_OUTPUT = 512 * 1024
"""Bytes. A layer that inflates a thousandfold must not take more memory than an honest one."""


class Blob(Protocol):
    """Where compressed bytes come from, such as a ``BlobStream``."""

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer as far as bytes come; 0 at the end."""


def decompressed(source: Blob, compression: str, what: str) -> Iterator[bytes | memoryview]:
    """The bytes of a layer, in pieces that are valid until the next one, to the very end of ``source``.

    ``compression`` is as ``Descriptor.compression`` says. Raises CorruptImage, naming ``what``, or
    UnsupportedImage.
    """
    if compression == "gzip":
        engine = _first_module("isal.isal_zlib", "zlib")
        return _members(source, lambda: _Gzip(engine), engine.error, what)
    if compression == "zstd":
        engine = _zstd_module(what)
        return _members(source, lambda: _Zstd(engine), engine.ZstdError, what)
    return _pieces(source)


class _Member(Protocol):
    """One gzip member or zstd frame."""

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        """What ``data`` decompresses to, in bounded pieces."""

    def rest(self) -> bytes | None:
        """What followed the member in the last ``data``, or None if it has not ended yet."""


class _Gzip:
    def __init__(self, engine: Any) -> None:
        self._stream = engine.decompressobj(wbits=31)

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        piece = self._stream.decompress(data, _OUTPUT)
        yield piece
        while len(piece) == _OUTPUT and not self._stream.eof:
            piece = self._stream.decompress(self._stream.unconsumed_tail, _OUTPUT)
            yield piece

    def rest(self) -> bytes | None:
        return self._stream.unused_data if self._stream.eof else None


class _Zstd:
    def __init__(self, engine: Any) -> None:
        self._stream = engine.ZstdDecompressor()

    def feed(self, data: bytes | memoryview) -> Iterator[bytes]:
        yield self._stream.decompress(data, _OUTPUT)
        while not (self._stream.eof or self._stream.needs_input):
            yield self._stream.decompress(b"", _OUTPUT)

    def rest(self) -> bytes | None:
        return self._stream.unused_data if self._stream.eof else None


def _members(
    source: Blob, begin: Callable[[], _Member], error_type: type[Exception], what: str
) -> Iterator[bytes]:
    """Members may follow each other (pigz, eStargz), and zeros may pad the last one."""
    member: _Member | None = begin()
    try:
        for piece in _pieces(source):
            data: bytes | memoryview | None = piece
            while data:
                if member is None:
                    data = bytes(data).lstrip(b"\0")
                    if not data:
                        break
                    member = begin()
                yield from member.feed(data)
                data = member.rest()
                if data is not None:
                    member = None
    except error_type as error:
        raise CorruptImage(f"{what} is damaged: {error}") from error
    if member is not None:
        raise CorruptImage(f"{what} is cut short: its compressed data does not end")


def _pieces(source: Blob) -> Iterator[memoryview]:
    with memoryview(bytearray(_INPUT)) as buffer:
        while count := source.readinto(buffer):
            yield buffer[:count]


def _zstd_module(what: str) -> ModuleType:
    try:
        return _first_module("compression.zstd", "backports.zstd")
    except ModuleNotFoundError:
        raise UnsupportedImage(
            f"{what} is compressed with zstd, which this Python cannot read",
            hint="Python 3.14 can (scar init --runtime python3.14), others with the package backports.zstd. "
            "Or push gzip layers.",
        ) from None


def _first_module(*names: str) -> ModuleType:
    """The first of these modules that is installed. Raises ModuleNotFoundError if none is."""
    for name in names[:-1]:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    return importlib.import_module(names[-1])
