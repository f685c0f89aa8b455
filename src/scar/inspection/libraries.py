"""Whether the libraries that a program needs are where execution mode F1 lets the loader look for them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from scar_oci import elf
from scar_oci.runtime import Runtime
from scar_supervisor.program import Tree


def missing_library(tree: Tree, runtime: Runtime, program: bytes, variable: bytes) -> str:
    """The name of a library of the program's that is in none of its folders; empty if there is none.

    ``variable`` is the LD_LIBRARY_PATH that it gets. What libraries need in turn is not looked for.
    """
    path = os.path.realpath(tree.outside(program))
    headers = elf.read(path)
    if headers is None:
        return ""
    folders = tuple(_folders(tree, runtime, headers, os.path.dirname(path), variable))
    if any(b"$" in folder for folder in folders):
        return ""  # $LIB and the like: the loader alone knows what they mean
    loader = os.path.basename(headers.interpreter or "")  # which is there already
    names = (name for name in headers.needed if name and "/" not in name and name != loader)
    return next((name for name in names if not _is_in(folders, name)), "")


def _folders(
    tree: Tree, runtime: Runtime, headers: elf.Elf, origin: bytes, variable: bytes
) -> Iterator[bytes]:
    """Where the loader looks. Their order does not matter here."""
    for folder in (*variable.split(b":"), *map(os.fsencode, headers.library_folders)):
        if folder.startswith(b"/"):
            yield tree.outside(folder)
        elif folder.startswith(b"$"):
            yield folder.replace(b"${ORIGIN}", b"$ORIGIN").replace(b"$ORIGIN", origin)
    yield from (os.path.join(tree.rootfs, os.fsencode(folder)) for folder in runtime.library_path)


def _is_in(folders: tuple[bytes, ...], name: str) -> bool:
    return any(os.path.exists(os.path.join(folder, os.fsencode(name))) for folder in folders)
