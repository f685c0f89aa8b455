"""A tar stream, read once from front to back: entries with raw names, data in the pieces in which it arrives.

Reads what image builders write: ustar, GNU long names and base-256 numbers, pax records. Made for this
because ``tarfile`` costs more CPU than inflating does, stops before the end of the stream, and decodes names.
Format: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html and tar(5) of libarchive.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from scar_oci.errors import CorruptImage, UnsupportedImage

_BLOCK = 512
_LARGEST_EXTENSION = 1024 * 1024
"""Bytes of pax records or a long name; names on Linux end at 4,096."""

_SPARSE = b"GNU.sparse."
_RECORDS = (b"path", b"linkpath", b"size", b"mtime")

FILE, HARD_LINK, SYMBOLIC_LINK, FOLDER, SPECIAL = (
    "file",
    "hard link",
    "symbolic link",
    "folder",
    "special file",
)

_KINDS = {
    b"0": FILE,
    b"\0": FILE,
    b"7": FILE,  # contiguous: a file on every system of today
    b"1": HARD_LINK,
    b"2": SYMBOLIC_LINK,
    b"3": SPECIAL,
    b"4": SPECIAL,
    b"5": FOLDER,
    b"6": SPECIAL,
}


class Entry(NamedTuple):
    """One member of the archive, as it stands there: nothing in it has been checked for safety."""

    name: bytes
    kind: str
    mode: int
    mtime: float
    """Seconds since 1970."""
    link: bytes
    """Target of a link."""
    size: int
    """Bytes of data, 0 for all but files."""


class TarReader:
    """Iterate over it for entries; read a file's data with ``data`` before going on (it is skipped
    otherwise).

    The stream is read to its end, beyond the end of the archive, so that whoever feeds it can verify it.
    """

    def __init__(self, pieces: Iterator[bytes | memoryview], what: str) -> None:
        self._pieces = pieces
        self._what = what
        self._piece = memoryview(b"")
        self._unread = 0  # bytes of the current entry's data
        self._padding = 0

    def __iter__(self) -> Iterator[Entry]:
        global_records: dict[bytes, bytes] = {}
        records: dict[bytes, bytes] = {}
        while header := self._header():
            kind = header[156:157]
            if kind in b"xgLK":
                data = self._extension(_number(header[124:136], self._what))
                if kind == b"x":
                    records.update(_pax_records(data, self._what))
                elif kind == b"g":
                    global_records.update(_pax_records(data, self._what))
                else:
                    records[b"path" if kind == b"L" else b"linkpath"] = data.partition(b"\0")[0]
                continue
            entry = _entry(header, {**global_records, **records} if global_records else records, self._what)
            records = {}
            self._unread, self._padding = entry.size, -entry.size % _BLOCK
            yield entry
            self._skip()
        self._drain()

    def data(self) -> Iterator[memoryview]:
        """The data of the current entry, in pieces that are valid until the next one."""
        while self._unread:
            piece = self._take(self._unread)
            self._unread -= len(piece)
            yield piece

    def _header(self) -> bytes:
        """The next header, or nothing at the end: two empty blocks, one, or the end of the stream."""
        header = self._exactly(_BLOCK, end_allowed=True)
        if not header or not header.strip(b"\0"):
            return b""
        stored = _number(header[148:156], self._what)
        # The checksum counts its own field as eight spaces.
        if sum(header) - sum(header[148:156]) + 8 * 32 != stored:
            raise CorruptImage(f"{self._what} is not a tar archive, or is damaged: wrong header checksum")
        return header

    def _extension(self, size: int) -> bytes:
        if size > _LARGEST_EXTENSION:
            raise CorruptImage(f"{self._what} holds {size} bytes where a name should be")
        return self._exactly(size + -size % _BLOCK)[:size]

    def _skip(self) -> None:
        for _ in self.data():
            pass
        if self._padding:
            self._exactly(self._padding)

    def _drain(self) -> None:
        self._piece = memoryview(b"")
        for _ in self._pieces:
            pass

    def _exactly(self, size: int, *, end_allowed: bool = False) -> bytes:
        piece = self._take(size, end_allowed=end_allowed)
        if len(piece) == size or (end_allowed and not piece):
            return bytes(piece)
        parts = bytearray(piece)
        while len(parts) < size:
            parts += self._take(size - len(parts))
        return bytes(parts)

    def _take(self, limit: int, *, end_allowed: bool = False) -> memoryview:
        """Between one and ``limit`` bytes of the stream."""
        while not self._piece:
            following = next(self._pieces, None)
            if following is None:
                if end_allowed:
                    return memoryview(b"")
                raise CorruptImage(
                    f"{self._what} is cut short: the archive in it ends in the middle of an entry"
                )
            self._piece = memoryview(following)
        taken = self._piece[:limit]
        self._piece = self._piece[limit:]
        return taken


def _entry(header: bytes, records: dict[bytes, bytes], what: str) -> Entry:
    name = records.get(b"path") or _ustar_name(header)
    kind = _KINDS.get(header[156:157])
    if kind is None or _SPARSE in records:
        shown = "a sparse file" if kind or header[156:157] == b"S" else f"of the type {header[156:157]!r}"
        raise UnsupportedImage(f"{what} holds an entry that cannot be unpacked: {show(name)} is {shown}")
    if kind == FILE and name.endswith(b"/"):
        kind = FOLDER  # as tar wrote them before folders had a type of their own
    size = _record_number(records[b"size"], what) if b"size" in records else _number(header[124:136], what)
    if size < 0:
        raise CorruptImage(f"{what} holds an entry of a negative size: {show(name)}")
    return Entry(
        name=name,
        kind=kind,
        mode=_number(header[100:108], what),
        mtime=_record_time(records[b"mtime"], what)
        if b"mtime" in records
        else _number(header[136:148], what),
        link=records.get(b"linkpath") or _text(header[157:257]),
        size=size if kind == FILE else 0,
    )


def show(name: bytes) -> str:
    """A name for a message: printable, and not long."""
    return repr(name[:200].decode("utf-8", "backslashreplace"))


def _ustar_name(header: bytes) -> bytes:
    name = _text(header[:100])
    # GNU's own magic ends in a space, and it keeps times where POSIX keeps the prefix.
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _text(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _number(field: bytes, what: str) -> int:
    """Octal digits, or base-256 where the first bit is set."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=True)
        # The first bit marks the form; the second is the sign.
        return value + (1 << (8 * len(field) - 1)) if not field[0] & 0x40 else value
    return _digits(_text(field).strip(), 8, what)


def _record_number(value: bytes, what: str) -> int:
    return _digits(value, 10, what)


def _record_time(value: bytes, what: str) -> float:
    whole, _, fraction = value.removeprefix(b"-").partition(b".")
    seconds: float = _digits(whole, 10, what) + _digits(fraction[:9], 10, what) / 10 ** len(fraction[:9])
    return -seconds if value.startswith(b"-") else seconds


def _digits(text: bytes, base: int, what: str) -> int:
    if not text:
        return 0
    if not text.isdigit() or len(text) > 20:
        raise CorruptImage(f"{what} is damaged: not a number in a tar header: {show(text)}")
    try:
        return int(text, base)
    except ValueError as error:
        raise CorruptImage(f"{what} is damaged: not a number in a tar header: {show(text)}") from error


def _pax_records(data: bytes, what: str) -> dict[bytes, bytes]:
    """The records that matter here. Each is ``<length> <key>=<value>\\n``, of that length as a whole."""
    records = {}
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + 21)
        length = _digits(data[position:space], 10, what) if space > position else 0
        key, equals, value = data[space + 1 : position + length - 1].partition(b"=")
        end = position + length
        if not equals or end > len(data) or data[end - 1 : end] != b"\n":
            raise CorruptImage(f"{what} is damaged: malformed pax record")
        if key in _RECORDS or key.startswith(_SPARSE):
            records[key[: len(_SPARSE)]] = value
        position = end
    return records
