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

    def find(self, name: bytes) -> bytes | None:
        """Where the folder ``name`` (components joined by slashes) really is, or None.

        Raises UnsafeLayer if links lead in a circle.
        """
        found = self._folders.get(name)
        if found is None:
            try:
                found = self._walk(name, create=False)
            except (FileNotFoundError, NotADirectoryError):
                return None
            self._folders[name] = found
        return found

    def make(self, name: bytes) -> bytes:
        """The same, with what is missing made. Raises CorruptImage if something in the way is no folder."""
        found = self._folders.get(name)
        if found is None:
            try:
                found = self._walk(name, create=True)
            except NotADirectoryError as error:
                message = f"a layer holds an entry below something that is no folder: {show(name)}"
                raise CorruptImage(message) from error
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

    def _walk(self, name: bytes, *, create: bool) -> bytes:
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
            target = _link_target(path, create=create)
            if target is None:
                here = path
                continue
            links += 1
            if links > _MOST_LINKS:
                raise UnsafeLayer(f"a layer holds an entry behind links in a circle: {show(name)}")
            here = self.path if target.startswith(b"/") else here
            pending += target.split(b"/")[::-1]
        return here


def _link_target(path: bytes, *, create: bool) -> bytes | None:
    """Where the link at ``path`` points to; None for a folder, which ``create`` makes of nothing."""
    try:
        kind = stat.S_IFMT(os.lstat(path).st_mode)
    except FileNotFoundError:
        if not create:
            raise
        os.mkdir(path, 0o755)
        return None
    if kind == stat.S_IFLNK:
        return os.readlink(path)
    if kind != stat.S_IFDIR:
        raise NotADirectoryError(path)
    return None
