"""The walls of an execution environment: bubblewrap where the machine allows it, plain folders where not."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple, Protocol

from scar.local import limits, sandbox_init
from scar.local.host_files import HostFiles, Interpreter

INIT = Path(sandbox_init.__file__)
UID, GID = "993", "990"
"""Lambda's own, which have no name in /etc/passwd."""


class Layout(NamedTuple):
    """Paths as the function sees them."""

    task_root: str
    runtime_dir: str
    python: str
    program_path: str
    library_path: str


class Sandbox(Protocol):
    """How the first process of an environment is started, and what it finds."""

    name: str
    wrapped: bool
    """Whether the command stays the parent of `sandbox_init`."""
    limitations: tuple[str, ...]
    """What is not enforced, one sentence each."""

    def layout(self, code: Path) -> Layout:
        """The paths of a function whose unzipped code is in `code`."""

    def command(self, code: Path, storage_mb: int) -> list[str]:
        """The program and arguments that start `sandbox_init` in a new environment."""


def choose(wanted: str, files: HostFiles) -> Sandbox:
    """The best sandbox that this machine allows. `wanted` is Settings.sandbox."""
    if wanted == "none":
        return Unconfined(files, "SCAR_LOCAL_SANDBOX=none asks for no sandbox")
    program = shutil.which("bwrap")
    if program is None:
        return Unconfined(
            files, "bubblewrap is not installed (on Debian and Ubuntu: apt-get install bubblewrap)"
        )
    confined = Bubblewrap(files, program)
    refusal = confined.refusal()
    if refusal:
        return Unconfined(files, f"this machine refuses the namespaces that bubblewrap needs ({refusal})")
    return confined


class Bubblewrap:
    """User, process, IPC and host name namespaces of its own; the network is shared, since the cloud is on loopback."""

    name = "bubblewrap"
    wrapped = True
    limitations: tuple[str, ...] = ()

    def __init__(self, files: HostFiles, program: str) -> None:
        self._files = files
        self._walls = [program, *_namespaces(), *_root(files)]

    def layout(self, code: Path) -> Layout:  # noqa: ARG002
        """Lambda's own paths, whatever the code."""
        return Layout(
            task_root="/var/task",
            runtime_dir="/var/runtime",
            python=f"/var/lang/bin/{self._files.interpreter.executable.name}",
            program_path="/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            library_path=_library_path("/var/lang/lib", "/var/task", "/var/runtime"),
        )

    def command(self, code: Path, storage_mb: int) -> list[str]:
        """The code and a /tmp of `storage_mb` MB inside the walls."""
        return [
            *self._walls,
            *("--ro-bind", str(code), "/var/task"),
            *("--perms", "1777", "--size", str(storage_mb * limits.MIB), "--tmpfs", "/tmp"),  # noqa: S108
            *("--remount-ro", "/", "--chdir", "/var/task", "--"),
            *_init(self.layout(code).python, "/var/rapid/init.py", _process_limit()),
        ]

    def refusal(self) -> str:
        """Why the machine does not allow it, empty if it does: tried out, since there are many ways to forbid it."""
        attempt = subprocess.run(
            [*self._walls, "--", "/usr/bin/true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={},
            check=False,
            timeout=30,
        )
        if attempt.returncode == 0:
            return ""
        return attempt.stderr.decode(errors="replace").strip() or f"exit status {attempt.returncode}"


class Unconfined:
    """The same processes in plain folders, as the user who runs the daemon."""

    name = "none"
    wrapped = False

    def __init__(self, files: HostFiles, reason: str) -> None:
        self._files = files
        self._runtime_dir = _link_packages(files)
        self.limitations = (
            f"functions run without a sandbox: {reason}",
            "not enforced: the read-only file system, the private /tmp and its size (all environments share the"
            " machine's /tmp), the number of processes, the user without a name, the absence of /dev/shm",
            "functions can read and change what you can, and see the machine's processes and programs",
        )

    def layout(self, code: Path) -> Layout:
        """Folders of the host."""
        interpreter = self._files.interpreter
        return Layout(
            task_root=str(code),
            runtime_dir=str(self._runtime_dir),
            python=str(interpreter.executable),
            program_path=f"{interpreter.prefix}/bin:{self._files.programs}",
            library_path=_library_path(f"{interpreter.prefix}/lib", str(code), str(self._runtime_dir)),
        )

    def command(self, code: Path, storage_mb: int) -> list[str]:  # noqa: ARG002
        """`storage_mb` cannot be enforced here."""
        return _init(self.layout(code).python, str(INIT), 0)


def _init(python: str, script: str, processes: int) -> list[str]:
    return [python, "-I", "-S", script, str(limits.OPEN_FILES), str(processes)]


def _library_path(language: str, task: str, runtime: str) -> str:
    """As Lambda sets LD_LIBRARY_PATH."""
    return f"{language}:/lib64:/usr/lib64:{runtime}:{runtime}/lib:{task}:{task}/lib:/opt/lib"


def _process_limit() -> int:
    """Before Linux 5.14 the kernel counts all processes of the user, not those of the namespace: no limit then."""
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
        *("alternatives", "crypto-policies", "hosts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "mime.types"),
        *("nsswitch.conf", "resolv.conf", "services", "protocols"),
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
    links = {"fd": "self/fd", "stdin": "self/fd/0", "stdout": "self/fd/1", "stderr": "self/fd/2"}
    return [
        *("--proc", "/proc", "--perms", "0755", "--tmpfs", "/dev"),
        *(part for node in nodes for part in ("--dev-bind", node, node)),
        *(part for name, target in links.items() for part in ("--symlink", f"/proc/{target}", f"/dev/{name}")),
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


def _link_packages(files: HostFiles) -> Path:
    folder = files.programs.parent / "runtime"
    folder.mkdir()
    for name, path in files.packages.items():
        (folder / name).symlink_to(path)
    return folder
