"""Temporary folders and volumes of an image are for each call as the image has them."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from scar_supervisor.scratch import NotRestorable, Scratch, record
from tests.small_disk import mounted

_LONG_AGO = 1_500_000_000
_MB = 1024 * 1024


@pytest.fixture
def rootfs(tmp_path: Path) -> Path:
    """A tree as `record` finds it, with files in one volume and nothing in /tmp."""
    root = tmp_path / "image/ROOT"
    for folder in ("tmp", "var/tmp", "dev/shm", "data/deep/empty", "other"):
        (root / folder).mkdir(parents=True)
    (root / "data/deep/file").write_text("baked")
    (root / "data/tool").write_text("#!/bin/sh\n")
    (root / "data/tool").chmod(0o755)
    os.utime(root / "data/tool", (_LONG_AGO, _LONG_AGO))
    (root / "data/link").symlink_to("deep/file")
    return root


def recorded(rootfs: Path, *volumes: str) -> Scratch:
    record(bytes(rootfs), volumes or ("/data",))
    return Scratch.load(bytes(rootfs))


def state(folder: Path) -> dict[str, tuple[int, str]]:
    """Kind, permissions and content of all that is in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = os.readlink(path) if path.is_symlink() else "" if path.is_dir() else path.read_text()
        found[str(path.relative_to(folder))] = (mode, content)
    return found


def test_what_a_call_leaves_goes(rootfs: Path) -> None:
    before = state(rootfs)
    scratch = recorded(rootfs)
    for folder in ("tmp", "var/tmp", "dev/shm", "data", "data/deep", "data/deep/empty"):
        (rootfs / folder / "left").write_text("x")
        (rootfs / folder / "closed/deep").mkdir(parents=True)
        (rootfs / folder / "closed").chmod(0)
        (rootfs / folder / "out").symlink_to(rootfs / "other")
    scratch.tidy()
    assert state(rootfs) == before
    (rootfs / "tmp/again").touch()
    scratch.tidy()
    assert state(rootfs) == before


def grow(data: Path) -> None:
    with (data / "deep/file").open("a") as file:
        file.write(" and more")  # of which the folder tells nothing


def become_a_file(data: Path) -> None:
    shutil.rmtree(data)
    data.write_text("a file")


def become_a_link(data: Path) -> None:
    shutil.rmtree(data / "deep")
    (data / "deep").symlink_to(data.parent / "other")


@pytest.mark.parametrize(
    "damage",
    [
        grow,
        lambda data: (data / "deep/file").write_text("other"),
        lambda data: os.utime(data / "tool", (1, 1)),
        lambda data: (data / "tool").chmod(0),
        lambda data: (data / "tool").unlink(),
        lambda data: ((data / "tool").unlink(), (data / "tool/deep").mkdir(parents=True)),
        lambda data: ((data / "link").unlink(), (data / "link").symlink_to("/etc/passwd")),
        lambda data: shutil.rmtree(data / "deep"),
        shutil.rmtree,
        become_a_file,
        lambda data: (data / "deep").chmod(0),
        lambda data: (data / "deep").rename(data / "moved"),
        become_a_link,
    ],
)
def test_what_the_image_has_is_as_it_was(rootfs: Path, damage: Callable[[Path], object]) -> None:
    (rootfs / "other/file").write_text("kept")
    before = state(rootfs)
    scratch = recorded(rootfs)
    damage(rootfs / "data")
    scratch.tidy()
    assert state(rootfs) == before
    assert (rootfs / "data/tool").stat().st_mtime == _LONG_AGO
    restored = (rootfs / "data/tool").lstat()
    scratch.tidy()
    assert (rootfs / "data/tool").lstat() == restored  # it is not written again
    damage(rootfs / "data")
    scratch.tidy()
    assert state(rootfs) == before


def test_a_process_that_follows_another_one_finds_the_same(rootfs: Path) -> None:
    before = state(rootfs)
    scratch = recorded(rootfs)
    grow(rootfs / "data")
    scratch.tidy()
    follower = Scratch.load(bytes(rootfs))
    follower.tidy()
    grow(rootfs / "data")
    follower.tidy()
    assert state(rootfs) == before


def test_a_folder_that_the_image_lacks_is_gone_after_a_call(rootfs: Path) -> None:
    shutil.rmtree(rootfs / "var")
    scratch = recorded(rootfs)
    (rootfs / "var/tmp").mkdir(parents=True)
    (rootfs / "var/tmp/left").touch()
    scratch.tidy()
    assert list((rootfs / "var").iterdir()) == []


def test_what_lies_outside_of_the_tree_is_let_be(rootfs: Path, tmp_path: Path) -> None:
    (tmp_path / "outside/tmp").mkdir(parents=True)
    shutil.rmtree(rootfs / "var")
    (rootfs / "var").symlink_to(tmp_path / "outside")
    scratch = recorded(rootfs, "/../../outside", "/")
    (tmp_path / "outside/tmp/file").touch()
    (tmp_path / "outside/file").touch()
    scratch.tidy()
    assert sorted(path.name for path in tmp_path.glob("outside/**/file")) == ["file", "file"]


def test_a_name_that_is_not_text(rootfs: Path) -> None:
    path = os.path.join(bytes(rootfs), b"data/latin-\xe9")
    Path(os.fsdecode(path)).write_text("baked")
    scratch = recorded(rootfs)
    os.unlink(path)
    scratch.tidy()
    assert Path(os.fsdecode(path)).read_text() == "baked"


def test_an_image_without_files_there_has_no_copies(rootfs: Path) -> None:
    recorded(rootfs, "/other")
    assert list((rootfs.parent / "scratch").iterdir()) == []


def test_files_that_are_too_large_to_copy_are_told_when_they_change(rootfs: Path) -> None:
    with (rootfs / "data/large").open("w") as file:
        file.truncate(33 * _MB)
    scratch = recorded(rootfs)
    assert not (rootfs.parent / "scratch").exists()
    (rootfs / "data/left").touch()
    scratch.tidy()
    assert not (rootfs / "data/left").exists()
    grow(rootfs / "data")
    with pytest.raises(NotRestorable, match="data/deep/file"):
        scratch.tidy()


def test_files_whose_copies_find_no_room_are_told_when_they_change(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk") as disk:
        disk.resize(3 * _MB)
        root = disk.path / "image/ROOT"
        (root / "tmp").mkdir(parents=True)
        (root / "tmp/large").write_bytes(b"x" * 2 * _MB)
        scratch = recorded(root)
        assert disk.used() < 2.5 * _MB
        (root / "tmp/large").chmod(stat.S_IRUSR)
        with pytest.raises(NotRestorable):
            scratch.tidy()
