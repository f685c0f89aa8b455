"""Names there and back: for trees and keys made at random, exactly, or told as failed."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scar import limits
from scar.aws.buckets import Object
from scar.ops.transfer import plan
from scar.ops.transfer.tree import survey

SEGMENTS = [
    "a",
    "A",
    "..",
    ".",
    "",
    "...",
    "a b",
    "+",
    "%2F",
    "ü",
    "u\u0308",
    "\n",
    "\\",
    "~",
    "x" * 255,
    "x" * 256,
    ".scar-get-x",
]
"""Of which keys are made."""


def random_keys(seed: int) -> list[str]:
    chance = random.Random(seed)
    keys = {"/".join(chance.choices(SEGMENTS, k=chance.randint(1, 4))) for _ in range(200)}
    return sorted(key for key in keys if key and len(key.encode()) <= limits.KEY_BYTES)


def object_of(key: str) -> Object:
    return Object(key, 0, datetime.now(UTC), "")


@pytest.mark.parametrize("seed", range(20))
def test_each_key_has_a_place_of_its_own_or_is_told(seed: int, tmp_path: Path) -> None:
    """And what has been got would be put under the same keys."""
    keys = random_keys(seed)
    found = plan.of_folder(map(object_of, keys), "", str(tmp_path))
    told = {failure.name for failure in found.failures}
    placed = {item.object.key: item.name for item in found.items}
    assert sorted([*told, *placed]) == keys
    assert placed
    assert told
    for name in placed.values():
        path = tmp_path / name
        assert os.path.normpath(path) == str(path)  # it stays where it is said to be
        folder = path if name.endswith("/") else path.parent
        folder.mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            with path.open("x"):
                pass
    files = {source.key for source in survey([str(tmp_path)], "").sources}
    assert files >= {key for key in placed if not key.endswith("/")}
    assert {key for key in files if not key.endswith("/")} <= set(placed)


@pytest.mark.parametrize("prefix", ["", "in/", "../", "//", "ü/%2F/"])
def test_each_file_has_a_key_that_leads_back(prefix: str, tmp_path: Path) -> None:
    left_out = ("", ".", "..", ".scar-get-x")
    names = [segment for segment in SEGMENTS if segment not in left_out and len(segment) < 256]
    for name in names:
        (tmp_path / "folder" / name).mkdir(parents=True)
        (tmp_path / "folder" / name / name).touch()
    sources = survey([str(tmp_path / "folder")], prefix).sources
    found = plan.of_folder((object_of(source.key) for source in sources), prefix, "t")
    assert found.failures == []
    assert sorted(item.name for item in found.items) == sorted(f"{name}/{name}" for name in names)
