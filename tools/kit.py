"""Collects what deployment packages carry and no Python package brings: ``make kit``.

The builds of libfakechroot are taken out of Debian's packages: one build for images with an older glibc and
one for newer ones, each for both of Lambda's architectures. mmdebstrap fetches packages of any release and
architecture with settings of its own, so that the machine's stay as they are. Their companion,
preload/scar.c, is compiled here. PRoot, for the functions of two execution modes, comes with the one library
that it needs beside glibc.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from scar.deploy.kit import COMPANION, LIBRARY, LICENCE, build_name, oldest_glibc
from scar.deploy.kit import folder as kit_folder
from scar.deploy.udocker import PROOT
from scar_oci import elf

RELEASES = ("bullseye", "bookworm")
"""Debian's: their builds are of the time before glibc 2.34 joined its libraries into one, and after it."""

ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}
"""Debian's names of them, and Lambda's."""

SOURCE = Path(__file__).resolve().parent.parent / "preload" / "scar.c"

COMPILERS = {"x86_64": "x86_64-linux-gnu-gcc", "arm64": "aarch64-linux-gnu-gcc"}
"""Debian's, which cross-compile on each other's machines."""

# Nothing that a newer compiler or C library would add by itself: the result must load in old images.
COMPILE = [
    *("-O2", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-U_FORTIFY_SOURCE"),
    *("-fno-stack-protector", "-fPIC", "-shared", "-s"),
]

COMPANION_GLIBC = ((2, 17), (2, 29))
"""The oldest glibc that each build of the companion may need, which its name tells the function."""

PROOT_RELEASE = "bookworm"
"""Debian's, whose PRoot and libtalloc need no newer glibc than Lambda has (2.34)."""

PROOT_LIBRARY = "libtalloc.so.2"
PROOT_GLIBC = (2, 34)


def collect(folder: Path) -> None:
    """Fills the folder with what it lacks: ``<architecture>/glibc-<oldest that works>/libfakechroot.so``, and
    ``<architecture>/proot/``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for architecture in ARCHITECTURES.values():
        for glibc in COMPANION_GLIBC:
            _compile(folder / architecture, architecture, glibc)
    with tempfile.TemporaryDirectory(prefix=".collect-", dir=folder) as name:
        if not is_complete(folder):
            _collect_builds(folder, Path(name))
        if not all((folder / architecture / PROOT).is_dir() for architecture in ARCHITECTURES.values()):
            _collect_proot(folder, Path(name))


def _collect_builds(folder: Path, scratch: Path) -> None:
    for release in RELEASES:
        packages = scratch / release
        _download(release, ("libfakechroot",), packages)
        for debian_name, architecture in ARCHITECTURES.items():
            _add(folder / architecture, _unpack(packages, debian_name), architecture)


def _collect_proot(folder: Path, scratch: Path) -> None:
    packages = scratch / PROOT
    _download(PROOT_RELEASE, ("proot", "libtalloc2"), packages)
    for debian_name, architecture in ARCHITECTURES.items():
        tree = _extracted(packages, debian_name)
        chosen = packages / f"{debian_name}-chosen"
        chosen.mkdir()
        shutil.copy(tree / "usr/bin" / PROOT, chosen / PROOT)
        (library,) = tree.rglob(PROOT_LIBRARY)
        shutil.copyfile(library, chosen / PROOT_LIBRARY)
        shutil.copyfile(tree / "usr/share/doc/proot/copyright", chosen / LICENCE)
        for file in (chosen / PROOT, chosen / PROOT_LIBRARY):
            glibc = oldest_glibc(_for_architecture(file, architecture).read_bytes())
            if glibc is None or glibc > PROOT_GLIBC:
                raise SystemExit(f"{file} needs a newer glibc than Lambda has: {glibc}")
        target = folder / architecture / PROOT
        if not target.exists():
            chosen.rename(target)


def is_complete(folder: Path) -> bool:
    """True if there is a build of each release for each architecture."""
    return all(
        len(list((folder / architecture).glob(f"glibc-*/{LIBRARY}"))) >= len(RELEASES)
        for architecture in ARCHITECTURES.values()
    )


def companion_name(glibc: tuple[int, ...]) -> str:
    return COMPANION.format(".".join(map(str, glibc)))


def _compile(target: Path, architecture: str, glibc: tuple[int, int]) -> None:
    """Make the companion of libfakechroot for this glibc and newer, unless it was made of the same source."""
    name = companion_name(glibc)
    library = target / name
    stamp = library.with_suffix(".key")
    options = [*COMPILE, f"-DGLIBC={glibc[0] * 100 + glibc[1]}"]
    key = hashlib.sha256(SOURCE.read_bytes() + " ".join(options).encode()).hexdigest()
    if library.is_file() and stamp.is_file() and stamp.read_text() == key:
        return
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".compile-", dir=target) as scratch:
        made = Path(scratch, name)
        subprocess.run([COMPILERS[architecture], *options, "-o", made, SOURCE], check=True)
        needed = oldest_glibc(made.read_bytes())
        if needed is None or needed > glibc:
            raise SystemExit(f"{SOURCE} calls what is not in {build_name(glibc)}: {needed}")
        made.rename(library)
    stamp.write_text(key)


def _download(release: str, names: tuple[str, ...], packages: Path) -> None:
    """Packages of one release for both architectures, with apt's check of their signatures."""
    packages.mkdir()
    wanted = " ".join(f"{name}:{architecture}" for name in names for architecture in ARCHITECTURES)
    # Runs with the settings of mmdebstrap's apt, in the folder that the packages go to.
    download = (
        'cd "$SCAR_PACKAGES" && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" '
        f"apt-get -qq -o APT::Sandbox::User=root download {wanted}"
    )
    options = ["--quiet", "--mode=chrootless", "--variant=custom", "--skip=check/qemu", "--format=null"]
    architectures = f"--architectures={','.join(ARCHITECTURES)}"
    subprocess.run(
        ["mmdebstrap", *options, architectures, f"--customize-hook={download}", release, "/dev/null"],
        check=True,
        env={**os.environ, "SCAR_PACKAGES": str(packages)},
    )


def _extracted(packages: Path, debian_name: str) -> Path:
    """A folder with what is in the packages for one architecture."""
    tree = packages / debian_name
    for package in packages.glob(f"*_{debian_name}.deb"):
        subprocess.run(["dpkg-deb", "--extract", package, tree], check=True)
    return tree


def _unpack(packages: Path, debian_name: str) -> Path:
    """A folder with the library of one package, and the copyright file that has to go with it."""
    tree, chosen = _extracted(packages, debian_name), packages / f"{debian_name}-chosen"
    (library,) = tree.rglob(LIBRARY)
    chosen.mkdir()
    shutil.copyfile(library, chosen / LIBRARY)
    shutil.copyfile(tree / "usr/share/doc/libfakechroot/copyright", chosen / LICENCE)
    return chosen


def _add(builds: Path, chosen: Path, architecture: str) -> None:
    """Put a build where it belongs, unless one for the same glibc is there."""
    library = _for_architecture(chosen / LIBRARY, architecture)
    glibc = oldest_glibc(library.read_bytes())
    if glibc is None:
        raise SystemExit(f"{library} is not for glibc")
    target = builds / build_name(glibc)
    builds.mkdir(exist_ok=True)
    if not target.exists():
        chosen.rename(target)


def _for_architecture(file: Path, architecture: str) -> Path:
    header = elf.read(str(file))
    if header is None or header.machine != architecture:
        raise SystemExit(f"{file} is not for {architecture}: {header}")
    return file


def main() -> None:
    """The command line."""
    folder = kit_folder().expanduser().absolute()
    collect(folder)
    files = [
        *folder.glob(f"*/*/{LIBRARY}"),
        *folder.glob(f"*/{COMPANION.format('*')}"),
        *folder.glob(f"*/{PROOT}/{PROOT}"),
    ]
    print(f"kit in {folder}: {', '.join(sorted(str(file.relative_to(folder)) for file in files))}")


if __name__ == "__main__":
    main()
