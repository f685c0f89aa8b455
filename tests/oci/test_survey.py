"""What is found out about a tree: loader, C library, library folders."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from scar_oci import elf
from scar_oci.survey import survey
from tests.oci.test_elf import made

_INTEL, _ARM = 62, 183


class Tree:
    """A rootfs made by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, name: str, content: bytes | str = b"") -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def link(self, name: str, target: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def loader(machine: int = _INTEL) -> bytes:
    return made(64, "<", machine, static=True)


def test_a_debian_of_today(tree: Tree) -> None:
    tree.link("lib", "usr/lib")
    tree.link("lib64", "usr/lib64")
    tree.link("usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
    tree.file("usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", loader())
    tree.file(
        "usr/lib/x86_64-linux-gnu/libc.so.6",
        b"\0GNU C Library (Debian GLIBC 2.36-9+deb12u9) stable release version 2.36.\nCopyright",
    )
    tree.file("usr/lib/x86_64-linux-gnu/pulseaudio/libpulsecommon-16.1.so")
    tree.file("usr/lib/x86_64-linux-gnu/perl/Base.pm")
    tree.file("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n")
    tree.file(
        "etc/ld.so.conf.d/x86_64-linux-gnu.conf",
        "# Multiarch\n/usr/local/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu\n",
    )
    tree.file("etc/ld.so.conf.d/libc.conf", "/usr/local/lib # ours\n")
    tree.file("etc/ld.so.conf.d/README", "/not/a/configuration")
    (tree.path / "usr/local/lib").mkdir(parents=True)

    runtime = survey(os.fsencode(tree.path), "x86_64")

    assert runtime.architecture == "x86_64"
    assert (runtime.libc, runtime.libc_version) == ("glibc", "2.36")
    assert runtime.loader == "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    assert runtime.library_path == (
        "usr/local/lib",
        "usr/lib/x86_64-linux-gnu",
        "usr/lib64",
        "usr/lib",
        "usr/lib/x86_64-linux-gnu/pulseaudio",
    )


def test_an_older_debian_names_its_libc_by_version_and_links_its_loader_absolutely(tree: Tree) -> None:
    tree.link("lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-2.31.so")
    tree.file("lib/x86_64-linux-gnu/ld-2.31.so", loader())
    tree.link("lib/x86_64-linux-gnu/libc.so.6", "libc-2.31.so")
    tree.file("lib/x86_64-linux-gnu/libc-2.31.so")
    runtime = survey(os.fsencode(tree.path), "x86_64")
    assert runtime.loader == "lib/x86_64-linux-gnu/ld-2.31.so"
    assert runtime.libc_version == "2.31"


def test_red_hats_layout(tree: Tree) -> None:
    tree.link("lib64", "usr/lib64")
    tree.file("usr/lib64/ld-linux-x86-64.so.2", loader())
    tree.file("usr/lib64/libc.so.6", "GNU C Library (GNU libc) stable release version 2.34.\n")
    tree.file("usr/lib64/pulseaudio/libpulsecommon-15.0.so")
    runtime = survey(os.fsencode(tree.path), "x86_64")
    assert (runtime.loader, runtime.libc_version) == ("usr/lib64/ld-linux-x86-64.so.2", "2.34")
    assert runtime.library_path == ("usr/lib64", "usr/lib64/pulseaudio")


def test_arm(tree: Tree) -> None:
    tree.file("lib/ld-linux-aarch64.so.1", loader(_ARM))
    tree.file("lib/aarch64-linux-gnu/libc.so.6", "stable release version 2.41.\n")
    runtime = survey(os.fsencode(tree.path), "arm64")
    assert (runtime.architecture, runtime.libc, runtime.libc_version) == ("arm64", "glibc", "2.41")
    assert runtime.library_path == ("lib/aarch64-linux-gnu", "lib")


def test_an_image_that_claims_the_wrong_architecture_is_seen_through(tree: Tree) -> None:
    tree.file("lib/ld-linux-aarch64.so.1", loader(_ARM))
    assert survey(os.fsencode(tree.path), "x86_64").architecture == "arm64"


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_of_the_loaders_of_two_architectures_that_of_the_image_counts(tree: Tree, architecture: str) -> None:
    tree.file("lib64/ld-linux-x86-64.so.2", loader())
    tree.file("lib/x86_64-linux-gnu/libc.so.6", "stable release version 2.36.\n")
    tree.file("lib/ld-linux-aarch64.so.1", loader(_ARM))
    tree.file("lib/aarch64-linux-gnu/libc.so.6", "stable release version 2.41.\n")
    runtime = survey(os.fsencode(tree.path), architecture)
    expected = {"arm64": "2.41", "x86_64": "2.36"}[architecture]
    assert (runtime.architecture, runtime.libc_version) == (architecture, expected)


def test_an_own_musl_counts_before_a_foreign_glibc(tree: Tree) -> None:
    tree.file("lib64/ld-linux-x86-64.so.2", loader())
    tree.file("lib/ld-musl-aarch64.so.1", loader(_ARM))
    runtime = survey(os.fsencode(tree.path), "arm64")
    assert (runtime.architecture, runtime.libc) == ("arm64", "musl")


@pytest.mark.parametrize("imitation", ["", "ld-musl-x86_64.so.1", "libgcompat.so.0"])
def test_alpine_is_musl_even_where_it_imitates_glibc(tree: Tree, imitation: str) -> None:
    tree.file("lib/ld-musl-x86_64.so.1", loader())
    if imitation:
        tree.link("lib64/ld-linux-x86-64.so.2", f"../lib/{imitation}")
        tree.file(f"lib/{imitation}", loader())
    runtime = survey(os.fsencode(tree.path), "x86_64")
    assert (runtime.libc, runtime.libc_version, runtime.loader) == ("musl", "", "lib/ld-musl-x86_64.so.1")


def test_a_tree_without_a_loader_can_only_hold_static_programs(tree: Tree) -> None:
    tree.file("hello", made(64, "<", _INTEL, static=True))
    runtime = survey(os.fsencode(tree.path), "x86_64")
    assert runtime == ("x86_64", "", "", "", ())


@pytest.mark.parametrize("target", ["../../../../../bin/sh", "/bin/sh", "loop"])
def test_a_loader_that_points_out_of_the_tree_is_none(tree: Tree, target: str) -> None:
    tree.link("lib64/ld-linux-x86-64.so.2", target)
    tree.link("lib64/loop", "loop")
    assert survey(os.fsencode(tree.path), "x86_64").loader == ""


def test_configuration_that_includes_itself_or_leaves_the_tree_does_no_harm(tree: Tree) -> None:
    tree.file("etc/ld.so.conf", "include ld.so.conf\ninclude /etc/missing/*.conf\n/usr/../..\n/missing\n")
    tree.link("etc/passwd.conf", "/etc/passwd")
    assert survey(os.fsencode(tree.path), "x86_64").library_path == ()


def program(*folders: str) -> bytes:
    return made(64, "<", _INTEL, runpath=":".join(folders).encode())


def test_folders_that_programs_and_their_libraries_name_come_last(tree: Tree) -> None:
    tree.file("usr/lib/libown.so")
    tree.file("opt/a/bin/program", program("$ORIGIN/../lib", "/opt/a/lib", "/usr/lib", "/nosuch"))
    tree.file("opt/a/lib/liba.so.1", program("/srv/deep"))
    tree.file("opt/a/lib/data", program("/srv/data"))
    tree.file("srv/deep/libdeep.so", program("/opt/a/lib"))
    tree.file("srv/jobs/program", program("/srv/jobs/lib"))
    tree.file("srv/tools/program", program("relative", "/srv/tools/lib"))
    tree.link("usr/local/bin/tool", "/srv/tools/program")
    tree.link("srv/tools/lib", "../libraries")
    for name in ("opt/a/bin", "srv/jobs", "srv/tools"):
        (tree.path / name / "program").chmod(0o755)
    for name in ("srv/data", "srv/jobs/lib", "srv/libraries"):
        (tree.path / name).mkdir()
    found = survey(os.fsencode(tree.path), "x86_64", "/srv/jobs:relative:/nosuch").library_path
    assert found == ("usr/lib", "srv/jobs/lib", "srv/libraries", "opt/a/lib", "srv/deep")


def test_folders_behind_links_in_a_circle_or_of_impossible_names_are_none(tree: Tree) -> None:
    long = "x" * 300
    tree.link("usr/local/bin/long", f"/opt/{long}")
    tree.link("usr/local/bin/longer", f"/opt/{long}/program")
    tree.link("opt/loop", "loop")
    tree.link("usr/local/bin/loop", "/opt/loop/program")
    tree.link("usr/local/bin/out", "../../../../etc/passwd")
    tree.file("bin/program", program("/opt/loop/lib", "/opt/loop", f"/opt/{long}"))
    (tree.path / "bin/program").chmod(0o755)
    assert survey(os.fsencode(tree.path), "x86_64", "/opt/loop/bin").library_path == ()


def test_a_program_may_not_name_folders_without_end(tree: Tree) -> None:
    names = [f"/opt/{number}" for number in range(200)]
    for name in names:
        (tree.path / name[1:]).mkdir(parents=True)
    tree.file("bin/program", program(*names))
    (tree.path / "bin/program").chmod(0o755)
    assert len(survey(os.fsencode(tree.path), "x86_64").library_path) == 100


def test_this_machines_own_loader_and_libc(tree: Tree) -> None:
    """Against real binaries, not only against what we made up."""
    headers = elf.read("/bin/sh")
    assert headers
    assert headers.interpreter
    real = os.path.realpath(headers.interpreter)
    libc = os.path.join(os.path.dirname(real), "libc.so.6")
    for path in (real, os.path.realpath(libc)):
        target = tree.path / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    if not os.path.exists(tree.path / headers.interpreter.lstrip("/")):
        tree.link(headers.interpreter.lstrip("/"), real)
    if not os.path.exists(tree.path / libc.lstrip("/")):
        tree.link(libc.lstrip("/"), os.path.realpath(libc))
    runtime = survey(os.fsencode(tree.path), "x86_64")
    assert f"glibc {runtime.libc_version}" == os.confstr("CS_GNU_LIBC_VERSION")
    assert runtime.architecture == headers.machine
