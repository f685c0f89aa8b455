"""docs/configuration.md tells of every key what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from scar import config
from scar.cli.app import app
from scar.config import Config

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
ROW = re.compile(r"\| `(\w+)` \| `(\w+)` \| (?:`([^`]*)` )?\| (?:`([^`]*)` )?\| (.+) \|")
ROWS = [match.groups(default="") for match in map(ROW.fullmatch, PAGE.read_text().splitlines()) if match]


def test_has_a_row_for_every_key_in_the_order_of_the_file() -> None:
    assert tuple(key for key, *_ in ROWS) == config.KEYS


@pytest.mark.parametrize(("key", "variable", "default"), [row[:3] for row in ROWS])
def test_tells_variable_and_default(key: str, variable: str, default: str) -> None:
    assert variable == config.variable(key)
    assert f"{key} = {default}".rstrip() in config.render(Config()).splitlines()


@pytest.mark.parametrize("option", [row[3] for row in ROWS if row[3]])
def test_tells_options_that_exist(option: str) -> None:
    context = click.Context(app)
    init = app.get_command(context, "init")
    assert init is not None
    assert any(option in parameter.opts for parameter in init.params)


def test_the_example_is_a_configuration() -> None:
    example = PAGE.read_text().split("```\n")[1]
    assert config.parse(example, "example").lambda_memory == 512
