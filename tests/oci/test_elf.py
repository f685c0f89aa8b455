"""ELF headers, against what binutils says of the programs of this machine, and against made files."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from scar_oci import elf

_PROGRAM = "/bin/sh"


def test_a_program_is_read_as_readelf_reads_it() -> None:
    said = subprocess.run(["readelf", "-lhdW", _PROGRAM], capture_output=True, text=True, check=True).stdout
    headers = elf.read(_PROGRAM)
    assert headers is not None
    assert headers.is_dynamic
    assert headers.interpreter == one(r"interpreter: (\S+)\]", said)
    assert list(headers.needed) == re.findall(r"\(NEEDED\).*\[(.*)\]", said)
    assert ("X86-64" in said) == (headers.machine == "x86_64")
    assert ("AArch64" in said) == (headers.machine == "arm64")


def one(pattern: str, text: str) -> str:
    [found] = re.findall(pattern, text)
    return str(found)


def made(
    bits: int,
    order: str,
    machine: int,
    *,
    static: bool = False,
    needed: bytes = b"libc.so.6",
    runpath: bytes = b"",
    note: bytes = b"",
    gap: int = 0,
    times: int = 1,
) -> bytes:
    """A file that is all headers: loaded segment, interpreter, note, gap, strings, dynamic section."""
    wide = bits == 64
    interpreter = b"/lib/ld.so\0"
    strings = b"\0" + needed + b"\0" + runpath + b"\0"
    header_size, segment_size = (64, 56) if wide else (52, 32)
    segments = 1 if static else 4
    start = header_size + segments * segment_size
    at_note = start + len(interpreter)
    at_strings = at_note + len(note) + gap
    word = "Q" if wide else "I"
    at_runpath = len(needed) + 2
    pairs = [
        *[(1, 1)] * times,
        *((5, 0x10000 + at_strings), (10, len(strings))),
        *([(29, at_runpath)] if runpath else []),
        (0, 0),
    ]
    dynamic = b"".join(struct.pack(f"{order}{word}{word}", *pair) for pair in pairs)
    at_dynamic = at_strings + len(strings)

    def segment(kind: int, offset: int, size: int) -> bytes:
        address = 0x10000 + offset
        if wide:
            return struct.pack(f"{order}IIQQQQQQ", kind, 4, offset, address, address, size, size, 1)
        return struct.pack(f"{order}IIIIIIII", kind, offset, address, address, size, size, 4, 1)

    table = segment(1, 0, at_dynamic + len(dynamic))
    if not static:
        table += segment(3, start, len(interpreter)) + segment(2, at_dynamic, len(dynamic))
        table += segment(4, at_note, len(note))
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    rest = (2, machine, 1, 0, header_size, 0, 0, header_size, segment_size, segments, 0, 0, 0)
    head = ident + struct.pack(f"{order}HHI{word * 3}IHHHHHH", *rest) + table
    return head + interpreter + note + bytes(gap) + strings + dynamic


@pytest.mark.parametrize(("machine", "name"), [(62, "x86_64"), (183, "arm64"), (3, "x86"), (8, "machine 8")])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_both_classes_and_orders(tmp_path: Path, bits: int, order: str, machine: int, name: str) -> None:
    path = tmp_path / "program"
    path.write_bytes(made(bits, order, machine, runpath=b"$ORIGIN/../lib:/opt/lib"))
    assert elf.read(str(path)) == elf.Elf(
        name, "/lib/ld.so", True, ("libc.so.6",), (), ("$ORIGIN/../lib", "/opt/lib")
    )


def test_a_static_program_has_no_interpreter(tmp_path: Path) -> None:
    path = tmp_path / "static"
    path.write_bytes(made(64, "<", 62, static=True))
    assert elf.read(str(path)) == elf.Elf("x86_64", None, False)


def go_note(order: str) -> bytes:
    """What Go's linker writes into `.note.go.buildid`."""
    return struct.pack(f"{order}III4s", 4, 8, 4, b"Go\0\0") + b"build id"


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_go_program_is_known_by_its_note(tmp_path: Path, order: str) -> None:
    path = tmp_path / "program"
    other = struct.pack(f"{order}III4s", 4, 20, 3, b"GNU\0") + bytes(20)
    for note, expected in ((other + go_note(order), True), (other, False), (b"", False)):
        path.write_bytes(made(64, order, 62, note=note))
        headers = elf.read(str(path))
        assert headers is not None
        assert headers.is_go is expected


def kept(content: bytes, path: Path) -> bytes:
    """What of a file is within the ranges that are told; zeros for all else."""
    path.write_bytes(content)
    with path.open("rb") as file:
        ranges = elf.ranges(file.fileno())
    left = bytearray(len(content))
    for begin, end in ranges:
        left[begin:end] = content[begin:end]
    return bytes(left)


def test_what_is_read_is_within_the_ranges_that_are_told(tmp_path: Path) -> None:
    whole = made(64, "<", 62, needed=b"/opt/lib.so", note=go_note("<"), gap=2_000_000) + bytes(300_000)
    path = tmp_path / "program"
    left = kept(whole, path)
    expected = elf.read(str(path))
    assert expected is not None
    assert expected.needed == ("/opt/lib.so",)
    path.write_bytes(left)
    assert elf.read(str(path)) == expected


def test_a_damaged_program_is_one_by_the_ranges_that_are_told_too(tmp_path: Path) -> None:
    whole = made(64, "<", 62, gap=5000)
    path = tmp_path / "program"
    for length in range(0, len(whole) - 1, 50):
        path.write_bytes(kept(whole[:length], path))
        assert elf.read(str(path)) is None


def test_of_another_file_its_beginning_tells_that_it_is_none(tmp_path: Path) -> None:
    assert kept(b"#!/bin/sh\n" + bytes(5000), tmp_path / "script").rstrip(b"\0") == b"#!/bin/sh\n"


def test_a_program_with_megabytes_of_strings_is_read(tmp_path: Path) -> None:
    """As one that exports all its symbols, such as the official build of Node.js."""
    symbols = b"\0".join(b"_ZN2v88internal%06d" % number for number in range(80_000))
    path = tmp_path / "program"
    path.write_bytes(made(64, "<", 62, needed=symbols + b"\0libm.so.6", runpath=b"/opt/lib"))
    headers = elf.read(str(path))
    assert headers is not None
    assert (headers.needed, headers.runpath) == (("_ZN2v88internal000000",), ("/opt/lib",))


def test_a_long_list_of_folders_is_read_whole(tmp_path: Path) -> None:
    folders = tuple(f"/nix/store/{number:032}-library/lib" for number in range(300))
    path = tmp_path / "program"
    path.write_bytes(made(64, "<", 62, runpath=":".join(folders).encode()))
    headers = elf.read(str(path))
    assert headers is not None
    assert headers.runpath == folders


def test_a_forged_program_that_names_one_long_string_again_and_again_is_none(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_bytes(made(64, "<", 62, needed=b"x" * 1_000_000, times=100))
    assert elf.read(str(path)) is None


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF" + b"\x09" * 100])
def test_other_files_are_no_elf(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert elf.read(str(path)) is None


def test_every_way_to_cut_a_program_short_is_survived(tmp_path: Path) -> None:
    whole = made(64, "<", 62)
    path = tmp_path / "cut"
    for length in range(len(whole) - 1):
        path.write_bytes(whole[:length])
        assert elf.read(str(path)) is None


def test_every_altered_header_byte_is_survived(tmp_path: Path) -> None:
    whole = made(64, "<", 62)
    path = tmp_path / "altered"
    for position in range(4, len(whole)):
        path.write_bytes(whole[:position] + b"\xff" + whole[position + 1 :])
        headers = elf.read(str(path))
        assert headers is None or isinstance(headers, elf.Elf)


def test_a_missing_file_is_the_systems_error() -> None:
    with pytest.raises(FileNotFoundError):
        elf.read("/nonexistent")


def test_reading_headers_is_cheap_to_begin_with() -> None:
    listing = "import sys; before = set(sys.modules); import scar_oci.elf; print(*set(sys.modules) - before)"
    loaded = subprocess.run(
        [sys.executable, "-c", f"import os, typing; {listing}"], capture_output=True, text=True, check=True
    ).stdout.split()
    assert set(loaded) <= {"scar_oci", "scar_oci.elf", "__future__"}
