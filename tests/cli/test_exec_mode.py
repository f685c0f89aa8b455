"""What a package carries for an execution mode, and what is said if this machine has it not."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from scar.deploy import kit, package, udocker
from scar_supervisor.contract import EXEC_MODES
from tests.cli.support import Account, Scar
from tests.oci.test_elf import made

_X86_64, _ARM64 = 62, 183
COWSAY = "grycap/cowsay"


def proot() -> Path:
    """The kit's folder for PRoot, with what stands for it."""
    folder = kit.folder() / "x86_64" / "proot"
    folder.mkdir(parents=True)
    (folder / "proot").write_bytes(made(64, "<", _X86_64))
    (folder / "libtalloc.so.2").write_bytes(b"library")
    return folder


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """udocker's folder of tools, empty."""
    monkeypatch.setenv("UDOCKER_BIN", str(tmp_path))
    return tmp_path


def test_the_built_in_mode_needs_nothing(home: Path) -> None:
    assert udocker.files("F1", "x86_64") == {}
    names = zipfile.ZipFile(io.BytesIO(package.build("x86_64", None))).namelist()
    assert not any(name.startswith("udocker/") for name in names)


def test_the_kits_proot_is_started_by_its_loader_with_the_library_beside_it(home: Path) -> None:
    proot()
    content = zipfile.ZipFile(io.BytesIO(package.build("x86_64", None, mode="P1")))
    assert "udocker/lib/udocker/engine/proot.py" in content.namelist()
    start = content.getinfo("udocker/bin/proot")
    assert stat.S_IMODE(start.external_attr >> 16) == 0o755
    assert b"exec /lib/ld.so --library-path" in content.read(start)
    assert content.read("udocker/bin/proot.d/libtalloc.so.2") == b"library"


def test_udockers_tools_are_taken_if_they_are_for_the_architecture(home: Path, tools: Path) -> None:
    (tools / "proot-x86_64-4_8_0").write_bytes(made(64, "<", _X86_64, static=True))
    (tools / "proot-arm64-4_8_0").write_bytes(made(64, "<", _ARM64, static=True))
    (tools / "proot-odd").write_text("no program")
    (tools / "crun-x86_64").write_bytes(made(64, "<", _X86_64, static=True))
    found = [name for name in udocker.files("R2", "x86_64") if name.startswith(udocker.BIN)]
    assert sorted(found) == ["udocker/bin/crun-x86_64", "udocker/bin/proot-x86_64-4_8_0"]


def test_runc_is_given_no_proot_but_udockers_which_is_one_file(home: Path, tools: Path) -> None:
    proot()
    (tools / "runc").write_bytes(made(64, "<", _X86_64, static=True))
    assert "udocker/bin/runc" in udocker.files("R1", "x86_64")
    with pytest.raises(udocker.ToolsMissing, match="R3 needs proot for x86_64, which is not among udocker's"):
        udocker.files("R3", "x86_64")


def test_no_patchelf_but_udockers_will_do(home: Path, tools: Path) -> None:
    (tools / "patchelf").write_bytes(made(64, "<", _X86_64, static=True))
    with pytest.raises(udocker.ToolsMissing, match="udocker's own build"):
        udocker.files("F3", "x86_64")
    (tools / "patchelf-x86_64").write_bytes(made(64, "<", _X86_64, static=True) + b"\0--set-root-prefix\0")
    assert "udocker/bin/patchelf-x86_64" in udocker.files("F3", "x86_64")
    with pytest.raises(udocker.ToolsMissing, match="udocker's own build of libfakechroot"):
        udocker.files("F4", "x86_64")
    build = kit.folder() / "x86_64" / "glibc-2.34" / kit.LIBRARY
    build.write_bytes(b"\x7fELF FAKECHROOT_PATCH_PATCHELF")
    assert "udocker/bin/patchelf-x86_64" in udocker.files("F4", "x86_64")


@pytest.mark.parametrize("mode", EXEC_MODES[2:])
def test_what_is_lacking_is_said_before_anything_is_made(scar: Scar, account: Account, mode: str) -> None:
    ran = scar("init", "-n", "never", "--exec-mode", mode, COWSAY)
    assert ran.status == 1
    assert f"execution mode {mode} needs" in ran.stderr
    assert "hint: " in ran.stderr
    assert scar("ls", "--json").json == []


def test_a_mode_that_is_none_is_refused(scar: Scar, home: Path) -> None:
    for command in (("init", COWSAY), ("update", "cow")):
        ran = scar(command[0], "--exec-mode", "p1", command[1])
        assert ran.status == 2
        assert "--exec-mode: 'p1' is no execution mode of ours" in ran.stderr
    (home / "scar.cfg").write_text("lambda_exec_mode = P9\n")
    assert "lambda_exec_mode: 'P9' is no execution mode" in scar("init", COWSAY).stderr


def test_the_configuration_gives_the_mode_and_the_option_beats_it(
    scar: Scar, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    proot()
    monkeypatch.setenv("SCAR_LAMBDA_EXEC_MODE", "P1")
    assert scar("init", "--json", "-n", "a", COWSAY).json["exec_mode"] == "P1"
    assert scar("init", "--json", "-n", "b", "--exec-mode", "F1", COWSAY).json["exec_mode"] == "F1"
    shown = {item["name"]: item["exec_mode"] for item in scar("ls", "--json").json}
    assert shown == {"a": "P1", "b": "F1"}


def test_an_update_takes_the_tools_along_and_away_again(scar: Scar, account: Account) -> None:
    scar("init", "-n", "a", COWSAY)
    ran = scar("update", "--exec-mode", "P1", "a")
    assert (ran.status, "needs proot" in ran.stderr) == (1, True)
    proot()
    sizes = []
    for mode in ("P1", "F2", "F1"):
        assert scar("update", "--exec-mode", mode, "a").status == 0
        (shown,) = scar("ls", "-v").json
        assert shown["exec_mode"] == mode
        sizes.append(shown["package_size"])
    assert sizes[0] > sizes[1] > sizes[2]
