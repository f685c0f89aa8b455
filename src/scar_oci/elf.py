"""The few fields of an ELF file that decide whether and how it can be started.

Layout: System V ABI, chapters 4 and 5 (https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html).
Written with ``int.from_bytes`` and ``pread``: this runs on the warm path, once per call.
"""

from __future__ import annotations

import os
from typing import Literal, NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MACHINES = {3: "x86", 40: "arm", 62: "x86_64", 183: "arm64", 243: "riscv"}

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE = 1, 2, 3, 4
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 15, 29

_LARGEST_TABLE = 1 << 20
"""Bytes. Real dynamic sections and names are far smaller; a forged size must not fill our memory."""

_MOST = 8 * _LARGEST_TABLE
"""Bytes that are read of a file, of which real ones need some thousands: a forged one may repeat itself."""

_FARTHEST = 1 << 62
"""Offset in a file: pread refuses those beyond 2**63 with an error of its own kind."""

_NOTES = 256 * 1024
"""Bytes of a segment of notes that are looked through."""

_LONGEST_PATH = 4096

_GO_BUILD_ID = 4
"""The type of the note `.note.go.buildid`, whose owner is ``Go``: Go's linker writes it into each program."""


class Elf(NamedTuple):
    """An ELF file's headers."""

    machine: str
    """``x86_64`` or ``arm64`` as Lambda names them, another name, or ``machine N``."""
    interpreter: str | None
    """Absolute path of the program's loader inside the image. None for libraries and static programs."""
    is_dynamic: bool
    """False for a program that is linked statically in the classic way."""
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    is_go: bool = False
    """True for what Go's linker has linked: its runtime makes system calls by itself."""

    @property
    def library_folders(self) -> tuple[str, ...]:
        """Where it wants its libraries looked for, as it says it. A RUNPATH stands in place of an RPATH."""
        return self.runpath or self.rpath


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


def read(path: str | bytes) -> Elf | None:
    """The headers of the file at ``path``, or None if it is no ELF file or too damaged to be started.

    Raises OSError if it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _headers(descriptor, [])
    finally:
        os.close(descriptor)


def library_folders(path: str | bytes) -> tuple[str, ...]:
    """`Elf.library_folders` of the file at ``path``, for two thirds of the time; empty for another file.

    Raises OSError if it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _File(descriptor, []).library_folders()
    except ValueError:
        return ()
    finally:
        os.close(descriptor)


def ranges(descriptor: int) -> tuple[tuple[int, int], ...]:
    """Where in an open file `read` looks: begins and ends, in bytes. All else may be anything.

    Few, and small: a table of strings may have megabytes, of which a name or two are wanted.
    """
    seen: list[tuple[int, int]] = []
    _headers(descriptor, seen)
    return tuple(seen)


def _headers(descriptor: int, seen: list[tuple[int, int]]) -> Elf | None:
    try:
        return _File(descriptor, seen).headers()
    except ValueError:
        return None


class _Dynamic(NamedTuple):
    """A dynamic section whose texts are read when they are asked for.

    Not the whole table of them: that of a program that exports its symbols, as Node.js does, has megabytes.
    """

    entries: list[tuple[int, int]]
    read: Callable[[int], str]
    """The string that begins at an offset of the file."""
    strings: int
    """Where the table of strings begins in the file."""

    def texts(self, tag: int) -> tuple[str, ...]:
        return tuple(self.read(self.strings + value) for kind, value in self.entries if kind == tag)

    def folders(self, tag: int) -> tuple[str, ...]:
        return tuple(part for text in self.texts(tag) for part in text.split(":") if part)


class _File:
    def __init__(self, descriptor: int, seen: list[tuple[int, int]]) -> None:
        """An open file. Raises ValueError if it is no ELF file. ``seen`` takes the ranges that are read."""
        self._descriptor = descriptor
        self._seen = seen
        self._left = _MOST
        head = self._read(0, 64)
        if head[:4] != b"\x7fELF" or head[4:5] not in (b"\1", b"\2") or head[5:6] not in (b"\1", b"\2"):
            raise ValueError("not an ELF file")
        if len(head) < (64 if head[4] == 2 else 52):
            raise ValueError("cut short")
        self._head = head
        self._word = 8 if head[4] == 2 else 4
        self._order: Literal["little", "big"] = "little" if head[5] == 1 else "big"

    def headers(self) -> Elf:
        """Raises ValueError if they are damaged."""
        number = self._integer(self._head, 18, 2)
        segments = self._segments()
        tables = {segment.kind: segment for segment in segments}
        dynamic = self._dynamic(segments)
        return Elf(
            machine=_MACHINES.get(number, f"machine {number}"),
            interpreter=self._interpreter(tables.get(_PT_INTERP)),
            is_dynamic=_PT_DYNAMIC in tables,
            needed=dynamic.texts(_DT_NEEDED),
            rpath=dynamic.folders(_DT_RPATH),
            runpath=dynamic.folders(_DT_RUNPATH),
            is_go=any(self._is_go(segment) for segment in segments if segment.kind == _PT_NOTE),
        )

    def library_folders(self) -> tuple[str, ...]:
        """Raises ValueError as `headers` does."""
        dynamic = self._dynamic(self._segments())
        return dynamic.folders(_DT_RUNPATH) or dynamic.folders(_DT_RPATH)

    def _segments(self) -> list[_Segment]:
        wide = self._word == 8
        start = self._integer(self._head, 32 if wide else 28, self._word)
        size = self._integer(self._head, 54 if wide else 42, 2)
        count = self._integer(self._head, 56 if wide else 44, 2)
        if count and size < (56 if wide else 32):
            raise ValueError("program headers too small")
        table = self._bytes(start, size * count)
        # Where p_offset, p_vaddr and p_filesz begin: the two classes order their fields differently.
        offset, address, length = (8, 16, 32) if wide else (4, 8, 16)
        # Not by `_integer`: a call for each number was most of what reading a file took.
        number, order, word = int.from_bytes, self._order, self._word
        return [
            _Segment(
                number(table[at : at + 4], order),
                number(table[at + offset : at + offset + word], order),
                number(table[at + address : at + address + word], order),
                number(table[at + length : at + length + word], order),
            )
            for at in range(0, size * count, size or 1)
        ]

    def _interpreter(self, segment: _Segment | None) -> str | None:
        if segment is None:
            return None
        if segment.size > _LONGEST_PATH:
            raise ValueError("interpreter path too long")
        return os.fsdecode(self._bytes(segment.offset, segment.size).partition(b"\0")[0])

    def _is_go(self, notes: _Segment) -> bool:
        """Whether there is a note of Go's among these. A note's owner follows its type."""
        data = self._read(min(notes.offset, _FARTHEST), min(notes.size, _NOTES))
        return _GO_BUILD_ID.to_bytes(4, self._order) + b"Go\0\0" in data

    def _dynamic(self, segments: list[_Segment]) -> _Dynamic:
        table = next((segment for segment in segments if segment.kind == _PT_DYNAMIC), None)
        entries = [] if table is None else self._dynamic_entries(table)
        addresses = [value for tag, value in entries if tag == _DT_STRTAB]
        if not addresses:
            return _Dynamic([], self._string, 0)
        return _Dynamic(entries, self._string, self._file_offset(segments, addresses[-1]))

    def _dynamic_entries(self, dynamic: _Segment) -> list[tuple[int, int]]:
        table = self._bytes(dynamic.offset, dynamic.size)
        number, order, word = int.from_bytes, self._order, self._word
        words = [number(table[at : at + word], order) for at in range(0, len(table), word)]
        tags, values = words[::2], words[1::2]
        end = tags.index(_DT_NULL) if _DT_NULL in tags else len(values)
        return list(zip(tags[:end], values, strict=False))

    @staticmethod
    def _file_offset(segments: list[_Segment], address: int) -> int:
        for segment in segments:
            if segment.kind == _PT_LOAD and segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        raise ValueError("the string table is not in the file")

    def _string(self, offset: int) -> str:
        """The string that begins there, up to the zero byte that ends it."""
        if offset > _FARTHEST:
            raise ValueError("offset out of bounds")
        for size in (_LONGEST_PATH, _LARGEST_TABLE):  # a list of folders may be longer than a path
            text, end, _ = self._read(offset, size).partition(b"\0")
            if end:
                return os.fsdecode(text)
        raise ValueError("a string without an end")

    def _bytes(self, offset: int, size: int) -> bytes:
        if size > _LARGEST_TABLE or offset > _FARTHEST:
            raise ValueError("size or offset out of bounds")
        data = self._read(offset, size)
        if len(data) < size:
            raise ValueError("cut short")
        return data

    def _read(self, offset: int, size: int) -> bytes:
        data = os.pread(self._descriptor, size, offset)
        self._seen.append((offset, offset + len(data)))
        self._left -= len(data)
        if self._left < 0:
            raise ValueError("too much to read")
        return data

    def _integer(self, data: bytes, offset: int, size: int) -> int:
        return int.from_bytes(data[offset : offset + size], self._order)
