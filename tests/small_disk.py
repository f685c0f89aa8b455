"""A file system that is too small, or just large enough."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    """A tmpfs whose size can be changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)], check=True)

    def resize(self, size: int) -> None:
        """So many bytes, all that is used included."""
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.path)], check=True)

    def used(self) -> int:
        """Bytes."""
        status = os.statvfs(self.path)
        return (status.f_blocks - status.f_bfree) * status.f_frsize


@contextmanager
def mounted(path: Path) -> Iterator[SmallDisk]:
    """A disk at a path that does not exist yet, for as long as this."""
    assert os.geteuid() == 0, "only root can mount: run pytest under unshare --user --map-root-user --mount"
    disk = SmallDisk(path)
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(path)], check=True)
