"""docs/configuration.md, beside its table, which `tools.reference` makes: what it says of keys is so."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from scar import config
from scar.cli.app import app

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"


@pytest.mark.parametrize("option", [key.option for key in config.KEYS.values() if key.option])
def test_tells_options_that_exist(option: str) -> None:
    context = click.Context(app)
    init = app.get_command(context, "init")
    assert init is not None
    assert any(option in parameter.opts for parameter in init.params)


def test_the_example_is_a_configuration() -> None:
    example = PAGE.read_text().split("```\n")[1]
    assert config.parse(example, "example").lambda_memory == 512


def test_every_variable_that_the_client_reads_is_told() -> None:
    sources = [path.read_text() for path in (ROOT / "src" / "scar").rglob("*.py")]
    read = {name for text in sources for name in re.findall(r'environ\b.*"(SCAR_[A-Z_]+)"', text)}
    told = PAGE.read_text() + (ROOT / "docs" / "local.md").read_text()
    assert "SCAR_HOME" in read
    assert [name for name in sorted(read) if name not in told] == []
