"""Run all measurements and print a table: ``python -m bench``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from scar.deploy import package
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry
from tools import registry
from tools.cache import cache

IMAGE = "grycap/cowsay"
ARCHITECTURE = "x86_64" if os.uname().machine == "x86_64" else "arm64"


def main() -> int:
    """Measure inside a fresh /tmp, as a function has it, against the package as it is deployed."""
    with (
        registry.serving() as url,
        tempfile.TemporaryDirectory(prefix="bench-", dir=cache()) as folder,
    ):
        function = Path(folder, "task")
        with zipfile.ZipFile(
            write(Path(folder, "package.zip"), package.build(ARCHITECTURE, None))
        ) as archive:
            archive.extractall(function)
        environment = {
            "PATH": os.environ["PATH"],
            "SCAR_IMAGE": IMAGE,
            "SCAR_IMAGE_DIGEST": digest(url),
            "SCAR_REGISTRY_MIRROR": url,
        }
        for measurement in ("pull", "warm"):
            measure(measurement, function, environment)
    show(subprocess.run([sys.executable, "-m", "bench.launch"], stdout=subprocess.PIPE, check=True).stdout)
    return 0


def digest(url: str) -> str:
    """Of the image, in the registry at a URL."""
    with Registry(mirror=url) as source:
        return source.resolve(ImageReference.parse(IMAGE), Platform.of_lambda(ARCHITECTURE)).digest


def measure(name: str, function: Path, environment: dict[str, str]) -> None:
    """Run one module of this package in a mount namespace whose /tmp is its own, and print its figures."""
    script = Path(__file__).with_name(f"{name}.py")
    sandbox = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/tmp"]
    for needed in (script.parent, function, Path(sys.prefix)):
        if Path("/tmp") in needed.parents:
            sandbox += ["--ro-bind", str(needed), str(needed)]
    command = [*sandbox, sys.executable, str(script), str(function)]
    show(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)


def show(output: bytes) -> None:
    """Print the figures that are the last line of a measurement's output."""
    for title, value in json.loads(output.splitlines()[-1]).items():
        print(f"{title:64} {value}")


def write(path: Path, content: bytes) -> Path:
    """Write a file; its path."""
    path.write_bytes(content)
    return path


if __name__ == "__main__":
    sys.exit(main())
