"""The deployment package: the same to the byte, and fit for Lambda."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scar.deploy import package
from scar.errors import ScarError


def entries(data: bytes) -> dict[str, zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {entry.filename: entry for entry in archive.infolist()}


def test_holds_sources_kit_and_script(home: Path) -> None:
    data = package.build("x86_64", b"echo hello\n")
    names = entries(data)
    assert {"scar_supervisor/handler.py", "scar_supervisor/contract.py", "scar_oci/store.py"} <= names.keys()
    assert "kit/x86_64/glibc-2.34/libfakechroot.so" in names
    assert not [name for name in names if name.endswith((".pyc", "py.typed")) or name.startswith("scar/")]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("init_script") == b"echo hello\n"


def test_has_no_init_script_without_one(home: Path) -> None:
    assert "init_script" not in entries(package.build("x86_64", None))


def test_is_the_same_to_the_byte_in_another_process(home: Path) -> None:
    """Another time, umask, time zone, order of hashing and current folder: none of them counts."""
    program = (
        "import os, sys; os.umask(0o077); from scar.deploy import package;"
        "sys.stdout.buffer.write(package.build('x86_64', b'x'))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    other = subprocess.run(
        [sys.executable, "-c", program], cwd="/", env=environment, capture_output=True, check=True
    )
    assert other.stdout == package.build("x86_64", b"x")


def test_order_of_files_does_not_count_and_content_does() -> None:
    one = package.archive({"a/b.py": b"1", "c": b"2"})
    assert package.archive({"c": b"2", "a/b.py": b"1"}) == one
    assert package.archive({"c": b"2", "a/b.py": b"3"}) != one


def test_modes_and_times_are_fixed() -> None:
    found = entries(package.archive({"a/b/c.py": b"1"}))
    assert {name: oct(entry.external_attr >> 16) for name, entry in found.items()} == {
        "a/": "0o40755",
        "a/b/": "0o40755",
        "a/b/c.py": "0o100644",
    }
    assert {entry.date_time for entry in found.values()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_missing_kit_is_said_with_the_way_out(home: Path) -> None:
    with pytest.raises(ScarError, match="no libfakechroot for arm64") as caught:
        package.build("arm64", None)
    assert caught.value.hint == "make kit"


def test_too_large_a_package_is_refused(home: Path) -> None:
    with pytest.raises(ScarError, match="AWS Lambda takes 52,428,800 by direct upload"):
        package.build("x86_64", bytes(50 * 1024 * 1024))
