"""The F1 execution mode: udocker's Fakechroot, in which the image's own loader starts its programs.

libfakechroot, loaded before the C library, puts the rootfs before every absolute path that the program and
its children use. Nothing needs a privilege, and calls that name no path cost nothing. What it takes is that
the program is linked dynamically with glibc: that is seen in its ELF header before it is started.
"""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

from scar_oci import elf
from scar_oci.errors import IncompatibleImage

from .contract import KIT_FOLDER
from .errors import FunctionMisconfigured, ProgramNotExecutable
from .process import Launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from scar_oci.config import ImageConfig
    from scar_oci.runtime import Runtime

    from .function import Environment
    from .program import Program, Tree

_WAY_OUT = (
    "build the program with glibc, linked dynamically, for example on the image debian:bookworm-slim; "
    "where ptrace is allowed, --exec-mode P1 runs it as it is"
)
_LIBRARY_WAY_OUT = "link with -L and -l, or give the library a soname (-Wl,-soname)"
_ARGV0_SINCE = (2, 33)  # glibc's loader takes --argv0 (its release notes of 2.33)
_OWN_STAT_SINCE = (2, 33)
"""Since then glibc has stat, lstat, fstatat and mknod as functions of its own (its release notes). Builds for
older ones catch what there was in their place, so that newer programs would see the host's files."""
_LIBRARY = "libfakechroot.so"
_BUILD = "glibc-"  # and the version that a build needs: the name of its folder
_COMPANION = "libscar-"  # and the version that a build needs, and ".so"

_UTC = frozenset((b"UTC", b"Etc/UTC", b"UCT", b"Etc/UCT"))
"""Zones that are the C library's default, and need no variable."""

PASSED_THROUGH = (
    *(b"/proc", b"/sys", b"/dev/null", b"/dev/zero", b"/dev/full", b"/dev/random", b"/dev/urandom"),
    *(b"/dev/tty", b"/dev/ptmx", b"/dev/pts", b"/dev/fd", b"/dev/stdin", b"/dev/stdout", b"/dev/stderr"),
)
"""Of the machine, seen by containers as it is. Not all of /dev: /dev/shm is the image's, as Lambda has none.

libfakechroot takes no more than 32 of them.
"""


class F1(NamedTuple):
    """The engine for one image."""

    tree: Tree
    runtime: Runtime
    task_root: str
    """Folder of the unpacked deployment package."""

    def launch(self, program: Program, env: Environment, cwd: bytes) -> Launch:
        """All that exec needs to run a program of the image in its folder `cwd`.

        Raises IncompatibleImage for a program that F1 cannot run, and FunctionMisconfigured if the deployment
        package has no libfakechroot for the image.
        """
        self.check(program)
        tree = self.tree
        loader = os.path.join(tree.rootfs, os.fsencode(self.runtime.loader))
        if not os.path.exists(loader):
            raise ProgramNotExecutable(
                f"/{self.runtime.loader}: the image's own loader is gone, so an earlier call removed it",
                "calls share the image while their environment is warm: do not remove parts of it",
            )
        name_option = b"--argv0" if _version(self.runtime.libc_version) >= _ARGV0_SINCE else b""
        named = (name_option, program.argv[0]) if name_option else ()
        own = self._folders(env.get(b"LD_LIBRARY_PATH", b""))
        # A program that is a link, by its own path: where it is decides where it looks for its libraries.
        path = tree.outside(program.path)
        path = os.path.realpath(path) if os.path.islink(path) else path
        libraries = tuple(os.path.join(tree.rootfs, os.fsencode(name)) for name in self.runtime.library_path)
        preloads = b":".join(map(os.fsencode, preloaded(self.task_root, self.runtime)))
        return Launch(
            path=loader,
            argv=(loader, *named, *self._search(path, own, libraries), path, *program.argv[1:]),
            env={
                **data_variables(tree.rootfs, self.runtime),
                **_zone(tree.rootfs),
                **env,
                b"FAKECHROOT": b"true",
                b"FAKECHROOT_BASE": tree.rootfs,
                b"FAKECHROOT_ELFLOADER": loader,
                b"FAKECHROOT_EXCLUDE_PATH": b":".join((*PASSED_THROUGH, *tree.shared)),
                # What of the two lists is the root's, so that programs can set their own.
                b"SCAR_LIBRARY_PATH": b":".join(libraries),
                b"SCAR_PRELOAD": preloads,
                **(
                    {}
                    if named
                    else {b"SCAR_ARGV0": b":".join((path.removeprefix(tree.rootfs), program.argv[0]))}
                ),
                b"LD_LIBRARY_PATH": b":".join((*own, *libraries)),
                b"LD_PRELOAD": preloads,
            },
            cwd=tree.outside(cwd),
        )

    def check(self, program: Program, mode: str = "F1") -> None:
        """Raise IncompatibleImage unless F1, or another mode with libfakechroot, can run this program."""
        shown = os.fsdecode(program.path)
        path = self.tree.outside(program.path)
        binary = _headers(path, os.stat(path).st_ctime_ns)
        if binary is None:
            reason = "is not a program that this kind of machine can start"
        elif binary.machine != self.runtime.architecture:
            reason = f"is for {binary.machine}, and the image for {self.runtime.architecture}"
        elif binary.interpreter is None:
            reason = f"is linked statically, and execution mode {mode} works through the C library"
        elif "ld-musl" in binary.interpreter:
            reason = f"uses the C library musl (as Alpine Linux does), and execution mode {mode} needs glibc"
        elif self.runtime.libc != "glibc":
            reason = (
                f"asks for the loader {binary.interpreter}, and the image has no glibc in its usual place, "
                f"which execution mode {mode} needs"
            )
        elif library := self._out_of_reach(binary):
            raise IncompatibleImage(
                f"{shown} needs {library} by its absolute path, where the loader looks outside of the image",
                hint=_LIBRARY_WAY_OUT,
            )
        else:
            return
        raise IncompatibleImage(f"{shown} {reason}", hint=_WAY_OUT)

    def caution(self, program: Program) -> str:
        """Why a program that F1 starts may not see the image; empty if nothing is known against it."""
        path = self.tree.outside(program.path)
        binary = _headers(path, os.stat(path).st_ctime_ns)
        if binary is None or not binary.is_go:
            return ""
        return (
            f"{os.fsdecode(program.path)} is a Go program: it makes its system calls without the C library, "
            "so it sees the function's files, not the image's"
        )

    def _out_of_reach(self, binary: elf.Elf) -> str:
        """The library that the loader, which does not ask fakechroot, would look for outside of the image."""
        paths = (name for name in binary.needed if name.startswith("/"))
        return next((name for name in paths if self.tree.outside(os.fsencode(name)) != os.fsencode(name)), "")

    def _folders(self, path: bytes) -> tuple[bytes, ...]:
        """The folders in a list of the image's, which the loader reads, and does not ask fakechroot."""
        return tuple(
            self.tree.outside(folder) if folder.startswith(b"/") else folder
            for folder in path.split(b":")
            if folder
        )

    def _search(self, path: bytes, own: tuple[bytes, ...], libraries: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """The loader's option for a program that names folders in its RUNPATH or RPATH.

        The loader would look for the image's outside of it, and for all of a RUNPATH after LD_LIBRARY_PATH,
        which has the image's own. The programs that this one starts do not inherit the option.
        Where the two stand beside LD_LIBRARY_PATH: https://man7.org/linux/man-pages/man8/ld.so.8.html
        """
        binary = _headers(path, os.stat(path).st_ctime_ns)
        if binary is None or not binary.library_folders:
            return ()
        origin = os.path.dirname(path.removeprefix(self.tree.rootfs))
        said = os.fsencode(":".join(binary.library_folders)).replace(b"${ORIGIN}", b"$ORIGIN")
        named = self._folders(said.replace(b"$ORIGIN", origin))
        searched = (*own, *named, *libraries) if binary.runpath else (*named, *own, *libraries)
        return (b"--library-path", b":".join(searched))


@functools.lru_cache(maxsize=1)
def data_variables(rootfs: bytes, runtime: Runtime) -> Environment:
    """Where the image has time zones, locales and character sets.

    The C library opens them without asking fakechroot, and would take the function's, or find none.
    """
    conversions = (f"{folder}/gconv" for folder in runtime.library_path)
    folders = (
        *((b"TZDIR", "usr/share/zoneinfo"), (b"LOCPATH", "usr/lib/locale")),
        *((b"GCONV_PATH", folder) for folder in conversions),
    )
    paths = ((name, os.path.join(rootfs, os.fsencode(folder))) for name, folder in folders)
    return {name: path for name, path in paths if os.path.isdir(path)}


def _zone(rootfs: bytes) -> Environment:
    """The zone that the image's /etc/localtime links to, by its name: that file, too, is opened unasked."""
    try:
        target = os.readlink(rootfs + b"/etc/localtime")
    except OSError:
        return {}
    name = target.partition(b"/zoneinfo/")[2]
    return {b"TZ": name} if name and name not in _UTC else {}


def disregarded(config: ImageConfig) -> str:
    """What of an image's wishes F1 cannot obey, in a sentence; empty if nothing."""
    if config.user.partition(":")[0] in {"", "0", "root"}:
        return ""
    return f"USER {config.user} is not obeyed: programs run as the function's own user"


@functools.cache
def preloaded(task_root: str, runtime: Runtime) -> tuple[str, ...]:
    """What to load before the libraries of an image: the companion, and the build of libfakechroot for it.

    The build is the newest that the image's glibc is new enough for. A package that was made with udocker's
    builds has no companion, and does without what that adds (its source, preload/scar.c, says what).
    """
    kit = os.path.join(task_root, KIT_FOLDER, runtime.architecture)
    try:
        names = os.listdir(kit)
    except FileNotFoundError:
        names = []
    build = fitting_build(names, runtime)
    if build is None:
        raise FunctionMisconfigured(
            "the deployment package has no libfakechroot for the image's glibc "
            f"{runtime.libc_version} on {runtime.architecture}",
            remedy(runtime) or "collect the builds with `make kit` and make the function again",
        )
    library = os.path.join(kit, build, _LIBRARY)
    companion = fitting_companion(names, runtime)
    return (library,) if companion is None else (os.path.join(kit, companion), library)


def fitting_build(names: Iterable[str], runtime: Runtime) -> str | None:
    """The newest of the builds among these names that the image can load; None if it catches too little."""
    libc = _version(runtime.libc_version)
    builds = (name for name in names if name.startswith(_BUILD) and _needs(name) <= libc)
    build = max(builds, key=_needs, default=None)
    if build is None or _needs(build) < _OWN_STAT_SINCE <= libc:
        return None
    return build


def fitting_companion(names: Iterable[str], runtime: Runtime) -> str | None:
    """The newest build of the companion among these names that the image can load; None if there is none."""
    needs = {name: _version(name.removeprefix(_COMPANION)) for name in names if name.startswith(_COMPANION)}
    libc = _version(runtime.libc_version)
    return max((name for name in needs if needs[name] <= libc), key=needs.__getitem__, default=None)


def remedy(runtime: Runtime) -> str:
    """What helps if there is no build for an image's glibc, and `make kit` brings none; empty if it does."""
    if _version(runtime.libc_version)[:2] != _OWN_STAT_SINCE:
        return ""
    return (
        "glibc 2.33 is between the builds that there are: take an image with another, such as ubuntu:22.04; "
        "where ptrace is allowed, --exec-mode P1 runs it as it is"
    )


@functools.lru_cache(maxsize=64)
def _headers(path: bytes, _ctime_ns: int) -> elf.Elf | None:
    # A tenth of what starting the program costs; warm calls mostly start the same few programs.
    return elf.read(path)


def _needs(build: str) -> tuple[int, ...]:
    return _version(build.removeprefix(_BUILD))


def _version(text: str) -> tuple[int, ...]:
    """Of ``2.36`` or ``2.36.9000``; that of a C library that does not say it, ``""``, is below all others."""
    return tuple(int(part) for part in text.split(".") if part.isdecimal())
