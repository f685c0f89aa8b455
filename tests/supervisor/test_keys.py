"""Keys may be anything; paths stay in their folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scar_supervisor.keys import NAME_MAX, is_folder_marker, local_path, output_key

PLAIN = ["a", "a b", "a+b%20c", "d/e f/ü", "...", ".hidden", "x..", "-rf", "日本"]
HOSTILE = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "//a",
    "a//b",
    "a/../../b",
    "/..",
    "./b",
    "../" * 339,
]


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
    assert local_path("input/x." + "ü" * 300).decode().startswith("x.ü")


def test_a_nul_which_no_file_name_can_have_is_encoded() -> None:
    assert local_path("input/a\0b/\0") == b"a%00b/%00"


@pytest.mark.parametrize("unit", ["/", "../", "./", "a/", "ü", "日", "x", "\0", "\0" * 80 + "/"])
def test_the_longest_keys_are_names_that_a_file_can_have(unit: str, tmp_path: Path) -> None:
    key = "input/" + unit * ((1024 - len("input/x")) // len(unit.encode())) + "x"
    path = os.path.join(bytes(tmp_path), local_path(key))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    Path(os.fsdecode(path)).write_text(path.decode("utf-8"))


def test_folder_markers_end_in_a_slash() -> None:
    assert is_folder_marker("input/")
    assert is_folder_marker("input/a//")
    assert not is_folder_marker("input/a")


def test_output_keys_are_text_whatever_the_file_is_called() -> None:
    assert output_key("output/", "a/ü +".encode()) == "output/a/ü +"
    assert output_key("results/", b"\xff") == "results/\\xff"
