"""What programs expect of a root and an image's tree lacks: done once, when it is unpacked.

A name for the user that Lambda runs functions as: `whoami`, ssh, git and Python's getpass ask for one. And a
/dev/shm, which Python's multiprocessing looks at; Lambda has none.
"""

from __future__ import annotations

import os

NAME = b"user"


def furnish(rootfs: bytes) -> None:
    """Give the user and the group of this process a line in /etc/passwd and /etc/group, and make /dev/shm."""
    uid, gid = os.getuid(), os.getgid()
    _add(rootfs, b"etc/passwd", uid, b"%s:x:%d:%d::/tmp:/bin/sh\n" % (NAME, uid, gid))
    _add(rootfs, b"etc/group", gid, b"%s:x:%d:\n" % (NAME, gid))
    devices = os.path.join(rootfs, b"dev")
    if not os.path.islink(devices):
        os.makedirs(os.path.join(devices, b"shm"), exist_ok=True)


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
