"""A real registry on loopback, pushed to by hand."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scar_oci.registry import Registry
from scar_oci.store import ImageStore
from tests.oci.lab import HASTY, Lab
from tests.oci.layers import Pusher
from tests.oci.scene import IMAGE, Scene
from tests.oci.unreliable import UnreliableRegistry

_NOBODY = 65534

_CONFIG = """
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def registry_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A docker-registry process of this session, empty at first."""
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    config = folder / "config.yml"
    config.write_text(_CONFIG.format(folder=folder / "data", port=port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", str(config)], stdout=log, stderr=log)
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "docker-registry ended"
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("docker-registry did not listen within 20 s")


@pytest.fixture
def lab(registry_url: str, tmp_path: Path) -> Iterator[Lab]:
    pusher = Pusher(registry_url)
    with Registry(mirror=registry_url, retry=HASTY) as registry:
        yield Lab(pusher, registry, ImageStore(str(tmp_path / "store")))
    pusher.close()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with UnreliableRegistry(IMAGE).serving() as server:
        yield Scene(server, ImageStore(str(tmp_path / "store")))


@pytest.fixture(params=["self", "nobody"] if os.getuid() == 0 else ["self"])
def place(request: pytest.FixtureRequest) -> Iterator[Path]:
    """An empty folder, as whoever runs the tests, and, if that is root, as an ordinary user too."""
    path = Path(tempfile.mkdtemp(prefix="scar-unpack-"))
    drop = request.param == "nobody"
    if drop:
        os.chown(path, _NOBODY, _NOBODY)
        os.setresgid(_NOBODY, _NOBODY, 0)
        os.setresuid(_NOBODY, _NOBODY, 0)
    try:
        yield path
    finally:
        if drop:
            os.setresuid(0, 0, 0)
            os.setresgid(0, 0, 0)
        shutil.rmtree(path)
