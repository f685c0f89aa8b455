"""The whole way: the command line, the local cloud, AWS's runtime client, the sandbox, a real image."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from scar.local import cloud

SCAR = Path(sys.executable).with_name("scar")
IMAGE = "grycap/cowsay"


@dataclass(frozen=True)
class Ran:
    """What one command line gave."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def json(self) -> Any:
        """Standard output, parsed."""
        return json.loads(self.stdout)


Argument = str | bytes | Path
Scar = Callable[..., Ran]


@pytest.fixture(scope="session")
def local_cloud(scar_home: Path, registry: str, kit: Path) -> Iterator[cloud.LocalCloud]:
    """A local cloud of this run, whose functions pull from the loopback registry."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCAR_REGISTRY_MIRROR", registry)
        patch.setenv("SCAR_LOCAL_RETRY_DELAYS", "0.1,0.2")
        try:
            yield cloud.start()
        finally:
            cloud.stop()


@pytest.fixture(scope="session")
def scar(local_cloud: cloud.LocalCloud) -> Scar:
    """Run ``scar COMMAND --local ARG...`` as a user does."""

    def run(command: str, *args: Argument, env: dict[bytes, bytes] | None = None) -> Ran:
        done = subprocess.run(
            [SCAR, command, "--local", *args],
            capture_output=True,
            check=False,
            timeout=120,
            env=dict(os.environb) | (env or {}),
            stdin=subprocess.DEVNULL,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def cow(scar: Scar) -> str:
    """Name of a function of the image cowsay that has pulled its image."""
    assert scar("init", "-n", "cow", "--preheat", IMAGE).status == 0
    return "cow"


@pytest.fixture(scope="session")
def s3(local_cloud: cloud.LocalCloud) -> Iterator[Any]:
    """boto3's S3 client for the local cloud."""
    client = boto3.client(
        "s3",
        endpoint_url=local_cloud.endpoint,
        region_name=local_cloud.region,
        aws_access_key_id=local_cloud.access_key_id,
        aws_secret_access_key=local_cloud.secret_access_key,
    )
    yield client
    client.close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a script; its path."""

    def write(text: str | bytes) -> Path:
        path = tmp_path / "script.sh"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write
