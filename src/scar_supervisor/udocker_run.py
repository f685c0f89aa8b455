"""Run one program of an image with udocker: a program of its own, started by `udocker`.

    python -I -S udocker_run.py FOLDER MODE CONTAINER FAKECHROOT USER SCRATCH CWD SHARED PROGRAM [ARG...]

FOLDER is udocker's in the package, CONTAINER the image's folder, which is a container of udocker's,
FAKECHROOT the library of the modes F (else empty), USER whom the program should be, SHARED the outside's
folders that the container sees, joined by colons. The container's variables are those of the environment that
begin with a prefix. The exit status is the program's; 128 + N if signal N ended it; 125 if udocker could not
start it.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

FAILED = 125


def main(argv: list[str]) -> int:
    """Run the program."""
    folder, mode, container, fakechroot, user, scratch, cwd, shared, *command = argv
    sys.path[:0] = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.path.join(folder, "lib")]
    variables = _taken(os.environ)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as STOPSIGNAL: no traceback in the container's output
    os.mkdir(scratch)
    _configure(folder, container, fakechroot, scratch)
    if os.path.isdir(os.path.join(folder, "bin", "proot.d")):  # Debian's
        from scar_supervisor import seccomp

        seccomp.hide(seccomp.NEWER_THAN_PROOT)
    try:
        engine = _engine(os.path.basename(container), mode)
        engine.opt.update(
            cmd=command,
            cwd=cwd,
            env=_environment(variables),
            user=user,
            vol=shared.split(":"),
            nometa=True,
            nobanner=True,
            # Those of its command line that its engines have no default for.
            kernel="",
            netcoop=False,
        )
        if mode.startswith("P"):
            engine.opt["vol"].append(f"{container}/ROOT/dev/shm:/dev/shm")
        if mode.startswith("R"):  # its way without a terminal takes each byte for a character
            engine.run_nopty = engine.run_pty
        status = int(engine.run(os.path.basename(container)))
    except SystemExit:  # udocker has said why
        return FAILED
    return status if status >= 0 else 128 - status


def _taken(environ: os._Environ[str]) -> dict[str, str]:
    """The container's variables, taken out of the environment."""
    from scar_supervisor.udocker import VARIABLE_PREFIX

    prefix = VARIABLE_PREFIX.decode()
    names = [name for name in environ if name.startswith(prefix)]
    return {name.removeprefix(prefix): environ.pop(name) for name in names}


def _configure(folder: str, container: str, fakechroot: str, scratch: str) -> None:
    """Settings come from here alone: the file that udocker would read may be a container's work."""
    os.environ["PROOT_TMP_DIR"] = scratch

    from udocker.config import Config
    from udocker.msg import Msg

    repository = os.path.dirname(os.path.dirname(container))
    Config.conf.update(
        topdir=repository,
        homedir=repository,
        bindir=os.path.join(folder, "bin"),
        tmpdir=scratch,
        # Every folder by its own path: udocker's maps of folders are for its own libfakechroot.
        fakechroot_expand_symlinks=False,
        fakechroot_so=fakechroot or None,
        fakechroot_libc=_libc(container),
        # What is in `bindir`, and nothing of the place.
        use_runc_executable="UDOCKER",
        use_singularity_executable="UDOCKER",
    )
    Msg().setlevel(Msg.ERR)


def _libc(container: str) -> str | None:
    """The C library as the image names it: beside the loader. udocker would look at all files for it."""
    try:
        with open(os.path.join(container, "ld.so.path"), encoding="utf-8") as file:
            return os.path.join(os.path.dirname(file.read()), "libc.so.6")
    except FileNotFoundError:  # without a loader there is no mode F
        return None


def _engine(container: str, mode: str) -> Any:
    from udocker.container.localrepo import LocalRepository
    from udocker.engine.execmode import ExecutionMode

    execution = ExecutionMode(LocalRepository(), container)
    if not mode.startswith("F"):  # nothing of the tree has to be changed: no look at each of its files
        execution.force_mode = mode
    elif not execution.set_mode(mode):
        raise SystemExit
    return execution.get_engine()


def _environment(variables: dict[str, str]) -> Any:
    """The variables byte for byte, and those that udocker adds, which replace none but the loader's."""
    from udocker.utils.uenv import Uenv

    class Variables(Uenv):  # type: ignore[misc]
        def append(self, envstr: str) -> Any:
            name = envstr.partition("=")[0]
            return self if name in variables and not name.startswith("LD_") else super().append(envstr)

    return Variables().extend(variables)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
