"""A real registry on loopback, pushed to by hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scar_oci.registry import Registry
from scar_oci.store import ImageStore
from tests.oci.lab import HASTY, Lab
from tests.oci.layers import pushing
from tests.oci.outside import guarded
from tests.oci.scene import IMAGE, Scene
from tests.oci.unreliable import UnreliableRegistry
from tools import registry as registry_tool

_NOBODY = 65534


@pytest.fixture(scope="session")
def registry_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A docker-registry process of this session, empty at first."""
    with registry_tool.serving(tmp_path_factory.mktemp("registry")) as url:
        yield url


@pytest.fixture
def lab(registry_url: str, tmp_path: Path) -> Iterator[Lab]:
    with pushing(registry_url) as pusher, Registry(mirror=registry_url, retry=HASTY) as registry:
        yield Lab(pusher, registry, ImageStore(str(tmp_path / "store")))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with UnreliableRegistry(IMAGE).serving() as server:
        yield Scene(server, ImageStore(str(tmp_path / "store")))


@pytest.fixture
def outside(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder beside what a test unpacks, in which nothing may have changed when the test is over."""
    with guarded(request.getfixturevalue("place" if "place" in request.fixturenames else "tmp_path")) as path:
        yield path


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
