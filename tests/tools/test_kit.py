"""What `make kit` collects: the builds that a deployment package needs, under true names."""

from __future__ import annotations

from pathlib import Path

import pytest

from scar_oci import elf
from tools import kit as tool


def builds(kit: Path) -> list[Path]:
    return sorted(kit.glob("*/glibc-*"))


def test_there_is_an_old_and_a_new_build_for_each_architecture(kit: Path) -> None:
    assert tool.is_complete(kit)
    for architecture in ("arm64", "x86_64"):
        versions = [int(folder.name.rpartition(".")[2]) for folder in kit.glob(f"{architecture}/glibc-*")]
        assert min(versions) < 33 < max(versions)


def test_each_build_is_what_its_folder_says(kit: Path) -> None:
    for folder in builds(kit):
        library = folder / tool.LIBRARY
        header = elf.read(str(library))
        assert header is not None
        assert header.machine == folder.parent.name
        assert folder.name == f"glibc-{tool.oldest_glibc(library.read_bytes())}"


def test_the_copyright_goes_with_each_build(kit: Path) -> None:
    assert builds(kit)
    assert all("LGPL" in (folder / "copyright").read_text() for folder in builds(kit))


def test_nothing_half_made_is_left(kit: Path) -> None:
    assert [entry for entry in kit.iterdir() if entry.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("strings", "oldest"),
    [
        (b"\0GLIBC_2.2.5\0GLIBC_2.14\0GLIBC_2.4\0", "2.14"),
        (b"\0GLIBC_2.34\0GLIBC_2.9\0GLIBC_PRIVATE\0", "2.34"),
    ],
)
def test_oldest_glibc_orders_numbers_and_not_letters(strings: bytes, oldest: str) -> None:
    assert tool.oldest_glibc(strings) == oldest
