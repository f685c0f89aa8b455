"""What a skeleton answers: the same code asks it as asks the unpacked tree in the function."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from scar.inspection.skeleton import Skeleton
from scar_oci import elf
from scar_oci.config import ImageConfig
from scar_oci.errors import ImageError
from scar_oci.runtime import Runtime
from scar_oci.survey import survey
from scar_supervisor.environment import DEFAULT_PATH
from scar_supervisor.errors import SupervisorError
from scar_supervisor.f1 import F1
from scar_supervisor.program import Program, Tree, resolve

_PAGE = 4096


@dataclass(frozen=True)
class Start:
    """How the image's command would be started."""

    command: tuple[str, ...]
    """ENTRYPOINT and CMD, or ENTRYPOINT and the arguments that were given; empty: the image names none."""
    path: str = ""
    """The binary of the image that the kernel would load in the end, such as ``/usr/bin/perl``."""
    argv: tuple[str, ...] = ()
    """With the interpreters of scripts put before them."""
    linkage: str = ""
    """``dynamic``, ``static``, or empty: not found, or no program for this kind of machine."""
    refusal: str = ""
    """Why execution mode F1 cannot start it; empty if it can, or if there is no command."""
    hint: str = ""
    caution: str = ""
    """Why a program that F1 starts may not see the image."""
    is_missing: bool = False
    """The program or its interpreter is not in the image: then no mode can start it."""


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
    runtime = survey(skeleton.root, architecture)
    tree = Tree(skeleton.root, shared=())
    disk, files, privileged = _walk(skeleton)
    return Facts(
        config=config,
        runtime=runtime,
        start=_start(tree, config, runtime, arguments),
        disk=disk,
        files=files,
        privileged=privileged,
        static=tuple(_static(tree, _search_path(config))),
    )


def _start(tree: Tree, config: ImageConfig, runtime: Runtime, arguments: tuple[str, ...]) -> Start:
    command = config.entrypoint + (arguments or config.cmd)
    if not command:
        return Start(())
    argv = tuple(map(os.fsencode, command))
    cwd = os.path.normpath(b"/" + os.fsencode(config.working_dir).lstrip(b"/"))
    try:
        program = resolve(tree, argv, _search_path(config), cwd)
    except SupervisorError as error:
        return Start(command, refusal=str(error), hint=error.hint, is_missing=True)
    engine = F1(tree, runtime, task_root="")
    refusal, hint = _refusal(engine, program)
    return Start(
        command=command,
        path=os.fsdecode(program.path),
        argv=tuple(map(os.fsdecode, program.argv)),
        linkage=_linkage(tree.outside(program.path)),
        refusal=refusal,
        hint=hint,
        caution=engine.caution(program),
    )


def _refusal(engine: F1, program: Program) -> tuple[str, str]:
    try:
        engine.check(program)
    except ImageError as error:
        return str(error), error.hint
    return "", ""


def _linkage(path: bytes) -> str:
    headers = elf.read(path)
    if headers is None:
        return ""
    return "static" if headers.interpreter is None else "dynamic"


def _search_path(config: ImageConfig) -> bytes:
    return os.fsencode(dict(config.env).get("PATH", "")) or DEFAULT_PATH


def _static(tree: Tree, search_path: bytes) -> Iterator[str]:
    """Static programs where a shell would find them, each once: folders of PATH are often links to others."""
    seen: set[bytes] = set()
    for folder in search_path.split(b":"):
        outside = os.path.realpath(tree.outside(folder)) if folder.startswith(b"/") else b""
        if not outside.startswith(tree.rootfs + b"/") or outside in seen or not os.path.isdir(outside):
            continue
        seen.add(outside)
        with os.scandir(outside) as entries:
            programs = sorted(entry.path for entry in entries if entry.is_file(follow_symlinks=False))
        yield from (_inside(tree.rootfs, path) for path in programs if _linkage(path) == "static")


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
