"""Each row of the table under F1, in a function of the local cloud, and under the oracle, a real root."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scar.deploy import images as sources
from scar.inspection import skeleton
from scar.inspection.facts import gather
from scar.inspection.modes import Verdict, verdicts
from tests.compat.oracle import Oracle
from tests.compat.table import MEMORY, Row
from tests.e2e.conftest import Scar, local_cloud, scar, settings
from tests.supervisor.conftest import ARCHITECTURE
from tools import images

Foretell = Callable[[str], Verdict]

__all__ = ["local_cloud", "scar", "settings"]


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


@pytest.fixture(scope="module")
def foretell(registry: str, image: str, kit: Path) -> Iterator[Foretell]:
    """What `scar check` says of F1 for a program of the image. The image is read once for all its lines."""
    builds = frozenset(os.listdir(kit / ARCHITECTURE))
    with (
        sources.of_registry(image, ARCHITECTURE, registry) as (source, found),
        skeleton.made(source, found, lambda _: None) as tree,
    ):
        config = source.config(found)._replace(entrypoint=())
        yield lambda program: verdicts(gather(tree, config, ARCHITECTURE, (program,)), builds, {})[0]


@pytest.fixture
def script(row: Row, tmp_path: Path) -> Path:
    """The row's script in a file."""
    path = tmp_path / "script.sh"
    path.write_text(row.script)
    return path
