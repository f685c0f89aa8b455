"""Which builds of libfakechroot a package carries, and where they come from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scar.deploy import kit as kits


@pytest.mark.parametrize(
    ("strings", "oldest"),
    [
        (b"\0GLIBC_2.2.5\0GLIBC_2.14\0GLIBC_2.4\0", (2, 14)),
        (b"\0GLIBC_2.34\0GLIBC_2.9\0GLIBC_PRIVATE\0", (2, 34)),
        (b"\0no version at all\0", None),
    ],
)
def test_the_oldest_glibc_is_found_by_numbers_and_not_letters(
    strings: bytes, oldest: tuple[int, ...] | None
) -> None:
    assert kits.oldest_glibc(strings) == oldest


def test_the_licence_goes_where_the_library_goes(kit: Path) -> None:
    names = kits.files("x86_64").keys()
    libraries = {name for name in names if name.endswith("/libfakechroot.so")}
    assert len(libraries) >= 2
    copyrights = {name.replace("libfakechroot.so", "copyright") for name in libraries}
    companions = {"kit/x86_64/libscar-2.17.so", "kit/x86_64/libscar-2.29.so"}
    assert names == libraries | copyrights | companions


@pytest.fixture
def udocker(kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the tools of udocker, with builds of both architectures under names of its kind."""
    folder = tmp_path / "udocker" / "lib"
    folder.mkdir(parents=True)
    for architecture in ("x86_64", "arm64"):
        old, new = sorted((kit / architecture).glob("glibc-*/libfakechroot.so"))
        for distribution, build in (("CentOS-7", old), ("Debian-10", old), ("Debian-12", new)):
            shutil.copyfile(build, folder / f"libfakechroot-{distribution}-{architecture}.so")
    shutil.copyfile("/bin/true", folder / "proot-x86_64")
    (folder / "libfakechroot-Alpine-3.18-x86_64.so").write_bytes(b"not for glibc")
    monkeypatch.setenv("UDOCKER_DIR", str(folder.parent))
    return folder


def test_the_tools_of_udocker_serve_where_there_is_no_kit(
    kit: Path, udocker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {
        name: content for name, content in kits.files("x86_64").items() if name.endswith("libfakechroot.so")
    }
    monkeypatch.setenv("SCAR_KIT", str(tmp_path / "none"))
    assert kits.files("x86_64") == expected
    assert kits.files("arm64").keys().isdisjoint(expected)


def test_without_either_it_is_said_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAR_KIT", str(tmp_path / "none"))
    monkeypatch.setenv("UDOCKER_DIR", str(tmp_path / "none"))
    with pytest.raises(kits.NoKit, match="no libfakechroot for x86_64") as caught:
        kits.files("x86_64")
    assert caught.value.hint.startswith("make kit, ")
