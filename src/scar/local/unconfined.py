"""An environment without walls, for machines that refuse the namespaces of bubblewrap."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory

from scar.local.host_files import HostFiles
from scar.local.layout import INIT, Layout, init_command, library_path

_NOT_ENFORCED = (
    "not enforced: the read-only file system, /tmp and its size (a folder that TMPDIR names stands for it),"
    " the number of processes, the user without a name, the absence of /dev/shm"
)


class Unconfined:
    """The same processes in plain folders, as the user who runs the daemon."""

    name = "none"
    wrapped = False

    def __init__(self, files: HostFiles, reason: str, *, ptrace: bool) -> None:
        self._files, self._ptrace = files, ptrace
        self._runtime_dir = _link_packages(files)
        self.limitations: tuple[str, ...] = (
            f"functions run without a sandbox: {reason}",
            _NOT_ENFORCED,
            "functions can read and change what you can, and see the machine's processes and programs",
        )

    def layout(self, code: Path) -> Layout:
        """Folders of the host."""
        prefix = self._files.interpreter.prefix
        own_programs = "" if prefix == Path("/usr") else f":{prefix}/bin"
        return Layout(
            task_root=str(code),
            runtime_dir=str(self._runtime_dir),
            python=str(self._files.interpreter.executable),
            program_path=f"{self._files.programs}{own_programs}",
            library_path=library_path(f"{prefix}/lib", str(code), str(self._runtime_dir)),
        )

    def tmp(self) -> AbstractContextManager[str]:
        """A folder that TMPDIR names: two images in one /tmp would take each other's place."""
        folder = self._files.programs.parent / "tmp"
        folder.mkdir(exist_ok=True)
        return TemporaryDirectory(dir=folder, ignore_cleanup_errors=True)

    def command(self, code: Path, storage_mb: int) -> list[str]:  # noqa: ARG002  (a folder has no size)
        """The first process, as it is."""
        return init_command(self.layout(code).python, str(INIT), 0, ptrace=self._ptrace)


def _link_packages(files: HostFiles) -> Path:
    folder = files.programs.parent / "runtime"
    folder.mkdir()
    for name, path in files.packages.items():
        (folder / name).symlink_to(path)
    return folder
