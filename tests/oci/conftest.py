"""A real registry on loopback, pushed to by hand."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry, RetryPolicy
from scar_oci.store import ImageStore, StoredImage
from tests.oci.layers import Image, Pusher

AMD64 = Platform.of_lambda("x86_64")
HASTY = RetryPolicy(attempts=4, first_delay=0.01, longest_wait=1.0)

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


@dataclass(frozen=True)
class Lab:
    """A registry to push to, a client of it, and a store to pull into."""

    pusher: Pusher
    registry: Registry
    store: ImageStore

    def pull(self, name: str) -> StoredImage:
        """What a user gets who names an image."""
        image = self.registry.resolve(ImageReference.parse(name), AMD64)
        return self.store.pull(self.registry, image)

    def roundtrip(self, image: Image, repository: str = "test/image") -> StoredImage:
        """Push an image and pull it."""
        digest = self.pusher.push(repository, "latest", image)
        return self.pull(f"{repository}@{digest}")


@pytest.fixture
def lab(registry_url: str, tmp_path: Path) -> Iterator[Lab]:
    pusher = Pusher(registry_url)
    with Registry(mirror=registry_url, retry=HASTY) as registry:
        yield Lab(pusher, registry, ImageStore(str(tmp_path / "store")))
    pusher.close()
