"""What is added to an image's tree when it is unpacked: a name for the user, /dev/shm, volumes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scar_supervisor.furnish import furnish

UID, GID = os.getuid(), os.getgid()
PASSWD, GROUP = f"user:x:{UID}:{GID}::/tmp:/bin/sh\n", f"user:x:{GID}:\n"


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


def test_a_user_without_a_name_gets_one(etc: Path) -> None:
    (etc / "passwd").write_text("other:x:4242:1::/:/bin/sh")  # without a newline at its end
    furnish(bytes(etc.parent))
    assert (etc / "passwd").read_text() == "other:x:4242:1::/:/bin/sh\n" + PASSWD
    assert (etc / "group").read_text() == GROUP


def test_a_name_of_the_images_own_stays(etc: Path) -> None:
    (etc / "passwd").write_text(f"me:x:{UID}:1::/:/bin/sh\n")
    (etc / "group").write_text(f"us:x:{GID}:\n")
    furnish(bytes(etc.parent))
    assert (etc / "passwd").read_text() == f"me:x:{UID}:1::/:/bin/sh\n"
    assert (etc / "group").read_text() == f"us:x:{GID}:\n"


def test_a_link_is_not_followed_and_an_image_without_etc_stays_without(etc: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("")
    (etc / "passwd").symlink_to(outside)
    furnish(bytes(tmp_path))
    assert outside.read_text() == ""
    (tmp_path / "empty").mkdir()
    furnish(bytes(tmp_path / "empty"))
    assert not (tmp_path / "empty/etc").exists()


def test_there_is_a_dev_shm_but_not_behind_a_link(etc: Path, tmp_path: Path) -> None:
    furnish(bytes(etc.parent))
    assert (etc.parent / "dev/shm").is_dir()
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "dev").symlink_to(etc)
    furnish(bytes(linked))
    assert not (etc / "shm").exists()


def test_a_file_or_link_in_the_place_of_dev_shm_gives_way(tmp_path: Path) -> None:
    shm = tmp_path / "root/dev/shm"
    shm.parent.mkdir(parents=True)
    shm.symlink_to("../run/shm")
    furnish(bytes(tmp_path / "root"))
    assert shm.is_dir()
    assert not shm.is_symlink()
    shm.rmdir()
    shm.write_text("a file")
    furnish(bytes(tmp_path / "root"))
    assert shm.is_dir()


def test_links_of_folders_are_followed_inside(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "usr/etc").mkdir(parents=True)
    (root / "etc").symlink_to("../usr/etc")  # as a process with this root would follow it
    furnish(bytes(root))
    assert (root / "usr/etc/passwd").read_text() == PASSWD
    assert (root / "usr/etc/hosts").read_text() == Path("/etc/hosts").read_text()
    (root / "etc").unlink()
    (root / "etc").symlink_to("etc")
    furnish(bytes(root))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root"]


def test_the_network_is_this_machines(etc: Path) -> None:
    outside = etc.parent / "outside"
    outside.write_text("")
    (etc / "hosts").write_text("192.0.2.1 where-it-was-built\n")
    (etc / "resolv.conf").symlink_to(outside)
    (etc / "hostname").mkdir()
    furnish(bytes(etc.parent))
    assert (etc / "hosts").read_text() == Path("/etc/hosts").read_text()
    assert (etc / "resolv.conf").read_text() == Path("/etc/resolv.conf").read_text()
    assert outside.read_text() == ""
    (etc / "hostname").rmdir()
    furnish(bytes(etc.parent))
    assert (etc / "hostname").read_text() == os.uname().nodename + "\n"


def test_volumes_are_made_inside(etc: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("../../..")
    furnish(bytes(root), ("/data", "link/in", "var//lib/x/"))
    assert (root / "data").is_dir()
    assert (root / "in").is_dir()
    assert (root / "var/lib/x").is_dir()


def test_a_volume_above_the_root_is_in_it_and_a_file_in_its_place_stays(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "file").touch()
    furnish(bytes(root), ("/../out", "/file", "/file/below", "/after"))
    assert sorted(path.name for path in root.iterdir() if path.is_dir()) == ["after", "dev", "out"]
    assert (root / "file").is_file()
    assert not (tmp_path / "out").exists()
