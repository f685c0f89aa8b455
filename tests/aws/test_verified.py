"""docs/aws/verified.md has a row for each of SCAR's calls, and says of the emulators what is so."""

from __future__ import annotations

from pathlib import Path

from scar_supervisor.contract import IMAGE_PREFIX
from tests.aws import emulators, private, tour
from tests.aws.conftest import Cloud
from tests.aws.proxy import Noted
from tests.cli.test_policy import operations

YES = "yes"


def table(heading: str) -> list[list[str]]:
    """The cells of each row of the table under a heading, without its head."""
    text = (emulators.POLICIES / "verified.md").read_text()
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def calls(rows: list[list[str]]) -> list[str]:
    """What the rows are of: ``service:Operation``."""
    return [row[0].strip("`") for row in rows]


COMMANDS = table("What the commands ask")
FUNCTIONS = table("What a function asks")


def test_each_call_in_the_code_has_one_row_and_each_row_a_call() -> None:
    assert sorted(calls(COMMANDS)) == sorted(set(operations()))
    assert calls(FUNCTIONS) == sorted(set(calls(FUNCTIONS)))


def test_the_emulators_answer_what_the_table_says(cloud: Cloud, tmp_path: Path) -> None:
    noted = [one for one in tour.take(cloud, tmp_path / "home") if one.status < 300]
    column = {"moto": 2, "ministack": 3}[cloud.name]
    answered = {f"{one.call.service}:{one.call.operation}" for one in noted if one.by_scar}
    assert answered == {row[0].strip("`") for row in COMMANDS if row[column] == YES}
    if cloud.name == "ministack":  # the local cloud's functions ask moto without the proxy: see tests/e2e
        asked = {f"{one.call.service}:{one.call.operation}" for one in noted if _by_function(one)}
        assert asked == {row[0].strip("`") for row in FUNCTIONS if row[2] == YES}


def _by_function(one: Noted) -> bool:
    """Nobody else reads images, secrets, and objects under input/, or writes such under output/."""
    if one.by_scar or one.call.service in private.READING:
        return not one.by_scar and one.call.operation in private.READING.values()
    key = str(one.call.parameters.get("Key", ""))
    reads = one.call.operation in ("HeadObject", "GetObject")
    return key.startswith(("input/", IMAGE_PREFIX) if reads else "output/")
