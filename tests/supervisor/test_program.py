"""Programs are found as the kernel and execvp would find them inside the image."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scar_supervisor.errors import ProgramNotExecutable, ProgramNotFound
from scar_supervisor.program import Program, Tree, resolve

PATH = b"/usr/local/bin:/bin"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    root = tmp_path / "ROOT"
    (root / "bin").mkdir(parents=True)
    (root / "usr/local/bin").mkdir(parents=True)
    (root / "jobs").mkdir()
    shutil.copy("/bin/true", root / "bin/sh")
    shutil.copy("/bin/true", root / "bin/perl")
    (tmp_path / "call").mkdir()
    return Tree(bytes(root), shared=(bytes(tmp_path / "call"),))


def script(tree: Tree, path: str, text: bytes, mode: int = 0o755) -> bytes:
    file = Path(tree.outside(path.encode()).decode())
    file.write_bytes(text)
    file.chmod(mode)
    return path.encode()


def found(tree: Tree, *argv: bytes, cwd: bytes = b"/") -> Program:
    return resolve(tree, argv, PATH, cwd)


def test_binaries_by_path_by_name_and_relative(tree: Tree) -> None:
    assert found(tree, b"/bin/perl", b"-v") == Program(b"/bin/perl", (b"/bin/perl", b"-v"))
    assert found(tree, b"perl") == Program(b"/bin/perl", (b"perl",))
    assert found(tree, b"../bin/perl", cwd=b"/jobs").argv == (b"../bin/perl",)


def test_search_takes_the_first_executable_file(tree: Tree) -> None:
    script(tree, "/usr/local/bin/perl", b"not executable", mode=0o644)
    assert found(tree, b"perl").path == b"/bin/perl"


def test_scripts_get_their_interpreter_and_its_one_argument(tree: Tree) -> None:
    script(tree, "/bin/cow", b"#! /bin/perl  -w -T \nprint")
    assert found(tree, b"cow", b"moo") == Program(b"/bin/perl", (b"/bin/perl", b"-w -T", b"/bin/cow", b"moo"))


def test_a_script_without_a_first_line_is_the_shells(tree: Tree) -> None:
    script(tree, "/bin/cow", b"echo moo")
    assert found(tree, b"cow").argv == (b"/bin/sh", b"/bin/cow")
    script(tree, "/bin/cow", b"")
    assert found(tree, b"cow").argv == (b"/bin/sh", b"/bin/cow")


def test_an_interpreter_may_be_a_script(tree: Tree) -> None:
    script(tree, "/bin/wrapper", b"#!/bin/perl\n")
    script(tree, "/bin/cow", b"#!/bin/wrapper\n")
    assert found(tree, b"cow").argv == (b"/bin/perl", b"/bin/wrapper", b"/bin/cow")


def test_an_interpreter_without_a_folder_is_looked_for_where_the_script_runs(tree: Tree) -> None:
    script(tree, "/bin/cow", b"#!../bin/perl\n")
    assert found(tree, b"cow", cwd=b"/jobs") == Program(b"/jobs/../bin/perl", (b"../bin/perl", b"/bin/cow"))
    with pytest.raises(ProgramNotFound):
        found(tree, b"cow", cwd=b"/usr/local/bin")


def test_interpreters_without_end_are_refused(tree: Tree) -> None:
    script(tree, "/bin/cow", b"#!/bin/cow\n")
    with pytest.raises(ProgramNotExecutable):
        found(tree, b"cow")


def test_a_script_of_the_call_is_found_outside_the_image(tree: Tree) -> None:
    path = script(tree, tree.shared[0].decode() + "/script", b"#!/bin/perl\n")
    assert found(tree, path).argv == (b"/bin/perl", path)


def test_a_shared_folder_is_no_prefix_of_names(tree: Tree) -> None:
    assert tree.outside(tree.shared[0] + b"-sibling") == tree.rootfs + tree.shared[0] + b"-sibling"


def test_missing_programs_and_interpreters_are_named(tree: Tree) -> None:
    with pytest.raises(ProgramNotFound, match="nosuch: no such program in the image"):
        found(tree, b"nosuch")
    with pytest.raises(ProgramNotFound, match="/bin/nosuch: no such program"):
        found(tree, b"/bin/nosuch")
    script(tree, "/bin/cow", b"#!/usr/bin/ruby\n")
    with pytest.raises(ProgramNotFound, match="/usr/bin/ruby: no such interpreter"):
        found(tree, b"cow")


@pytest.mark.parametrize("path", ["/usr/games/cowsay", "/sbin/cowsay", "/opt/cows/bin/cowsay"])
def test_a_program_outside_of_path_is_pointed_out(tree: Tree, path: str) -> None:
    file = Path(tree.outside(path.encode()).decode())
    file.parent.mkdir(parents=True)
    script(tree, path, b"#!/bin/sh\n", mode=0o644)
    with pytest.raises(ProgramNotFound) as caught:
        found(tree, b"cowsay")
    assert path not in caught.value.hint
    file.chmod(0o755)
    with pytest.raises(ProgramNotFound) as caught:
        found(tree, b"cowsay")
    assert caught.value.hint == f"the image has {path}"


def test_windows_line_ends_are_recognised(tree: Tree) -> None:
    script(tree, "/bin/cow", b"#!/bin/sh\r\necho")
    with pytest.raises(ProgramNotFound) as caught:
        found(tree, b"cow")
    assert "Windows" in caught.value.hint


@pytest.mark.parametrize(("name", "reason"), [(b"/bin/cow", "not executable"), (b"/bin", "not a file")])
def test_what_cannot_be_executed_is_refused(tree: Tree, name: bytes, reason: str) -> None:
    script(tree, "/bin/cow", b"#!/bin/sh\n", mode=0o644)
    with pytest.raises(ProgramNotExecutable, match=reason):
        found(tree, name)
