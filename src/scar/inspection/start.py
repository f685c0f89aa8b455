"""How an image's command would be started: by the code that starts it in the function.

Also what a shell, or an entry point that is a script, would start in turn, as far as that can be told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from scar_oci import elf
from scar_oci.config import ImageConfig
from scar_oci.errors import ImageError
from scar_oci.runtime import Runtime
from scar_supervisor.environment import DEFAULT_PATH
from scar_supervisor.errors import SupervisorError
from scar_supervisor.f1 import F1
from scar_supervisor.program import Program, Tree, resolve

_OWN_CALLS_WAY_OUT = (
    "F1 starts it all the same: call it if it needs no file of the image, and name files by their path in "
    "the call's folder"
)

_SHELLS = frozenset((b"sh", b"ash", b"bash", b"dash", b"ksh", b"zsh"))
_MARKS = frozenset("|&;<>()$`\\\"'*?[]{}#~=%!\n")
"""With one of these a shell's command is more than words."""


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
    """Why execution mode F1 cannot run it; empty if it can, or if there is no command.

    That of the program in a shell's `-c` too, if it can be told.
    """
    hint: str = ""
    doubt: str = ""
    """Why F1 could not run what a script may start: the entry point of many images starts its arguments."""
    is_missing: bool = False
    """The program or its interpreter is not in the image: then no mode can start it."""


def start_of(tree: Tree, config: ImageConfig, runtime: Runtime, arguments: tuple[str, ...]) -> Start:
    """How the function would start the command of an image. ``arguments`` replace CMD."""
    command = config.entrypoint + (arguments or config.cmd)
    if not command:
        return Start(())
    finder = _Finder(tree, search_path(config), os.fsencode(config.working_dir), F1(tree, runtime, ""))
    try:
        program = finder.find(command)
    except SupervisorError as error:
        return Start(command, refusal=str(error), hint=error.hint, is_missing=True)
    refusal, hint = finder.objection(program) or finder.objection_to(_shell_words(program.argv)) or ("", "")
    is_script = len(program.argv) > len(command)
    given = command[len(config.entrypoint) :] if is_script and config.entrypoint else ()
    doubt, _ = finder.objection_to(given) or ("", "")
    return Start(
        command=command,
        path=os.fsdecode(program.path),
        argv=tuple(map(os.fsdecode, program.argv)),
        linkage=linkage(tree.outside(program.path)),
        refusal=refusal,
        hint=hint,
        doubt=doubt,
    )


class _Finder(NamedTuple):
    """Finds the programs of an image, and what speaks against them."""

    tree: Tree
    search_path: bytes
    working_dir: bytes
    engine: F1

    def find(self, command: tuple[str, ...]) -> Program:
        """Raises SupervisorError if the image has no such program."""
        cwd = os.path.normpath(b"/" + self.working_dir.lstrip(b"/"))
        return resolve(self.tree, tuple(map(os.fsencode, command)), self.search_path, cwd)

    def objection(self, program: Program) -> tuple[str, str] | None:
        """Why F1 cannot run a program as it should, and what helps."""
        try:
            self.engine.check(program)
        except ImageError as error:
            return str(error), error.hint
        caution = self.engine.caution(program)
        return (caution, _OWN_CALLS_WAY_OUT) if caution else None

    def objection_to(self, command: tuple[str, ...]) -> tuple[str, str] | None:
        """The same for a command, which may be none, or no program's: a shell knows some words itself."""
        try:
            return self.objection(self.find(command)) if command else None
        except SupervisorError:
            return None


def _shell_words(argv: tuple[bytes, ...]) -> tuple[str, ...]:
    """The command in `sh -c COMMAND`, as builders write the shell form; empty if it is no plain one."""
    if len(argv) < 3 or os.path.basename(argv[0]) not in _SHELLS or argv[1] != b"-c":
        return ()
    text = os.fsdecode(argv[2]).strip().removeprefix("exec ")
    return () if _MARKS.intersection(text) else tuple(text.split())


def linkage(path: bytes) -> str:
    """``dynamic`` or ``static``; empty for a file that is no program."""
    headers = elf.read(path)
    if headers is None:
        return ""
    return "static" if headers.interpreter is None else "dynamic"


def search_path(config: ImageConfig) -> bytes:
    """The PATH that the image's programs get."""
    return os.fsencode(dict(config.env).get("PATH", "")) or DEFAULT_PATH
