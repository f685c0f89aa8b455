"""Modules of this package run as a function does: in a /tmp of their own, on the code that is deployed."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

from scar.deploy import package
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry

IMAGE = "grycap/cowsay"
ARCHITECTURE = "x86_64" if os.uname().machine == "x86_64" else "arm64"
_ROOT = Path(__file__).resolve().parent.parent


class Inside(NamedTuple):
    """A function's code and variables."""

    code: Path
    """The folder of the unpacked deployment package."""
    variables: dict[str, str]

    @classmethod
    def prepare(cls, folder: Path, registry: str, bucket: dict[str, str]) -> Inside:
        """Unpack a deployment package under a folder, for an image of the registry at a URL; `bucket` is how
        a function reaches S3."""
        archive, code = folder / "package.zip", folder / "task"
        archive.write_bytes(package.build(ARCHITECTURE, None))
        with zipfile.ZipFile(archive) as content:
            content.extractall(code)
        variables = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(code),
            "SCAR_IMAGE": IMAGE,
            "SCAR_IMAGE_DIGEST": _digest(registry),
            "SCAR_REGISTRY_MIRROR": registry,
            **bucket,
        }
        return cls(code, variables)

    def start(self, module: str, *arguments: Path) -> subprocess.Popen[bytes]:
        """Start a module in a mount namespace whose /tmp is its own. The arguments are folders for it."""
        sandbox = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/tmp", "--die-with-parent"]
        for needed in (_ROOT, self.code, Path(sys.prefix), *arguments):
            if Path("/tmp") in needed.parents:
                sandbox += ["--ro-bind", str(needed), str(needed)]
        return subprocess.Popen(
            [*sandbox, "--chdir", str(_ROOT), sys.executable, "-m", f"bench.{module}", *map(str, arguments)],
            env=self.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )


def _digest(registry: str) -> str:
    """Of the image."""
    with Registry(mirror=registry) as source:
        return source.resolve(ImageReference.parse(IMAGE), Platform.of_lambda(ARCHITECTURE)).digest
