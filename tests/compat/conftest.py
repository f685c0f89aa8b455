"""Each row of the table under F1, in a function of the local cloud, and under the oracle, a real root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.oracle import Oracle
from tests.compat.table import MEMORY, Row
from tests.e2e.conftest import Scar, local_cloud, scar
from tools import images

__all__ = ["local_cloud", "scar"]


@pytest.fixture(scope="module")
def image(request: pytest.FixtureRequest, registry: str) -> str:
    """The image of the rows that run now, in the registry."""
    name = str(request.param)
    if name.startswith("scar-compat/"):
        images.ensure(registry, f"{name}:")
    return name


@pytest.fixture(scope="module")
def function(scar: Scar, image: str) -> Iterator[str]:
    """A function of the image."""
    name = image.replace("/", "-").replace(":", "-")
    made = scar("init", "-n", name, "-m", str(MEMORY), "-t", "300", image)
    assert made.status == 0, made.stderr
    yield name
    assert scar("rm", name).status == 0


@pytest.fixture(scope="module")
def oracle(registry: str, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """The image unpacked, to be a real root."""
    with Oracle.of_image(registry, image, tmp_path_factory.mktemp("oracle")) as root:
        yield root


@pytest.fixture
def script(row: Row, tmp_path: Path) -> Path:
    """The row's script in a file."""
    path = tmp_path / "script.sh"
    path.write_text(row.script)
    return path
