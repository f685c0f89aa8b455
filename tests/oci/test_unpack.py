"""Layers on disk, as root and as an ordinary user."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path

import pytest

from scar_oci.errors import CorruptImage, UnsafeLayer
from scar_oci.tree import remove_tree
from tests.oci.layers import Member, file, folder, hardlink, symlink
from tests.oci.trees import state, unpack


def test_a_whiteout_hides_only_lower_layers_wherever_it_stands(place: Path) -> None:
    base = (folder("d"), file("d/old"), file("f", b"old"), folder("e"), file("e/old"))
    above = (
        file("d/new"),
        file("d/.wh..wh..opq"),
        file(".wh.f"),
        file("f", b"new"),
        file("e/new"),
        file(".wh.e"),
    )
    assert set(state(unpack(place, base, above))) == {"d", "d/new", "f", "e", "e/new"}


def test_a_whiteout_in_the_lowest_layer_hides_nothing(place: Path) -> None:
    assert set(state(unpack(place, (file("f"), file(".wh.f"), file(".wh..wh..opq"))))) == {"f"}


def test_an_opaque_root_hides_all_that_was(place: Path) -> None:
    assert set(state(unpack(place, (folder("d"), file("d/f")), (file(".wh..wh..opq"), file("g"))))) == {"g"}


def test_the_builders_own_whiteout_names_are_ignored(place: Path) -> None:
    assert set(state(unpack(place, (file("f"),), (file(".wh..wh.plnk"), file(".wh..wh.aufs"))))) == {"f"}


@pytest.mark.parametrize("name", [".wh.", ".wh..", ".wh...", "d/.wh..."])
def test_a_whiteout_of_no_name_is_refused(place: Path, name: str) -> None:
    with pytest.raises(UnsafeLayer):
        unpack(place, (folder("d"),), (file(name),))


def test_a_hard_link_reaches_a_lower_layer_and_is_not_written_through(place: Path) -> None:
    root = unpack(place, (file("a", b"old"),), (hardlink("b", "a"), file("a", b"new")))
    assert state(root) == {"a": ("file", "new"), "b": ("file", "old")}


def test_a_hard_link_to_itself_is_left_alone(place: Path) -> None:
    assert state(
        unpack(place, (file("a", b"x"), hardlink("a", "./a"), hardlink("b", "a"), hardlink("b", "a")))
    ) == {
        "a": ("file", "x"),
        "b": ("file", "x"),
    }


@pytest.mark.parametrize("target", ["missing", "d", "", "/", "d/missing", "f/below"])
def test_a_hard_link_to_nothing_is_refused(place: Path, target: str) -> None:
    with pytest.raises(CorruptImage, match="hard link"):
        unpack(place, (folder("d"), file("f"), hardlink("h", target)))


@pytest.mark.parametrize(
    ("name", "target", "on_disk"),
    [
        ("l", "/etc/x", "etc/x"),
        ("a/b/l", "/etc//x/./y/", "../../etc/x/y"),
        ("a/l", "/", ".."),
        ("l", "/", "."),
        ("a/l", "/../../etc/x", "../etc/x"),
        ("a/l", "../../../etc/x", "../etc/x"),
        ("a/l", "../../..", ".."),
        ("a/l", "../x", "../x"),
        ("a/l", "./b/../c", "./b/../c"),
        ("l", "a/../b", "a/../b"),
        ("l", "a/../../b", "a/../b"),
        ("a/l", "b/../../../../../tmp/x", "b/../../tmp/x"),
        ("a/l", "/b/../../c/../../d", "../b/../c/../d"),
        ("dev/stdout", "/proc/self/fd/1", "/proc/self/fd/1"),
        ("a/log", "/dev/stderr", "/dev/stderr"),
        ("a/l", "/dev/../etc/x", "../dev/../etc/x"),
        ("l", "/process", "process"),
    ],
)
def test_links_stay_inside_when_the_kernel_follows_them(
    place: Path, name: str, target: str, on_disk: str
) -> None:
    root = unpack(place, (symlink(name, target),))
    assert os.readlink(root / name) == on_disk


def test_a_link_behind_a_link_is_relative_to_where_it_really_is(place: Path) -> None:
    root = unpack(place, (folder("usr/lib/deep"), symlink("lib", "usr/lib/deep"), symlink("lib/l", "/etc/x")))
    assert os.readlink(root / "usr/lib/deep/l") == "../../../etc/x"


def test_a_hard_link_to_a_link_leads_inside_from_where_it_is(place: Path) -> None:
    root = unpack(place, (symlink("a/b/l", "/etc/x"), hardlink("c/h", "a/b/l"), hardlink("h", "a/b/l")))
    assert os.readlink(root / "c/h") == "../etc/x"
    assert os.readlink(root / "h") == "etc/x"


def test_entries_behind_links_go_where_the_links_lead_inside(place: Path) -> None:
    layers = (
        (
            symlink("abs", "/real"),
            symlink("dangling", "made/here"),
            symlink("up", "../../real"),
            folder("real"),
        ),
        (file("abs/1"), file("dangling/2"), file("up/3"), file("/rooted"), file("./a//b/./c")),
    )
    names = {name for name, (kind, _) in state(unpack(place, *layers)).items() if kind == "file"}
    assert names == {"real/1", "made/here/2", "real/3", "rooted", "a/b/c"}


def test_links_in_a_circle_are_refused(place: Path) -> None:
    with pytest.raises(UnsafeLayer, match="circle"):
        unpack(place, (symlink("a", "b"), symlink("b", "a"), file("a/f")))


def test_an_entry_below_a_file_is_refused(place: Path) -> None:
    with pytest.raises(CorruptImage, match="no folder"):
        unpack(place, (file("f"), file("f/below")))


def test_what_replaces_a_folder_that_was_just_used_is_noticed(place: Path) -> None:
    layers = ((folder("d"), file("d/1"), symlink("d", "e"), file("d/2"), folder("d"), file("d/3")),)
    assert {name for name, (kind, _) in state(unpack(place, *layers)).items() if kind == "file"} == {
        "e/2",
        "d/3",
    }


def test_modes_times_and_names_that_are_not_text(place: Path) -> None:
    root = unpack(
        place,
        (
            folder("closed", mode=0o000, mtime=1_000_000_000),
            file("closed/inside"),
            file("secret", mode=0o000),
            file("shared", mode=0o666),
            file("su", mode=0o4711),
            folder("tmp", mode=0o1777),
            folder("group", mode=0o2775),
            file(b"latin-\xe9".decode(errors="surrogateescape"), mtime=1_100_000_000),
            file("future", mtime=2**70),
        ),
    )
    modes = {
        name: stat.S_IMODE((root / name).stat().st_mode)
        for name in ("closed", "secret", "shared", "su", "tmp", "group")
    }
    assert modes == {
        "closed": 0o700,
        "secret": 0o600,
        "shared": 0o666,
        "su": 0o711,
        "tmp": 0o777,
        "group": 0o775,
    }
    assert (root / "closed").stat().st_mtime == 1_000_000_000
    assert os.stat(os.fsencode(root) + b"/latin-\xe9").st_mtime == 1_100_000_000


def test_devices_are_left_out_and_hide_what_was_there(place: Path) -> None:
    root = unpack(
        place,
        (file("dev/null"), file("dev/keep")),
        (
            Member("dev/null", tarfile.CHRTYPE),
            Member("dev/pipe", tarfile.FIFOTYPE),
            Member("dev/b", tarfile.BLKTYPE),
        ),
    )
    assert set(state(root)) == {"dev", "dev/keep"}


def test_folders_nested_deeper_than_python_recurses(place: Path) -> None:
    deep = "/".join("d" * 1100)
    root = unpack(place, (file(f"{deep}/f"),), (file(f"{deep}/g"), file(".wh.d")))
    assert not (root / deep / "f").exists()
    assert (root / deep / "g").exists()
    remove_tree(os.fsencode(root))
