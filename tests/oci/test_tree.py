"""Removing trees that others made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scar_oci.tree import remove_tree


def test_a_tree_that_its_owner_closed_is_removed(place: Path) -> None:
    (place / "t/a/b").mkdir(parents=True)
    (place / "t/a/b/f").write_text("")
    (place / "t/a/b").chmod(0o000)
    (place / "t/a").chmod(0o500)
    remove_tree(os.fsencode(place / "t"))
    assert os.listdir(place) == []


def test_removal_does_not_follow_links(place: Path) -> None:
    (place / "outside").mkdir()
    (place / "outside/victim").write_text("")
    (place / "t").mkdir()
    (place / "t/link").symlink_to(place / "outside")
    remove_tree(os.fsencode(place / "t"))
    (place / "link").symlink_to(place / "outside")
    remove_tree(os.fsencode(place / "link"))
    assert os.listdir(place / "outside") == ["victim"]
    assert os.listdir(place) == ["outside"]


def test_removing_nothing_is_an_error(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        remove_tree(os.fsencode(place / "missing"))


def test_a_tree_deeper_than_a_path_can_name_is_removed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for _ in range(700):
        os.mkdir("deepdeep")
        os.chdir("deepdeep")
        Path("file").touch()
    remove_tree(os.fsencode(place / "deepdeep"))
    assert os.listdir(place) == []
