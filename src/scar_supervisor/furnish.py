"""What programs expect of a root and an image's tree lacks: done once, when it is unpacked.

A name for the user that Lambda runs functions as: `whoami`, ssh, git and Python's getpass ask for one. A
/dev/shm, which Python's multiprocessing looks at; Lambda has none. The files of the network and the host's
name, which Docker writes, too. And the folders that VOLUME names.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from scar_oci.errors import ImageError, UnsafeLayer
from scar_oci.rootpath import RootPath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = b"user"

MACHINES = (b"/etc/hosts", b"/etc/resolv.conf", b"/etc/hostname")
"""Files about the network and the machine, of which an image has those of where it was built."""


def furnish(rootfs: bytes, volumes: Iterable[str] = ()) -> None:
    """Give the user and the group of this process a name, the network its files, and make folders.

    Links of the image are followed as inside of it: an image cannot choose what is written elsewhere.
    """
    root = RootPath(rootfs)
    etc = _folder(root, b"etc")
    if etc:
        uid, gid = os.getuid(), os.getgid()
        _add(etc + b"/passwd", uid, b"%s:x:%d:%d::/tmp:/bin/sh\n" % (NAME, uid, gid))
        _add(etc + b"/group", gid, b"%s:x:%d:\n" % (NAME, gid))
        for path in MACHINES:
            with suppress(OSError):  # a folder is in its place
                _put(etc + b"/" + os.path.basename(path), _of_machine(path))
    with suppress(ImageError):  # /dev is a file
        _make_folder(root.make(b"dev") + b"/shm")
    for volume in volumes:
        with suppress(ImageError):  # a file is in its place
            root.make(os.path.normpath(b"/" + os.fsencode(volume)))


def _folder(root: RootPath, name: bytes) -> bytes | None:
    try:
        return root.find(name)
    except UnsafeLayer:  # links in a circle
        return None


def _make_folder(path: bytes) -> None:
    """Make a folder in place of a file or a link, which may lead nowhere."""
    try:
        os.mkdir(path)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.remove(path)
            os.mkdir(path)


def _of_machine(path: bytes) -> bytes:
    if path == b"/etc/hostname":  # Lambda has no such file
        return os.fsencode(os.uname().nodename) + b"\n"
    with open(path, "rb") as file:
        return file.read()


def _put(path: bytes, content: bytes) -> None:
    """Write a file in place of what the image has there."""
    with suppress(FileNotFoundError):
        os.remove(path)
    with open(path, "xb") as file:
        file.write(content)


def _add(path: bytes, number: int, line: bytes) -> None:
    """Append a line unless the file has one for the number. What is no regular file is left alone."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        content = b""
    if any(entry.split(b":")[2:3] == [b"%d" % number] for entry in content.splitlines()):
        return
    with open(path, "ab") as file:
        file.write((b"" if content.endswith(b"\n") or not content else b"\n") + line)
