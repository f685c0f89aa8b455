"""Keys may be anything; paths stay in their folder."""

from __future__ import annotations

import os

import pytest

from scar_supervisor.keys import NAME_MAX, is_folder_marker, local_path, output_key

PLAIN = ["a", "a b", "a+b%20c", "d/e f/ü", "...", ".hidden", "x..", "-rf", "日本"]
HOSTILE = ["../../etc/passwd", "/etc/passwd", "..", ".", "//", "a//b", "a/../../b", "/", "a/./b", "../" * 300]


@pytest.mark.parametrize("name", PLAIN)
def test_ordinary_keys_keep_their_path(name: str) -> None:
    assert local_path("input/" + name) == name.encode()


@pytest.mark.parametrize("name", [*HOSTILE, *PLAIN, "x" * 1024, ("ü" * 200 + "/") * 2 + "x"])
@pytest.mark.parametrize("prefix", ["input/", ""])
def test_no_key_leaves_its_folder(prefix: str, name: str) -> None:
    path = local_path(prefix + name)
    assert os.path.normpath(os.path.join(b"/tmp/id/input", path)) == os.path.join(b"/tmp/id/input", path)
    assert all(0 < len(part) <= NAME_MAX for part in path.split(b"/"))


def test_a_long_name_keeps_its_extension() -> None:
    assert local_path("input/" + "x" * 400 + ".jpeg").endswith(b"x.jpeg")


def test_folder_markers_end_in_a_slash() -> None:
    assert is_folder_marker("input/")
    assert is_folder_marker("input/a//")
    assert not is_folder_marker("input/a")


def test_output_keys_are_text_whatever_the_file_is_called() -> None:
    assert output_key("a/ü +".encode()) == "output/a/ü +"
    assert output_key(b"\xff") == "output/\\xff"
