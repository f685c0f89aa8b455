"""The tar reader, against archives that Python's own module writes."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

import pytest

from scar_oci import tar
from scar_oci.errors import CorruptImage, UnsupportedImage
from tests.oci.layers import Member, file, folder, hardlink, symlink
from tests.oci.layers import tar as make_tar


def read(archive: bytes, step: int = 700) -> list[tuple[tar.Entry, bytes]]:
    """All entries with their data, the archive given in small pieces that fit no boundary."""
    reader = tar.TarReader(pieces(archive, step), "test")
    return [(entry, b"".join(bytes(piece) for piece in reader.data())) for entry in reader]


def pieces(archive: bytes, step: int) -> Iterator[bytes]:
    for start in range(0, len(archive), step):
        yield archive[start : start + step]


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("step", [1, 511, 512, 513, 1 << 20])
def test_all_kinds_of_entries_in_all_formats(format: int, step: int) -> None:
    data = bytes(range(256)) * 5
    archive = make_tar(
        folder("d"),
        file("d/f", data, mode=0o4755, mtime=1_234_567_890),
        file("empty"),
        symlink("s", "d/f"),
        hardlink("h", "d/f"),
        Member("null", tarfile.CHRTYPE),
        Member("pipe", tarfile.FIFOTYPE),
        format=format,
    )
    entries = read(archive, step)
    assert [(entry.name.rstrip(b"/"), entry.kind, entry.link, content) for entry, content in entries] == [
        (b"d", tar.FOLDER, b"", b""),
        (b"d/f", tar.FILE, b"", data),
        (b"empty", tar.FILE, b"", b""),
        (b"s", tar.SYMBOLIC_LINK, b"d/f", b""),
        (b"h", tar.HARD_LINK, b"d/f", b""),
        (b"null", tar.SPECIAL, b"", b""),
        (b"pipe", tar.SPECIAL, b"", b""),
    ]
    assert entries[1][0].mode == 0o4755
    assert entries[1][0].mtime == 1_234_567_890


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_links_unicode_and_raw_bytes(format: int) -> None:
    long = "/".join(["folder"] * 60) + "/ñ€"
    raw = b"latin-\xe9"
    archive = make_tar(
        file(long, b"1"),
        symlink("l", long),
        hardlink("h", long),
        file(raw.decode(errors="surrogateescape")),
        format=format,
    )
    assert [(entry.name, entry.link) for entry, _ in read(archive)] == [
        (long.encode(), b""),
        (b"l", long.encode()),
        (b"h", long.encode()),
        (raw, b""),
    ]


def test_ustar_prefixes_are_joined() -> None:
    name = "p" * 90 + "/" + "n" * 90
    [(entry, _)] = read(make_tar(file(name), format=tarfile.USTAR_FORMAT))
    assert entry.name == name.encode()


def test_pax_times_and_global_records() -> None:
    member = file("f", b"x", mtime=1.25)
    archive = make_tar(member, format=tarfile.PAX_FORMAT)
    [(entry, _)] = read(archive)
    assert entry.mtime == 1.25
    globally = tarfile.TarInfo.create_pax_global_header({"linkpath": "everywhere"})
    [(entry, _)] = read(globally + archive)
    assert entry.link == b"everywhere"


def test_sizes_in_base_256() -> None:
    archive = bytearray(make_tar(file("f", b"12345")))
    archive[124:136] = b"\x80" + (5).to_bytes(11, "big")
    [(entry, data)] = read(fix_checksum(archive))
    assert (entry.size, data) == (5, b"12345")


def test_data_that_nobody_reads_is_skipped() -> None:
    reader = tar.TarReader(pieces(make_tar(file("a", b"x" * 5000), file("b")), 700), "test")
    assert [entry.name for entry in reader] == [b"a", b"b"]


def test_the_stream_is_read_to_its_end() -> None:
    feed = pieces(make_tar(file("a")) + b"after the archive" * 1000, 512)
    list(tar.TarReader(feed, "test"))
    assert next(feed, None) is None


def test_an_empty_stream_is_an_empty_archive() -> None:
    assert read(b"") == []


@pytest.mark.parametrize("length", [100, 512, 600, 1300])
def test_an_archive_that_ends_in_an_entry_is_refused(length: int) -> None:
    with pytest.raises(CorruptImage, match="cut short"):
        read(make_tar(file("f", b"x" * 1000))[:length])


def test_a_damaged_header_is_refused() -> None:
    archive = bytearray(make_tar(file("f")))
    archive[0] ^= 1
    with pytest.raises(CorruptImage, match="checksum"):
        read(bytes(archive))


@pytest.mark.parametrize("field", [b"99999999999\0", b"abc\0        ", b"\xff" * 12])
def test_nonsense_for_a_size_is_refused(field: bytes) -> None:
    archive = bytearray(make_tar(file("f")))
    archive[124:136] = field
    with pytest.raises(CorruptImage):
        read(fix_checksum(archive))


def test_an_absurdly_long_name_is_refused_before_it_is_read() -> None:
    archive = bytearray(make_tar(file("n" * 200)))
    archive[124:136] = b"77777777777\0"
    with pytest.raises(CorruptImage, match="name"):
        read(fix_checksum(archive))


@pytest.mark.parametrize(
    "records", [b"5 a=b\n", b"99 path=x\n", b"x path=x\n", b"9 path\n\n\n\n", b"0 a=b\n"]
)
def test_malformed_pax_records_are_refused(records: bytes) -> None:
    archive = make_tar(Member("pax", tarfile.XHDTYPE, data=records), file("f"))
    with pytest.raises(CorruptImage):
        read(archive)


def test_sparse_and_unknown_entries_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedImage, match="'holes' is a sparse file"):
        read(make_tar(Member("holes", tarfile.GNUTYPE_SPARSE)))
    with pytest.raises(UnsupportedImage, match="'holes' is a sparse file"):
        read(make_tar(file("holes", pax={"GNU.sparse.major": "1"}), format=tarfile.PAX_FORMAT))
    with pytest.raises(UnsupportedImage, match="'odd' is of the type"):
        read(make_tar(Member("odd", b"M")))


def fix_checksum(archive: bytearray) -> bytes:
    """The archive with the checksum of its first header made right again."""
    archive[148:156] = b" " * 8
    archive[148:156] = b"%06o\0 " % sum(archive[:512])
    return bytes(archive)
