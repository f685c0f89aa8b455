"""What `make kit` collects: the builds that a deployment package needs, under true names."""

from __future__ import annotations

from pathlib import Path

import pytest

from scar.deploy.kit import LIBRARY, LICENCE, build_name, oldest_glibc
from scar.deploy.udocker import PROOT
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
        library = folder / LIBRARY
        header = elf.read(str(library))
        assert header is not None
        assert header.machine == folder.parent.name
        glibc = oldest_glibc(library.read_bytes())
        assert glibc is not None
        assert folder.name == build_name(glibc)


def test_the_companion_is_for_its_architecture_and_loads_where_its_name_says(kit: Path) -> None:
    for architecture in ("arm64", "x86_64"):
        for glibc in tool.COMPANION_GLIBC:
            library = kit / architecture / tool.companion_name(glibc)
            header = elf.read(str(library))
            assert header is not None
            assert header.machine == architecture
            assert (oldest_glibc(library.read_bytes()) or ()) <= glibc


@pytest.mark.parametrize("name", [b"posix_spawn_file_actions_addchdir_np", b"statx"])
def test_where_glibc_lacks_a_function_the_companion_has_none_either(kit: Path, name: bytes) -> None:
    """Programs look whether it is there, and do without: an answer that it does not work would end them."""
    for architecture in ("arm64", "x86_64"):
        old, new = (kit / architecture / tool.companion_name(glibc) for glibc in tool.COMPANION_GLIBC)
        assert (b"\0%b\0" % name in old.read_bytes(), b"\0%b\0" % name in new.read_bytes()) == (False, True)


def test_proot_is_for_its_architecture_and_for_the_glibc_of_lambda(kit: Path) -> None:
    for architecture in ("arm64", "x86_64"):
        for file in (kit / architecture / PROOT / PROOT, kit / architecture / PROOT / tool.PROOT_LIBRARY):
            header = elf.read(str(file))
            assert header is not None
            assert header.machine == architecture
            assert (oldest_glibc(file.read_bytes()) or ()) <= tool.PROOT_GLIBC
        assert "GPL" in (kit / architecture / PROOT / LICENCE).read_text()


def test_the_copyright_goes_with_each_build(kit: Path) -> None:
    assert builds(kit)
    assert all("LGPL" in (folder / LICENCE).read_text() for folder in builds(kit))


def test_nothing_half_made_is_left(kit: Path) -> None:
    assert list(kit.glob("**/.*-*")) == []
