"""What a package carries for the execution modes of udocker: its Python package, and the tools of one mode.

udocker itself is an extra of SCAR's (``pip install 'scar-serverless[udocker]'``). PRoot for P1 and P2 is
taken from the kit (``make kit``), the other tools, and PRoot too if the kit lacks it, from those that
``udocker install`` has downloaded for the user.
"""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from scar.deploy import kit
from scar.errors import ScarError
from scar_oci import elf
from scar_supervisor.contract import EXEC_MODES, UDOCKER_FOLDER

PROOT = "proot"

BIN = f"{UDOCKER_FOLDER}/bin/"
"""Where tools are in a package; what is there is executable."""

_LIB = f"{UDOCKER_FOLDER}/lib/"

_PATCHELF = "patchelf"
_RUNC = ("runc", "crun")
_TOOLS: dict[str, tuple[tuple[str, ...], ...]] = {
    "F3": ((_PATCHELF,),),
    "F4": ((_PATCHELF,),),
    "P1": ((PROOT,),),
    "P2": ((PROOT,),),
    "R1": (_RUNC,),
    "R2": (_RUNC, (PROOT,)),
    "R3": (_RUNC, (PROOT,)),
    "S1": (("apptainer", "singularity"),),
}
"""Of each mode; one of several is enough."""

_OWN_PATCHELF = b"set-root-prefix"
"""An option that udocker's build has and others lack. udocker patches with it."""

_OWN_FAKECHROOT = b"FAKECHROOT_PATCH_PATCHELF"
"""A variable that udocker's build of libfakechroot reads and others do not. F4 works by it."""


_START_PROOT = """\
#!/bin/sh
# Starts Debian's PRoot. It needs a library that Lambda lacks; a variable with its folder would reach the
# container, so the loader is told by an argument. udocker's `-k RELEASE` is left out: with it this PRoot
# answers EINVAL to the fstat of glibc 2.33 and later. It comes after all options that name folders. `-v -1`
# keeps what PRoot has to say out of the container's output, but for errors.
here="${0%/*}/proot.d"
IFS='
'
options=
while [ $# -gt 0 ] && [ "$1" != -k ]; do
    options="$options$IFS$1"
    shift
done
[ $# -gt 1 ] && shift 2
set -f
exec @LOADER@ --library-path "$here" "$here/proot" -v -1 $options "$@"
"""


class ToolsMissing(ScarError):
    """This machine lacks what an execution mode needs in its functions."""


def files(mode: str, architecture: str) -> dict[str, bytes]:
    """What a mode needs, by paths in a package; nothing for the built-in mode. Raises ToolsMissing, NoKit."""
    if mode == EXEC_MODES[0]:
        return {}
    found = {f"{_LIB}{name}": content for name, content in _python().items()}
    for names in _TOOLS.get(mode, ()):
        # R2 and R3 start PRoot inside of the container, where the other files of the kit's are not.
        of_kit = _proot_of_kit(architecture) if mode.startswith("P") else {}
        tools = [of_kit] if of_kit else [dict(_tool(name, architecture)) for name in names]
        if not any(tools):
            raise _missing(mode, names, architecture)
        found |= {f"{BIN}{name}": content for tool in tools for name, content in tool.items()}
    if mode == "F4" and not any(_OWN_FAKECHROOT in content for content in kit.files(architecture).values()):
        raise ToolsMissing(
            f"execution mode F4 needs udocker's own build of libfakechroot, and {kit.folder()} has another",
            hint="udocker install, and SCAR_KIT with the name of a folder that is not there",
        )
    return found


def lacking(architecture: str) -> dict[str, ScarError]:
    """The modes that no function made here can have, and why."""
    found: dict[str, ScarError] = {}
    for mode in EXEC_MODES:
        try:
            files(mode, architecture)
        except (ToolsMissing, kit.NoKit) as error:
            found[mode] = error
    return found


def _missing(mode: str, names: tuple[str, ...], architecture: str) -> ToolsMissing:
    reason = f"execution mode {mode} needs {' or '.join(names)} for {architecture}"
    if mode.startswith("P"):
        return ToolsMissing(
            f"{reason}, which is neither in {kit.folder()} nor in {_bin()}",
            hint="make kit, in a checkout of SCAR; elsewhere: udocker install",
        )
    own = " (udocker's own build: no other has the option that it patches with)" if _PATCHELF in names else ""
    return ToolsMissing(
        f"{reason}{own}, which is not among udocker's tools in {_bin()}",
        hint="udocker install downloads its tools; UDOCKER_BIN names another folder that has them",
    )


@functools.cache
def _python() -> dict[str, bytes]:
    """udocker's modules, read as files: they run in the function."""
    spec = importlib.util.find_spec("udocker")
    if spec is None or not spec.submodule_search_locations:
        raise ToolsMissing(
            "all execution modes but F1 need the Python package udocker, which is not installed",
            hint="pip install 'scar-serverless[udocker]'",
        )
    root = Path(spec.submodule_search_locations[0])
    return {f"udocker/{path.relative_to(root).as_posix()}": path.read_bytes() for path in root.rglob("*.py")}


def _proot_of_kit(architecture: str) -> dict[str, bytes]:
    """Debian's PRoot and the program that starts it, by paths below BIN; nothing if the kit has none."""
    folder = kit.folder() / architecture / PROOT
    if not folder.is_dir():
        return {}
    header = elf.read(str(folder / PROOT))
    if header is None or header.interpreter is None:
        raise ToolsMissing(f"{folder / PROOT} is not a program of Debian's", hint="remove it, then: make kit")
    start = _START_PROOT.replace("@LOADER@", header.interpreter).encode()
    return {PROOT: start} | {f"{PROOT}.d/{path.name}": path.read_bytes() for path in folder.iterdir()}


def _tool(name: str, architecture: str) -> Iterator[tuple[str, bytes]]:
    """udocker's own builds of a tool, such as `proot-x86_64-4_8_0`, by their paths below BIN."""
    for path in sorted([*_bin().glob(name), *_bin().glob(f"{name}-*")]):
        header = elf.read(str(path)) if path.is_file() else None
        if header is None or header.machine != architecture:
            continue
        content = path.read_bytes()
        if name != _PATCHELF or _OWN_PATCHELF in content:
            yield path.name, content


def _bin() -> Path:
    """Where udocker keeps its tools (udocker 1.3, ``container/localrepo.py``)."""
    folder = os.environ.get("UDOCKER_BIN")
    return Path(folder or Path(os.environ.get("UDOCKER_DIR") or "~/.udocker", "bin")).expanduser()
