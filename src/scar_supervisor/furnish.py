"""What programs expect of a root and an image's tree lacks: done once, when it is unpacked.

A name for the user that Lambda runs functions as: `whoami`, ssh, git and Python's getpass ask for one. A
/dev/shm, which Python's multiprocessing looks at; Lambda has none. And the folders that VOLUME names.
"""

from __future__ import annotations

import os
from contextlib import suppress

from scar_oci.errors import ImageError
from scar_oci.rootpath import RootPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = b"user"


def furnish(rootfs: bytes, volumes: Iterable[str] = ()) -> None:
    """Give the user and the group of this process a line in /etc/passwd and /etc/group, and make folders."""
    uid, gid = os.getuid(), os.getgid()
    _add(rootfs, b"etc/passwd", uid, b"%s:x:%d:%d::/tmp:/bin/sh\n" % (NAME, uid, gid))
    _add(rootfs, b"etc/group", gid, b"%s:x:%d:\n" % (NAME, gid))
    devices = os.path.join(rootfs, b"dev")
    if not os.path.islink(devices):
        os.makedirs(os.path.join(devices, b"shm"), exist_ok=True)
    root = RootPath(rootfs)
    for volume in volumes:
        with suppress(ImageError):  # a file is in its place
            root.make(os.path.normpath(b"/" + os.fsencode(volume)))


def _add(rootfs: bytes, name: bytes, number: int, line: bytes) -> None:
    """Append a line unless the file has one for the number. A file of another kind is left alone."""
    path = os.path.join(rootfs, name)
    if os.path.islink(path) or not os.path.isdir(os.path.dirname(path)):
        return
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        content = b""
    if any(entry.split(b":")[2:3] == [b"%d" % number] for entry in content.splitlines()):
        return
    with open(path, "ab") as file:
        file.write((b"" if content.endswith(b"\n") or not content else b"\n") + line)
