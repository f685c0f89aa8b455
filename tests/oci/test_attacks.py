"""Layers that mean harm: nothing outside their tree may change."""

from __future__ import annotations

import contextlib
import os
import tarfile
from pathlib import Path

import pytest

from scar_oci.errors import ImageError, UnsafeLayer
from tests.oci.layers import Member, file, folder, hardlink, symlink
from tests.oci.trees import unpack

_ATTACKS: dict[str, list[tuple[Member, ...]]] = {
    "dot dot": [(file("../outside/victim", b"evil"),)],
    "dot dot inside": [(folder("a"), file("a/../../outside/victim", b"evil"))],
    "absolute": [(file("/outside/victim", b"evil"),)],
    "through a relative link": [(symlink("l", "../outside"), file("l/victim", b"evil"))],
    "through an absolute link": [(symlink("l", "{outside}"), file("l/victim", b"evil"))],
    "through a link of a lower layer": [(symlink("l", "{outside}"),), (file("l/victim", b"evil"),)],
    "through two links": [
        (symlink("a", "."), symlink("a/b", ".."), symlink("c", "a/b/outside"), file("c/victim", b"evil"))
    ],
    "link into proc": [(symlink("l", "/proc/self/root{outside}"), file("l/victim", b"evil"))],
    "onto a link": [(symlink("l", "{outside}/victim"), file("l", b"evil"))],
    "folder onto a link": [
        (symlink("l", "{outside}"), folder("l", mode=0o777, mtime=1), file("l/victim", b"evil"))
    ],
    "hard link out": [(hardlink("l", "../outside/victim"), file("l", b"evil"))],
    "hard link to an absolute path": [(hardlink("l", "{outside}/victim"), file("l", b"evil"))],
    "hard link through a link": [(symlink("d", "{outside}"), hardlink("l", "d/victim"), file("l", b"evil"))],
    "hard link onto a link": [(symlink("l", "{outside}/victim"), hardlink("h", "l"), file("h", b"evil"))],
    "whiteout out": [(file("f"),), (file("../outside/.wh.victim"),)],
    "whiteout through a link": [(symlink("l", "{outside}"),), (file("l/.wh.victim"),)],
    "opaque through a link": [(symlink("l", "{outside}"),), (file("l/.wh..wh..opq"),)],
    "whiteout of the parent": [(file("f"),), (file(".wh..."),)],
    "whiteout of a link": [(symlink("l", "{outside}"),), (file(".wh.l"),)],
    "folder, then a link, then its time": [(folder("d"), folder("d/outside", mtime=1), symlink("d", ".."))],
    "folder used, then a link": [
        (folder("d"), file("d/a"), symlink("d", "{outside}"), file("d/victim", b"evil"))
    ],
    "link to a folder beside with the same beginning": [
        (symlink("l", "../root-sibling"), file("l/f", b"evil"))
    ],
    "device of the host": [(Member("outside", tarfile.BLKTYPE), file("outside/victim", b"evil"))],
}


@pytest.mark.parametrize("attack", list(_ATTACKS))
def test_nothing_outside_the_tree_changes(place: Path, attack: str) -> None:
    outside = place / "outside"
    outside.mkdir()
    victim = outside / "victim"
    victim.write_text("untouched")
    os.utime(victim, (1_500_000_000, 1_500_000_000))
    os.utime(outside, (1_500_000_000, 1_500_000_000))
    layers = [tuple(aimed(member, str(outside)) for member in members) for members in _ATTACKS[attack]]
    before = [snapshot(path) for path in (outside, victim)]
    with contextlib.suppress(ImageError):  # refusing is as good as containing
        unpack(place, *layers)
    assert [snapshot(path) for path in (outside, victim)] == before
    assert victim.read_text() == "untouched"
    assert sorted(os.listdir(place)) == ["outside", "root"]


def aimed(member: Member, outside: str) -> Member:
    return Member(**{**vars(member), "link": member.link.replace("{outside}", outside)})


def snapshot(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_mode, status.st_nlink, status.st_mtime_ns, status.st_size


@pytest.mark.parametrize("name", ["../f", "a/../f", "a/..", ".."])
def test_names_that_lead_out_are_refused(place: Path, name: str) -> None:
    with pytest.raises(UnsafeLayer):
        unpack(place, (folder("a"), file(name)))
