"""Which program of the image to start for a command, found as the kernel and execvp would inside the image.

Paths here are the image's own, as bytes. Absolute links in the tree were made relative when it was unpacked,
so that the kernel resolves them inside it.
"""

from __future__ import annotations

import functools
import os
import stat
from typing import NamedTuple

from .errors import ProgramNotExecutable, ProgramNotFound

SHELL = b"/bin/sh"
_INTERPRETER_DEPTH = 4  # of scripts whose interpreters are scripts; the kernel's own limit (fs/exec.c)
_PROGRAM_FOLDERS = tuple(
    parent + b"/" + child for parent in (b"/usr/local", b"/usr", b"") for child in (b"bin", b"sbin", b"games")
)
_PARENTS = (b"/usr/local", b"/opt")
"""Of folders with a ``bin`` of their own."""
_SHEBANG_MAX = 256  # bytes of the first line that the kernel reads (BINPRM_BUF_SIZE)


class Program(NamedTuple):
    """A binary of the image and its arguments."""

    path: bytes
    """In the image."""
    argv: tuple[bytes, ...]


class Tree(NamedTuple):
    """A rootfs, and the folders of the outside that containers see at the same path."""

    rootfs: bytes
    shared: tuple[bytes, ...]

    def outside(self, path: bytes) -> bytes:
        """The path on this machine of an absolute path in the container."""
        if any(path == folder or path.startswith(folder + b"/") for folder in self.shared):
            return path
        return self.rootfs + path


def resolve(tree: Tree, argv: tuple[bytes, ...], search_path: bytes, cwd: bytes) -> Program:
    """The binary that runs `argv`, with the interpreters of scripts put before it.

    Raises ProgramNotFound and ProgramNotExecutable.
    """
    path = _find(tree, argv[0], search_path, cwd)
    for _ in range(_INTERPRETER_DEPTH):
        words = _interpreter(tree, path)
        if words is None:
            return Program(path, argv)
        argv = (*words, path, *argv[1:])
        path = os.path.join(cwd, words[0])
        _check(tree, path, what="interpreter")
    raise ProgramNotExecutable(f"{_show(path)}: the interpreter of an interpreter of a script is a script")


def _find(tree: Tree, name: bytes, search_path: bytes, cwd: bytes) -> bytes:
    if b"/" in name:
        path = os.path.join(cwd, name)
        _check(tree, path, what="program")
        return path
    for folder in search_path.split(b":"):
        path = os.path.join(cwd, folder, name)
        outside = tree.outside(path)
        if _is_program(outside):
            return path
    elsewhere = _elsewhere(tree, name)
    hint = "name a program of the image, by its full path if it is in none of these folders"
    if elsewhere:
        hint = f"the image has {_show(elsewhere)}"
    if name.startswith(b"-"):
        hint = "options come before the function's name; what follows it goes to the container"
    raise ProgramNotFound(
        f"{_show(name) or 'an empty name'}: no such program in the image (looked in {_show(search_path)})",
        hint,
    )


def _is_program(outside: bytes) -> bool:
    return os.path.isfile(outside) and os.access(outside, os.X_OK)


def _elsewhere(tree: Tree, name: bytes) -> bytes:
    """The path of a program of this name in a folder that images keep programs in; empty if there is none."""
    if not name:
        return b""
    folders = list(_PROGRAM_FOLDERS)
    for parent in _PARENTS:
        try:
            folders += [b"%b/%b/bin" % (parent, child) for child in sorted(os.listdir(tree.outside(parent)))]
        except OSError:  # not there, or not to be read
            continue
    paths = (b"%b/%b" % (folder, name) for folder in folders)
    return next((path for path in paths if _is_program(tree.outside(path))), b"")


def _check(tree: Tree, path: bytes, what: str) -> None:
    outside = tree.outside(path)
    try:
        mode = os.stat(outside).st_mode
    except OSError:
        hint = "name one that the image holds"
        if path.endswith(b"\r"):
            hint = "the script has the line ends of Windows: save it with those of Unix"
        raise ProgramNotFound(f"{_show(path)}: no such {what} in the image", hint) from None
    if not stat.S_ISREG(mode):
        raise ProgramNotExecutable(f"{_show(path)}: not a file, so it cannot be started")
    if not os.access(outside, os.X_OK):
        raise ProgramNotExecutable(
            f"{_show(path)}: not executable", f"make it so in the image, or run `/bin/sh {_show(path)}`"
        )


def _interpreter(tree: Tree, path: bytes) -> tuple[bytes, ...] | None:
    """What the first line of a script names; the shell if it names nothing; None for a binary."""
    outside = tree.outside(path)
    try:
        return _first_line(outside, os.stat(outside).st_ctime_ns)
    except PermissionError:
        raise ProgramNotExecutable(f"{_show(path)}: not readable, and execution mode F1 reads it") from None


@functools.lru_cache(maxsize=64)  # warm calls mostly start the same few programs
def _first_line(outside: bytes, _ctime_ns: int) -> tuple[bytes, ...] | None:
    with open(outside, "rb", buffering=0) as file:
        start = file.read(_SHEBANG_MAX)
    if start.startswith(b"\x7fELF"):
        return None
    if not start.startswith(b"#!"):
        return (SHELL,)  # as execvp(3) does
    line = start[2:].partition(b"\n")[0].strip(b" \t")
    # Not split(): the carriage return of a Windows line end belongs to the name, as it does for the kernel.
    end = min((at for at in (line.find(b" "), line.find(b"\t")) if at >= 0), default=len(line))
    name, argument = line[:end] or SHELL, line[end:].strip(b" \t")
    return (name, argument) if argument else (name,)


def _show(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
