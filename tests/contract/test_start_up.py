"""The handler's start-up budget: a cold start at 128 MB pays 14 times what an import costs here."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scar.deploy import package
from scar_supervisor import contract

HEAVY = {
    "boto3",
    "dataclasses",
    "hashlib",
    "http",
    "pathlib",
    "ssl",
    "subprocess",
    "tarfile",
    "urllib",
    "zlib",
}
"""Each is imported by the call that needs it, in the function that uses it."""

STANDARD_LIBRARY_MODULES = 45
"""That the handler may add to a bare Python's. It adds 43 to that of 3.11, most of which AWS's runtime client
has loaded before it."""

IMPORT_HANDLER = """
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(__import__(module, fromlist=[name]), name)
loaded = sorted(set(sys.modules) - before)
import json
print(json.dumps([callable(handler), loaded]))
"""


@pytest.fixture(scope="module")
def loaded(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Modules that Python loads for the handler of the unpacked package, with no other package at hand."""
    folder = tmp_path_factory.mktemp("package")
    archive = folder / "package.zip"
    archive.write_bytes(package.build("x86_64", init_script=None))
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder / "task")
    call = [sys.executable, "-I", "-S", "-c", IMPORT_HANDLER, str(folder / "task"), contract.HANDLER]
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    is_callable, modules = json.loads(done.stdout)
    assert is_callable
    return list(modules)


def test_the_handler_comes_from_the_package(loaded: list[str]) -> None:
    assert contract.HANDLER.rpartition(".")[0] in loaded


def test_the_handler_loads_nothing_heavy(loaded: list[str]) -> None:
    assert HEAVY & {name.partition(".")[0] for name in loaded} == set()


def test_the_handler_keeps_its_budget(loaded: list[str]) -> None:
    standard = [name for name in loaded if name.partition(".")[0] in sys.stdlib_module_names]
    assert len(standard) <= STANDARD_LIBRARY_MODULES, standard
