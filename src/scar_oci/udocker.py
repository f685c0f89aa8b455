"""The files that make a folder a repository, and an image a container, of udocker (its release 1.3)."""

from __future__ import annotations

import os

from scar_oci.manifest import ResolvedImage
from scar_oci.runtime import Runtime
from scar_oci.store import CONTAINERS, container_id

_FOLDERS = ("bin", "lib", "doc", "repos", "layers", CONTAINERS)

_TOOLS_VERSION = "1.2.11"
"""Of udocker's own tools. udocker downloads them if this file says less, or is missing."""

_LONGEST_NAME = 255
"""Bytes of a file's name on Linux."""

_MODE = "F1"
"""How the tree is prepared: its absolute links are relative, its binaries are as they came."""


def lay_out(root: str) -> None:
    """Make ``root`` a repository, if it is not one yet."""
    for folder in _FOLDERS:
        os.makedirs(os.path.join(root, folder), exist_ok=True)
    _write(os.path.join(root, "lib", "VERSION"), f"{_TOOLS_VERSION}\n".encode())


def describe(folder: str, rootfs: str, image: ResolvedImage, config: bytes, runtime: Runtime) -> None:
    """Write what udocker wants to know into an image's ``folder``. ``rootfs`` is where its tree will be.

    Loader and library folders too: udocker would start a program of its tools for file after file of the tree
    to find the one, and look at all of them for the other.
    """
    tag = image.reference.tag or image.digest.replace(":", "-")
    _write(os.path.join(folder, "container.json"), config)
    _write(os.path.join(folder, "imagerepo.name"), f"{image.reference.repository}:{tag}".encode())
    _write(os.path.join(folder, "execmode"), _MODE.encode())
    _write(os.path.join(folder, "root.path"), os.fsencode(rootfs))
    if runtime.loader:
        libraries = (os.path.join(rootfs, path) for path in runtime.library_path)
        _write(os.path.join(folder, "ld.so.path"), os.fsencode(f"/{runtime.loader}"))
        _write(os.path.join(folder, "ld.lib.dirs"), os.fsencode(":".join(libraries)))


def name(root: str, image: ResolvedImage) -> None:
    """Let ``udocker run`` find the image under its repository's name, with ``-`` for what udocker refuses."""
    text = image.reference.repository.replace("/", "-").replace(".", "-")
    link = os.path.join(root, CONTAINERS, text[:_LONGEST_NAME])
    if not os.path.lexists(link):
        os.symlink(container_id(image.digest), link)


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
