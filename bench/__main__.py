"""Run all measurements and print a table: ``python -m bench``."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

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
        s3() as s3_environment,
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
            **s3_environment,
        }
        for measurement in ("pull", "warm"):
            measure(measurement, function, environment)
    show(subprocess.run([sys.executable, "-m", "bench.launch"], stdout=subprocess.PIPE, check=True).stdout)
    return 0


@contextmanager
def s3() -> Iterator[dict[str, str]]:
    """Serve an S3 with one file; the variables by which a function reaches it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it logs each request as INFO
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
    }
    client = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket="bench")
    client.put_object(Bucket="bench", Key="input/file.txt", Body=b"x" * 10_000)
    yield variables
    client.close()
    server.stop()


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
