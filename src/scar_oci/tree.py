"""Removing trees that others made: what ``shutil.rmtree`` does, for a quarter of its start-up cost.

``shutil`` loads five compression modules (5 ms of CPU, 14 times that in the smallest function), recurses as
deep as the tree does, and gives up at a folder that its owner made unreadable.
"""

from __future__ import annotations

import os
import stat

_LONGEST = 2048
"""Bytes of a path. The kernel takes 4,095, and a program can nest folders deeper than that."""


def remove_tree(path: bytes) -> None:
    """Remove a file, a link, or a folder and all that is in it, also where its owner may not write.

    Links are removed, never followed. Raises OSError if something cannot be removed, FileNotFoundError if
    there is nothing.
    """
    if not stat.S_ISDIR(os.lstat(path).st_mode):
        os.unlink(path)
        return
    folders = [path]
    for folder in folders:  # grows while it is walked
        folders += _empty(folder, path, len(folders))
    for folder in reversed(folders):
        os.rmdir(folder)


def _empty(folder: bytes, top: bytes, number: int) -> list[bytes]:
    """Remove all but the folders in a folder, and return those; deep ones are moved up to the top."""
    _unlock(folder)
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.path)
            else:
                os.unlink(entry.path)
    return [_moved_up(path, top, number + index) for index, path in enumerate(folders)]


def _moved_up(folder: bytes, top: bytes, number: int) -> bytes:
    if len(folder) <= _LONGEST:
        return folder
    _unlock(folder)  # to move a folder is to write its `..`
    moved = b"%s/.removed-%d-%d" % (top, os.getpid(), number)
    os.rename(folder, moved)
    return moved


def _unlock(folder: bytes) -> None:
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        os.chmod(folder, 0o700)
