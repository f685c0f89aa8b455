"""The compatibility table: each row under F1 and under the oracle (``make compat``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from scar.inspection.modes import RUNS
from tests.compat import page
from tests.compat.conftest import Foretell
from tests.compat.oracle import Oracle, Said
from tests.compat.table import TABLE, Row
from tests.e2e.conftest import Scar

ROWS = [pytest.param(row.image, row, id=f"{row.image}-{row.name}") for row in TABLE]
CORE = [param for param, row in zip(ROWS, TABLE, strict=True) if row.is_core]


@pytest.mark.parametrize(("image", "row"), CORE, indirect=["image"], scope="module")
def test_the_core_of_the_table(scar: Scar, function: str, oracle: Oracle, row: Row, script: Path) -> None:
    compare(scar, function, oracle, row, script)


@pytest.mark.compat
@pytest.mark.parametrize(("image", "row"), ROWS, indirect=["image"], scope="module")
def test_a_command_does_what_it_does_where_the_image_is_the_root(
    scar: Scar, function: str, oracle: Oracle, row: Row, script: Path
) -> None:
    compare(scar, function, oracle, row, script)


@pytest.mark.parametrize(("image", "row"), CORE, indirect=["image"], scope="module")
def test_the_core_of_the_table_is_foretold(foretell: Foretell, row: Row) -> None:
    compare_with_foretold(foretell, row)


@pytest.mark.compat
@pytest.mark.parametrize(("image", "row"), ROWS, indirect=["image"], scope="module")
def test_scar_check_foretells_what_becomes_of_a_command(foretell: Foretell, row: Row) -> None:
    compare_with_foretold(foretell, row)


def test_the_page_shows_the_table() -> None:
    assert page.PATH.read_text() == page.text(), "write it anew: python -m tests.compat.page"


def compare(scar: Scar, function: str, oracle: Oracle, row: Row, script: Path) -> None:
    """Run a row in both ways. Under F1 it must do the same, or still fail if the table says so."""
    expected = oracle.run(script)
    ran = scar("run", "--json", "-s", script, function)
    assert ran.stdout, ran.stderr
    result = ran.json
    said = Said(result["exit_code"], result["output"].replace(f"/tmp/{result['request_id']}", "/CALL"))
    if row.limit is None:
        assert row.normal(said) == row.normal(expected)
    else:
        assert row.normal(said) != row.normal(expected), "it works by now: take the limit out of the table"


def compare_with_foretold(foretell: Foretell, row: Row) -> None:
    """What `scar check` says must be what the other tests hold the row to. None may be foretold wrongly."""
    verdict = foretell(row.program)
    assert (verdict.answer == RUNS) == (row.limit is None), verdict.reason
    if row.limit is not None:
        assert row.limit.foretold in verdict.reason
