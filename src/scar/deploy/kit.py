"""The builds of libfakechroot that a deployment package carries, without which no container can run.

They come from the kit, a folder that `make kit` fills, or else from the tools that udocker has downloaded for
the user. Which images a build is for is read from the build: those whose glibc has every symbol it needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from scar.errors import ScarError
from scar.home import home
from scar_oci import elf
from scar_supervisor.contract import KIT_FOLDER

LIBRARY = "libfakechroot.so"

COMPANION = "libscar-{}.so"
"""Ours, which adds what libfakechroot leaves open. One build serves every glibc that Lambda's users have."""

LICENCE = "copyright"
"""File beside a build: the LGPL wants it to go where the library goes."""

_MERGED_GLIBC = (2, 34)
"""The glibc that joined its libraries into one: builds made before it and after it differ in what they catch
(https://sourceware.org/glibc/wiki/Release/2.34)."""


class NoKit(ScarError):
    """There is no build of libfakechroot for the architecture."""


def folder() -> Path:
    """Where `make kit` puts the builds: ``$SCAR_KIT``, or SCAR's folder. It need not exist."""
    return Path(os.environ.get("SCAR_KIT") or home() / KIT_FOLDER)


def files(architecture: str) -> dict[str, bytes]:
    """The builds for ``x86_64`` or ``arm64``, and licences, by their paths in a package. Raises NoKit."""
    found = dict(_of_kit(architecture)) or _of_udocker(architecture)
    if not found:
        raise NoKit(
            f"no libfakechroot for {architecture} in {folder()} or among the tools of udocker: "
            "without it no container can run",
            hint="make kit, in a checkout of SCAR; elsewhere: pip install 'scar-serverless[udocker]',"
            " then udocker install",
        )
    return found


def oldest_glibc(library: bytes) -> tuple[int, ...] | None:
    """The first version of glibc with every symbol that a library needs; None if it is not for glibc.

    The names of the symbols' versions stand in the table of dynamic strings, each ended by a zero byte.
    """
    names = re.findall(rb"\0GLIBC_([0-9.]+)(?=\0)", library)
    return max((tuple(int(number) for number in name.split(b".")) for name in names), default=None)


def build_name(glibc: tuple[int, ...]) -> str:
    """The name of a build's folder, from which the function takes the fitting one: ``glibc-2.34``."""
    return "glibc-" + ".".join(map(str, glibc))


def _of_kit(architecture: str) -> Iterator[tuple[str, bytes]]:
    for companion in sorted((folder() / architecture).glob(COMPANION.format("*"))):
        yield f"{KIT_FOLDER}/{architecture}/{companion.name}", companion.read_bytes()
    for library in sorted((folder() / architecture).glob(f"glibc-*/{LIBRARY}")):
        for path in (library.with_name(LICENCE), library):
            if path.is_file():
                yield f"{KIT_FOLDER}/{architecture}/{path.parent.name}/{path.name}", path.read_bytes()


def _of_udocker(architecture: str) -> dict[str, bytes]:
    """Of udocker's builds, one a distribution, those for the oldest glibc before 2.34 and from 2.34 on."""
    chosen: dict[bool, tuple[tuple[int, ...], bytes]] = {}
    for path in sorted(_udocker_libraries().glob("libfakechroot*.so")):
        header = elf.read(str(path))
        content = path.read_bytes()
        glibc = oldest_glibc(content)
        if header is not None and header.machine == architecture and glibc is not None:
            family = glibc >= _MERGED_GLIBC
            chosen[family] = min(chosen.get(family, (glibc, content)), (glibc, content))
    return {
        f"{KIT_FOLDER}/{architecture}/{build_name(glibc)}/{LIBRARY}": content
        for glibc, content in chosen.values()
    }


def _udocker_libraries() -> Path:
    """Where udocker keeps its tools' libraries (udocker 1.3, ``container/localrepo.py``)."""
    library = os.environ.get("UDOCKER_LIB")
    return Path(library or Path(os.environ.get("UDOCKER_DIR") or "~/.udocker", "lib")).expanduser()
