"""Names of an image, followed inside its tree as a process with that root would follow them.

Layers are written by strangers, and may hold links that point anywhere. The kernel would follow them from the
host's root; here every parent of a name is walked component by component, and a link never leads out.
"""

from __future__ import annotations

import os
import stat

from scar_oci.errors import CorruptImage, UnsafeLayer
from scar_oci.tar import show

_MOST_LINKS = 40
"""As the kernel follows in one path."""


def split(name: bytes) -> list[bytes]:
    """The components of a name in a layer, taken from the root of the image. Empty for the root itself.

    Raises UnsafeLayer for ``..``: no builder writes it, and what it means depends on links met on the way.
    """
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if b".." in parts or b"\0" in name:
        raise UnsafeLayer(f"a layer holds an entry whose name leads out of the image: {show(name)}")
    return parts


class RootPath:
    """The root of a tree. Its own path, and all that it answers, is absolute and free of links."""

    def __init__(self, path: bytes) -> None:
        self.path = os.path.realpath(path)
        self._folders: dict[bytes, bytes] = {b"": self.path}

    def folder(self, name: bytes, *, create: bool = False) -> bytes | None:
        """Where the folder ``name`` (components joined by slashes) really is, or None if it does not exist.

        With ``create``, what is missing is made. Raises CorruptImage if something in the way is no folder,
        UnsafeLayer if links lead in a circle.
        """
        found = self._folders.get(name)
        if found is None:
            found = self._walk(name, create)
            if found is not None:
                self._folders[name] = found
        return found

    def remember(self, name: bytes, path: bytes) -> None:
        """That the folder ``name`` has just been made at ``path``."""
        self._folders[name] = path

    def forget(self) -> None:
        """All that is known of folders, because one of them, or a link, has been removed."""
        self._folders = {b"": self.path}

    def depth(self, path: bytes) -> int:
        """How many folders below the root the folder ``path`` is."""
        return path.count(b"/") - self.path.count(b"/")

    def _walk(self, name: bytes, create: bool) -> bytes | None:
        here = self.path
        pending = name.split(b"/")[::-1]
        links = 0
        while pending:
            part = pending.pop()
            if part in (b"", b"."):
                continue
            if part == b"..":  # of a link's target; above the root is the root
                here = here if here == self.path else os.path.dirname(here)
                continue
            path = here + b"/" + part
            kind = _kind(path)
            if kind == stat.S_IFLNK:
                links += 1
                if links > _MOST_LINKS:
                    raise UnsafeLayer(f"a layer holds an entry behind links in a circle: {show(name)}")
                target = os.readlink(path)
                here = self.path if target.startswith(b"/") else here
                pending += target.split(b"/")[::-1]
                continue
            if kind is None:
                if not create:
                    return None
                os.mkdir(path, 0o755)
            elif kind != stat.S_IFDIR:
                if not create:
                    return None
                raise CorruptImage(f"a layer holds the entry {show(name)} below something that is no folder")
            here = path
        return here


def _kind(path: bytes) -> int | None:
    try:
        return stat.S_IFMT(os.lstat(path).st_mode)
    except FileNotFoundError:
        return None
