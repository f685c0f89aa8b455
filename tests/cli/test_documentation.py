"""docs/configuration.md, beside its table, which `tools.reference` makes: what it says of keys is so."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from scar import config
from scar.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.mark.parametrize("option", [key.option for key in config.KEYS.values() if key.option])
def test_tells_options_that_exist(option: str) -> None:
    context = click.Context(app)
    init = app.get_command(context, "init")
    assert init is not None
    assert any(option in parameter.opts for parameter in init.params)


def test_the_example_is_a_configuration() -> None:
    example = PAGE.read_text().split("```\n")[1]
    assert config.parse(example, "example").lambda_memory == 512
