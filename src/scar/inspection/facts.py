"""What a skeleton answers: the same code asks it as asks the unpacked tree in the function."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from scar.inspection.skeleton import Skeleton
from scar.inspection.start import Start, linkage, search_path, start_of
from scar_oci.config import ImageConfig
from scar_oci.runtime import Runtime
from scar_oci.survey import survey
from scar_supervisor.program import Tree

_PAGE = 4096


@dataclass(frozen=True)
class Facts:
    """What is known of an image for one architecture."""

    config: ImageConfig
    runtime: Runtime
    start: Start
    disk: int
    """Bytes that the tree takes, files in whole blocks of 4 KB."""
    files: int
    privileged: tuple[str, ...]
    """Paths of setuid and setgid programs."""
    static: tuple[str, ...]
    """Paths of static programs in the folders of PATH."""


def gather(skeleton: Skeleton, config: ImageConfig, architecture: str, arguments: tuple[str, ...]) -> Facts:
    """The facts of an image. ``arguments`` replace CMD, as those of `scar run` do. Raises ImageError."""
    runtime = survey(skeleton.root, architecture, os.fsdecode(search_path(config)))
    tree = Tree(skeleton.root, shared=())
    disk, files, privileged = _walk(skeleton)
    return Facts(
        config=config,
        runtime=runtime,
        start=start_of(tree, config, runtime, arguments),
        disk=disk,
        files=files,
        privileged=privileged,
        static=tuple(_static(tree, search_path(config))),
    )


def _static(tree: Tree, folders: bytes) -> Iterator[str]:
    """Static programs where a shell would find them, each once: folders of PATH are often links to others."""
    seen: set[bytes] = set()
    for folder in folders.split(b":"):
        outside = os.path.realpath(tree.outside(folder)) if folder.startswith(b"/") else b""
        if not outside.startswith(tree.rootfs + b"/") or outside in seen or not os.path.isdir(outside):
            continue
        seen.add(outside)
        with os.scandir(outside) as entries:
            programs = sorted(entry.path for entry in entries if entry.is_file(follow_symlinks=False))
        yield from (_inside(tree.rootfs, path) for path in programs if linkage(path) == "static")


def _walk(skeleton: Skeleton) -> tuple[int, int, tuple[str, ...]]:
    """Bytes on disk, number of files, and paths of privileged ones; hard links count once, as on disk."""
    seen: set[int] = set()
    disk = 0
    privileged = []
    for path in _paths(skeleton.root):
        status = os.lstat(path)
        if status.st_ino in skeleton.privileged and stat.S_ISREG(status.st_mode):
            privileged.append(_inside(skeleton.root, path))
        if status.st_ino not in seen:
            seen.add(status.st_ino)
            disk += _PAGE if stat.S_ISDIR(status.st_mode) else status.st_size + -status.st_size % _PAGE
    return disk, len(seen), tuple(sorted(privileged))


def _paths(root: bytes) -> Iterator[bytes]:
    for folder, folders, files in os.walk(root):
        yield from (os.path.join(folder, name) for name in (*folders, *files))


def _inside(root: bytes, path: bytes) -> str:
    return os.fsdecode(path[len(root) :])
