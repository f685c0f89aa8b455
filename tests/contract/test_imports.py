"""Who may import whom: the directions of the architecture, held for every import statement of the sources."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "src"

IN_LAMBDA = ("scar_oci", "scar_supervisor")
SDK = ("boto3", "botocore", "s3transfer")

LAYERS = ("scar.cli", "scar.ops", "scar.deploy", "scar.aws")
"""Each may import those after it, never one before it. Modules of `scar` itself are below all of them."""

CONTRACT = "scar_supervisor.contract"
PREDICTING = tuple(f"scar_supervisor.{name}" for name in ("environment", "errors", "f1", "place", "program"))
"""What `scar check` shares with the function, so that it foretells what the function will do."""
EVENTS = "scar_supervisor.events"
"""What `scar retry` shares with the function, so that it names the files that the function would process."""


class Import(NamedTuple):
    """One import statement."""

    importer: str
    imported: str
    """A module or a name in it: the rules look at prefixes."""
    lazy: bool = False
    """True inside a function, where it costs nothing until it is needed, and for type checkers."""


def imports_of(source: str, importer: str, package: str) -> Iterator[Import]:
    """All imports in a module's source, relative ones resolved against its package."""
    tree = ast.parse(source)
    lazy = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        or (isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"))
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(importer, alias.name, id(node) in lazy)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *filter(None, [node.module])])
            for alias in node.names:
                yield Import(importer, f"{base}.{alias.name}", id(node) in lazy)


def violation(statement: Import) -> str | None:
    """What is wrong with an import, if anything."""
    importer, imported, lazy = statement
    if within(importer, *IN_LAMBDA):
        return _violation_in_lambda(importer, imported, lazy)
    if within(imported, "scar_supervisor") and not within(imported, *_shared_with(importer)):
        return "the client shares only the contract with the supervisor"
    if within(imported, *SDK) and not within(importer, "scar.aws", "scar.local"):
        return "AWS is spoken to in scar.aws only"
    if within(imported, "scar.local") and not within(importer, "scar.local"):
        return (
            None
            if within(imported, "scar.local.cloud")
            else "the local cloud is used through scar.local.cloud"
        )
    if within(importer, "scar.local") and within(imported, *LAYERS):
        return "the local cloud stands for AWS: it knows nothing of its callers"
    return _violation_of_layers(importer, imported)


def _shared_with(importer: str) -> tuple[str, ...]:
    """The modules of the supervisor that a module of the client may import."""
    if within(importer, "scar.inspection"):
        return (CONTRACT, *PREDICTING)
    return (CONTRACT, EVENTS) if within(importer, "scar.ops.retry") else (CONTRACT,)


def _violation_in_lambda(importer: str, imported: str, lazy: bool) -> str | None:
    if within(imported, *SDK):
        if within(importer, "scar_oci"):
            return "scar_oci knows no cloud"
        return None if lazy else "boto3 costs 400 ms of CPU: import it where it is used"
    if within(imported, "udocker") and within(importer, "scar_supervisor.udocker_run"):
        return None if lazy else "udocker is in the packages that need it: import it where it is used"
    if within(imported, "scar_oci") or imported.partition(".")[0] in sys.stdlib_module_names:
        return None
    if within(imported, "scar_supervisor") and within(importer, "scar_supervisor"):
        return None
    return "what runs in Lambda has the standard library, and nothing of the client"


def _violation_of_layers(importer: str, imported: str) -> str | None:
    own = next((rank for rank, layer in enumerate(LAYERS) if within(importer, layer)), len(LAYERS))
    other = next((rank for rank, layer in enumerate(LAYERS) if within(imported, layer)), len(LAYERS))
    return f"{LAYERS[other]} is above it" if other < own else None


def within(module: str, *packages: str) -> bool:
    """True if the module is one of the packages or in one."""
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def statements() -> Iterator[Import]:
    """Every import of the sources."""
    for path in sorted(SOURCES.rglob("*.py")):
        parts = path.relative_to(SOURCES).with_suffix("").parts
        package = ".".join(parts[:-1])
        module = package if parts[-1] == "__init__" else ".".join(parts)
        yield from imports_of(path.read_text(), module, package)


def test_every_import_of_the_sources_keeps_the_directions() -> None:
    found = list(statements())
    assert {name.importer.partition(".")[0] for name in found} == {"scar", *IN_LAMBDA}
    assert [(statement, why) for statement in found if (why := violation(statement))] == []


@pytest.mark.parametrize(
    "statement",
    [
        Import("scar_supervisor.handler", "scar_oci.store"),
        Import("scar_supervisor.handler", "scar_supervisor.events", lazy=True),
        Import("scar_supervisor.s3", "boto3", lazy=True),
        Import("scar_oci.store", "tarfile", lazy=True),
        Import("scar_supervisor.udocker_run", "udocker.config", lazy=True),
        Import("scar.cli.main", "scar.ops.run"),
        Import("scar.ops.run", "scar.aws.functions"),
        Import("scar.ops.run", "scar_supervisor.contract.Call"),
        Import("scar.ops.init", "scar_oci.registry"),
        Import("scar.ops.cloud", "scar.local.cloud"),
        Import("scar.aws.session", "boto3"),
        Import("scar.inspection.facts", "scar_supervisor.f1"),
        Import("scar.ops.retry.record", "scar_supervisor.events.messages"),
        Import("scar.local.server", "scar.errors"),
    ],
)
def test_rules_accept(statement: Import) -> None:
    assert violation(statement) is None


@pytest.mark.parametrize(
    "statement",
    [
        Import("scar_supervisor.handler", "scar.errors"),
        Import("scar_supervisor.s3", "boto3"),
        Import("scar_supervisor.handler", "requests", lazy=True),
        Import("scar_supervisor.handler", "udocker.config", lazy=True),
        Import("scar_supervisor.udocker_run", "udocker.config"),
        Import("scar_oci.registry", "boto3", lazy=True),
        Import("scar_oci.store", "scar_supervisor.contract"),
        Import("scar.ops.run", "scar_supervisor.handler"),
        Import("scar.ops.run", "scar_supervisor.f1"),
        Import("scar.ops.run", "scar_supervisor.events"),
        Import("scar.ops.retry.record", "scar_supervisor.f1"),
        Import("scar.inspection.facts", "scar_supervisor.handler"),
        Import("scar.ops.run", "boto3", lazy=True),
        Import("scar.aws.functions", "scar.deploy.package"),
        Import("scar.deploy.executor", "scar.ops.init", lazy=True),
        Import("scar.errors", "scar.cli.main"),
        Import("scar.ops.run", "scar.local.sandbox"),
        Import("scar.local.server", "scar.aws.session"),
    ],
)
def test_rules_refuse(statement: Import) -> None:
    assert violation(statement) is not None


def test_statements_are_found_wherever_they_stand() -> None:
    source = """
from __future__ import annotations
import json, os.path
from . import events
from ..other import name
if TYPE_CHECKING:
    import typing
def lazily():
    import boto3
"""
    assert set(imports_of(source, "a.b.module", "a.b")) == {
        Import("a.b.module", "__future__.annotations"),
        Import("a.b.module", "json"),
        Import("a.b.module", "os.path"),
        Import("a.b.module", "a.b.events"),
        Import("a.b.module", "a.other.name"),
        Import("a.b.module", "typing", lazy=True),
        Import("a.b.module", "boto3", lazy=True),
    }
