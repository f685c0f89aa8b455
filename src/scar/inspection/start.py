"""How an image's command would be started: by the code that starts it in the function.

Also what a shell, `env` or the like, or an entry point that is a script, would start in turn, as far as that
can be told.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

from scar.inspection.launchers import started_by
from scar.inspection.libraries import missing_library
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

_LIBRARY_WAY_OUT = "install the package that has it, or name its folder with ENV LD_LIBRARY_PATH"

_MOST_STARTED = 8
"""Programs that start one another, before what is at their end is no longer looked for."""


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

    Also what it cannot run of the programs that this one only starts, such as that of `sh -c` or `env`.
    """
    hint: str = ""
    doubt: str = ""
    """Why F1 could not run what a script may start: the entry point of many images starts its arguments."""
    is_missing: bool = False
    """The program, its interpreter, or one that they only start is not in the image: no mode can start it."""


def start_of(tree: Tree, config: ImageConfig, runtime: Runtime, arguments: tuple[str, ...]) -> Start:
    """How the function would start the command of an image. ``arguments`` replace CMD."""
    command = config.entrypoint + (arguments or config.cmd)
    if not command:
        return Start(())
    finder = _Finder(tree, config, F1(tree, runtime, ""))
    try:
        program = finder.find(tuple(map(os.fsencode, command)))
    except SupervisorError as error:
        return Start(command, refusal=str(error), hint=error.hint, is_missing=True)
    objection = finder.objection(program) or _NONE
    is_script = len(program.argv) > len(command)
    given = command[len(config.entrypoint) :] if is_script and config.entrypoint else ()
    return Start(
        command=command,
        path=os.fsdecode(program.path),
        argv=tuple(map(os.fsdecode, program.argv)),
        linkage=linkage(tree.outside(program.path)),
        refusal=objection.reason,
        hint=objection.hint,
        doubt=finder.doubt(given),
        is_missing=objection.is_missing,
    )


class _Objection(NamedTuple):
    """Why F1 cannot run a program as it should, and what helps."""

    reason: str
    hint: str
    is_missing: bool = False
    """The program is not in the image."""


_NONE = _Objection("", "")


class _Finder(NamedTuple):
    """Finds the programs of an image, and what speaks against them."""

    tree: Tree
    config: ImageConfig
    engine: F1

    def find(self, command: tuple[bytes, ...]) -> Program:
        """Raises SupervisorError if the image has no such program."""
        cwd = os.path.normpath(b"/" + os.fsencode(self.config.working_dir).lstrip(b"/"))
        return resolve(self.tree, command, search_path(self.config), cwd)

    def objection(self, program: Program, depth: int = _MOST_STARTED) -> _Objection | None:
        """What speaks against a program, or against one that it only starts."""
        try:
            self.engine.check(program)
        except ImageError as error:
            return _Objection(str(error), error.hint)
        if caution := self.engine.caution(program):
            return _Objection(caution, _OWN_CALLS_WAY_OUT)
        if library := self._missing_library(program):
            reason = f"needs the library {library}, which is in none of the folders where the loader looks"
            return _Objection(f"{os.fsdecode(program.path)} {reason}", _LIBRARY_WAY_OUT)
        started = started_by(program.argv) if depth else None
        if started is None:
            return None
        try:
            return self.objection(self.find(started.command), depth - 1)
        except SupervisorError as error:
            return _Objection(str(error), error.hint, is_missing=True) if started.is_program else None

    def doubt(self, command: tuple[str, ...]) -> str:
        """What speaks against the program of a command, which may be none, or no program's."""
        try:
            found = self.objection(self.find(tuple(map(os.fsencode, command)))) if command else None
        except SupervisorError:
            return ""
        return found.reason if found else ""

    def _missing_library(self, program: Program) -> str:
        variable = os.fsencode(dict(self.config.env).get("LD_LIBRARY_PATH", ""))
        return missing_library(self.tree, self.engine.runtime, program.path, variable)


def linkage(path: bytes) -> str:
    """``dynamic`` or ``static``; empty for a file that is no program."""
    headers = elf.read(path)
    if headers is None:
        return ""
    return "static" if headers.interpreter is None else "dynamic"


def search_path(config: ImageConfig) -> bytes:
    """The PATH that the image's programs get."""
    return os.fsencode(dict(config.env).get("PATH", "")) or DEFAULT_PATH
