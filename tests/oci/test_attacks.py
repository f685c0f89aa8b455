"""Layers that mean harm: nothing outside their tree may change, also when it is furnished for programs.

(Pulled from a registry: test_bad_images.)
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from scar_oci.errors import ImageError, UnsafeLayer
from scar_supervisor.furnish import furnish
from tests.oci import attacks
from tests.oci.layers import file, folder, symlink
from tests.oci.trees import unpack


@pytest.mark.parametrize("name", attacks.NAMES)
def test_nothing_outside_the_tree_changes(place: Path, outside: Path, name: str) -> None:
    with contextlib.suppress(ImageError):  # refusing is as good as containing
        root = unpack(place, *attacks.aimed(name, place / "root", outside))
        furnish(os.fsencode(root), ("/volume/in",))
    assert sorted(os.listdir(place)) == ["outside", "root"]


def test_a_folder_beside_whose_name_begins_the_same_is_outside(place: Path, outside: Path) -> None:
    unpack(place, (symlink("l", "../root-sibling"), file("l/f", b"evil")))
    assert sorted(os.listdir(place)) == [outside.name, "root"]


@pytest.mark.parametrize("name", ["../f", "a/../f", "a/..", ".."])
def test_names_that_lead_out_are_refused(place: Path, outside: Path, name: str) -> None:
    with pytest.raises(UnsafeLayer):
        unpack(place, (folder("a"), file(name)))
