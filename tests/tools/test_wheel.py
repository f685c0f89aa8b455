"""The distribution: what pip makes of the checkout works outside of it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from scar.version import VERSION

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built out of a copy: setuptools leaves folders beside the sources."""
    source = tmp_path_factory.mktemp("source")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, files.decode().split("\0")):
        if name.startswith(("src/", "man/")) or "/" not in name:
            copy = source / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((ROOT / name).read_bytes())
    target = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--wheel-dir"]
    subprocess.run([*pip, str(target), str(source)], check=True, cwd=target)
    (built,) = target.glob("*.whl")
    return built


def test_holds_the_three_packages_and_the_licence(wheel: Path) -> None:
    assert wheel.name == f"scar_serverless-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    parts = {f"scar_serverless-{VERSION}.{part}" for part in ("dist-info", "data")}
    assert tops == {"scar", "scar_oci", "scar_supervisor", *parts}
    assert [name for name in names if name.endswith("/LICENSE")]
    assert {f"{package}/py.typed" for package in ("scar", "scar_oci", "scar_supervisor")} <= set(names)


def test_brings_the_extras_that_the_program_names(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"scar_serverless-{VERSION}.dist-info/METADATA"))
    assert (metadata["Name"], metadata["Version"]) == ("scar-serverless", VERSION)
    assert set(metadata.get_all("Provides-Extra", [])) == {"local", "udocker", "report", "dev"}


def test_works_from_a_clean_environment(wheel: Path, registry: str, kit: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    variables = {
        "PATH": os.defpath,
        "SCAR_HOME": str(tmp_path / "home"),
        "SCAR_KIT": str(kit),
        "SCAR_REGISTRY_MIRROR": registry,
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def install(what: str) -> None:
        subprocess.run([environment / "bin" / "pip", "--quiet", "install", what], check=True, cwd=tmp_path)

    def scar(*argv: str) -> subprocess.CompletedProcess[str]:
        program = environment / "bin" / "scar"
        return subprocess.run(
            [program, *argv], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
        )

    venv.create(environment, with_pip=True)
    install(str(wheel))
    assert scar("--version").stdout == f"scar {VERSION}\n"
    assert scar("init", "--help").stdout.startswith("Usage: scar init")
    assert (environment / "share" / "man" / "man1" / "scar.1").is_file()
    assert "Unable to locate credentials" in scar("ls").stderr
    without_the_extra = scar("ls", "--local")
    assert without_the_extra.returncode == 1
    assert "scar-serverless[local]" in without_the_extra.stderr
    install(f"{wheel}[local]")
    try:
        made = scar("init", "--local", "-n", "cow", "grycap/cowsay")
        assert made.returncode == 0, made.stderr
        assert "< Moo >" in scar("run", "--local", "cow", "/usr/games/cowsay", "Moo").stdout
    finally:
        scar("local", "stop")
