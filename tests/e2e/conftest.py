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
from tests.local.support import running

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
def settings(tmp_path_factory: pytest.TempPathFactory, registry: str, kit: Path) -> dict[str, str]:
    """Variables that mean the local cloud of these tests, whose functions pull from the loopback registry."""
    return {
        "SCAR_HOME": str(tmp_path_factory.mktemp("e2e")),
        "SCAR_REGISTRY_MIRROR": registry,
        "SCAR_LOCAL_RETRY_DELAYS": "0.1,0.2",
    }


@pytest.fixture(scope="session")
def local_cloud(settings: dict[str, str]) -> Iterator[cloud.LocalCloud]:
    """The local cloud of these tests."""
    with running(Path(settings["SCAR_HOME"]), **settings) as started:
        yield started


@pytest.fixture(scope="session")
def scar(local_cloud: cloud.LocalCloud, settings: dict[str, str]) -> Scar:
    """Run ``scar COMMAND --local ARG...`` as a user does."""
    return commands(settings)


def commands(settings: dict[str, str]) -> Scar:
    """Run ``scar COMMAND --local ARG...`` with the local cloud that these variables mean."""
    own = {os.fsencode(name): os.fsencode(value) for name, value in settings.items()}

    def run(command: str, *args: Argument, env: dict[bytes, bytes] | None = None) -> Ran:
        done = subprocess.run(
            [SCAR, command, "--local", *args],
            capture_output=True,
            check=False,
            timeout=120,
            env=dict(os.environb) | own | (env or {}),
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
