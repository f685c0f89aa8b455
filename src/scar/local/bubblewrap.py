"""An environment behind bubblewrap's walls, which are as Lambda's where they matter to a function."""

from __future__ import annotations

import os
import platform
import subprocess
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from scar.local import limits
from scar.local.host_files import HostFiles, Interpreter
from scar.local.layout import INIT, Layout, init_command, library_path

UID, GID = "993", "990"
"""Lambda's own, which have no name in /etc/passwd."""


class Bubblewrap:
    """Namespaces of its own for all but the network: the cloud is on the host's loopback."""

    name = "bubblewrap"
    wrapped = True
    limitations: tuple[str, ...] = ()

    def __init__(self, files: HostFiles, program: str, *, ptrace: bool) -> None:
        self._program, self._files, self._ptrace = program, files, ptrace

    def layout(self, code: Path) -> Layout:  # noqa: ARG002  (the same wherever the code is)
        """Lambda's own paths."""
        return Layout(
            task_root="/var/task",
            runtime_dir="/var/runtime",
            python=f"/var/lang/bin/{self._files.interpreter.executable.name}",
            program_path="/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            library_path=library_path("/var/lang/lib", "/var/task", "/var/runtime"),
        )

    def tmp(self) -> AbstractContextManager[str]:
        """It comes and goes with the walls."""
        return nullcontext(limits.TMP)

    def command(self, code: Path, storage_mb: int) -> list[str]:
        """The code and a /tmp of `storage_mb` MB inside the walls."""
        python = self.layout(code).python
        init = init_command(python, "/var/rapid/init.py", _process_limit(), ptrace=self._ptrace)
        return [*self._walls(code, storage_mb), *init]

    def refusal(self) -> str:
        """Why the machine does not allow it, empty if it does: there are many ways to forbid it, so try."""
        attempt = subprocess.run(
            [*self._walls(INIT.parent, 1), "/usr/bin/true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={},
            check=False,
            timeout=30,
        )
        if attempt.returncode == 0:
            return ""
        return attempt.stderr.decode(errors="replace").strip() or f"exit status {attempt.returncode}"

    def _walls(self, code: Path, storage_mb: int) -> list[str]:
        """The folder for temporary files comes first: what is bound later may lie below it on the host."""
        return [
            *(self._program, *_namespaces()),
            *("--perms", "1777", "--size", str(storage_mb * limits.MIB), "--tmpfs", limits.TMP),
            *_root(self._files),
            *_bind(code, "/var/task"),
            *("--remount-ro", "/", "--chdir", "/var/task", "--"),
        ]


def _process_limit() -> int:
    """None before Linux 5.14, whose kernel counts all processes of the user, not those of the namespace."""
    major, minor = platform.release().split(".")[:2]
    return limits.PROCESSES if (int(major), int(minor)) >= (5, 14) else 0


def _namespaces() -> list[str]:
    return [
        *("--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
        *("--uid", UID, "--gid", GID, "--cap-drop", "ALL", "--hostname", "localhost"),
        *("--as-pid-1", "--die-with-parent", "--new-session"),
    ]


def _root(files: HostFiles) -> list[str]:
    """A root of its own, in which only what Lambda has is bound."""
    folders = ("/usr", "/etc", "/var", "/var/runtime", "/var/rapid", "/var/task", "/opt")
    return [
        *(argument for folder in folders for argument in ("--perms", "0755", "--dir", folder)),
        *_system(files.programs),
        *_etc(files.accounts),
        *_devices(),
        *_python(files.interpreter),
        *(part for name, path in files.packages.items() for part in _bind(path, f"/var/runtime/{name}")),
        *_bind(INIT, "/var/rapid/init.py"),
    ]


def _bind(source: Path, target: str | None = None) -> list[str]:
    return ["--ro-bind", str(source), target or str(source)]


def _system(programs: Path) -> list[str]:
    """Libraries and data of the host, programs only from our folder."""
    arguments = [*_bind(programs, "/usr/bin"), "--symlink", "usr/bin", "/bin"]
    for folder in ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/share", "/lib", "/lib32", "/lib64", "/sys"):
        if os.path.islink(folder):
            arguments += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            arguments += _bind(Path(folder))
    return arguments


def _etc(accounts: Path) -> list[str]:
    arguments = _bind(accounts / "passwd", "/etc/passwd") + _bind(accounts / "group", "/etc/group")
    for name in (
        *("alternatives", "crypto-policies", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d"),
        *("mime.types", "nsswitch.conf", "protocols", "resolv.conf", "services"),
        *("ssl/cert.pem", "ssl/certs", "ssl/openssl.cnf"),  # but not ssl/private
        *("pki/ca-trust/extracted", "pki/tls/cert.pem", "pki/tls/certs", "pki/tls/openssl.cnf"),
    ):
        path = Path("/etc", name)
        if path.exists():
            arguments += _bind(path.resolve(), str(path))
    return arguments


def _devices() -> list[str]:
    """bubblewrap's own --dev makes a /dev/shm, which Lambda lacks."""
    nodes = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
    links = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
    return [
        *("--proc", "/proc", "--perms", "0755", "--tmpfs", "/dev"),
        *(part for node in nodes for part in ("--dev-bind", node, node)),
        *(
            part
            for name, end in links.items()
            for part in ("--symlink", f"/proc/self/fd{end}", f"/dev/{name}")
        ),
        *("--remount-ro", "/dev"),
    ]


def _python(interpreter: Interpreter) -> list[str]:
    """The interpreter at its own place and as /var/lang, without the packages that the host has in it."""
    prefix = interpreter.prefix
    return [
        *([] if prefix == Path("/usr") else _bind(prefix)),
        *("--symlink", str(prefix), "/var/lang"),
        *(
            part
            for path in interpreter.site_packages
            if path.is_relative_to(prefix) or path.is_relative_to("/usr/lib")
            for part in ("--perms", "0755", "--tmpfs", str(path), "--remount-ro", str(path))
        ),
    ]
