"""What must not be in the repository: binaries, large files, package sources, paths of one machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

LARGEST = 1 << 20
"""Bytes."""

# Spelt so that this file does not contain what it looks for.
PACKAGE_SOURCES = re.compile(
    rb"\b(?:deb\.debian|security\.debian|pypi|pythonhosted|registry\.npmjs)\.(?:org|net)\b"
)
MACHINE_PATHS = re.compile(rb"(?<![\w.~$}/])/(?:home/\w+|root/\.(?!aws|scar)\w+|work/\w+|Users/\w+)")


@pytest.fixture(scope="module")
def tracked() -> dict[str, bytes]:
    """Contents of the files that git has, or would take, by their paths."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout.split(b"\0")
    paths = [ROOT / name.decode() for name in names if name]
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in paths if path.is_file()}


def test_no_file_is_large(tracked: dict[str, bytes]) -> None:
    assert [name for name, content in tracked.items() if len(content) > LARGEST] == []


def test_no_file_is_binary(tracked: dict[str, bytes]) -> None:
    assert [name for name, content in tracked.items() if b"\0" in content] == []


def test_no_file_names_a_package_source(tracked: dict[str, bytes]) -> None:
    assert [name for name, content in tracked.items() if PACKAGE_SOURCES.search(content)] == []


def test_no_file_names_a_path_of_one_machine(tracked: dict[str, bytes]) -> None:
    assert [name for name, content in tracked.items() if MACHINE_PATHS.search(content)] == []


@pytest.mark.parametrize("text", [b"http://deb.debian" + b".org/debian", b"https://pypi" + b".org/simple"])
def test_a_package_source_is_recognised(text: bytes) -> None:
    assert PACKAGE_SOURCES.search(text)


@pytest.mark.parametrize(
    "text", [b"cd /home" + b"/ann/scar", b'"/root' + b'/.cache"', b"see /work" + b"/notes"]
)
def test_a_path_of_one_machine_is_recognised(text: bytes) -> None:
    assert MACHINE_PATHS.search(text)


@pytest.mark.parametrize(
    "text", [b"~/.scar/kit", b"/root/.aws", b"$HOME/work/x", b"https://host/work/x", b"/var/task"]
)
def test_other_paths_are_let_be(text: bytes) -> None:
    assert not MACHINE_PATHS.search(text)
