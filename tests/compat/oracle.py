"""What a command does where the image is the root: in bubblewrap, on the unpacked tree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry
from scar_oci.store import ImageStore, StoredImage
from scar_oci.tree import remove_tree
from scar_supervisor.environment import DEFAULT_PATH
from tests.supervisor.conftest import ARCHITECTURE

PATIENCE = 120.0
"""Seconds for one command."""


class Said(NamedTuple):
    """What a command printed, on both of its outputs, and how it ended."""

    status: int
    output: str


class Oracle(NamedTuple):
    """An image as the root of a sandbox."""

    image: StoredImage
    call: Path
    """The folder that stands for a call's."""

    @classmethod
    @contextmanager
    def of_image(cls, registry: str, name: str, folder: Path) -> Iterator[Oracle]:
        """The image unpacked below a folder, and nothing of it left afterwards."""
        with Registry(mirror=registry) as source:
            resolved = source.resolve(ImageReference.parse(name), Platform.of_lambda(ARCHITECTURE))
            image = ImageStore(str(folder / "store")).pull(source, resolved)
        try:
            yield cls(image, folder / "call")
        finally:
            remove_tree(bytes(folder))

    def run(self, script: Path) -> Said:
        """Run a script with the image's shell, as a container's first process."""
        for name in ("input", "output"):
            (self.call / name).mkdir(parents=True, exist_ok=True)
        (self.call / "script").write_bytes(script.read_bytes())
        done = subprocess.run(
            ["bwrap", *self._walls(), "--", "/bin/sh", str(self.call / "script")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=PATIENCE,
        )
        return Said(done.returncode, self.normal(done.stdout.decode(errors="replace")))

    def normal(self, output: str) -> str:
        """What is said, without the name of the call's folder."""
        return output.replace(str(self.call), "/CALL")

    def _walls(self) -> Iterator[str]:
        call = str(self.call)
        yield from (
            "--bind",
            self.image.rootfs,
            "/",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--tmpfs",
            "/dev/shm",
        )
        yield from ("--bind", call, call, "--chdir", self.image.config.working_dir or "/")
        yield from ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--clearenv")
        variables = {
            "PATH": DEFAULT_PATH.decode(),
            "HOME": call,
            "TMPDIR": call,
            **dict(self.image.config.env),
            "SCAR_INPUT_DIR": f"{call}/input",
            "SCAR_OUTPUT_DIR": f"{call}/output",
        }
        for name, value in variables.items():
            yield from ("--setenv", name, value)
