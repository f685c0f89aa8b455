"""The deployment package: the same to the byte, and fit for Lambda."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scar import limits
from scar.deploy import package, payload
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


def test_gives_back_what_is_the_users_in_it(home: Path) -> None:
    extra = (payload.File("bin/tool", b"#!", executable=True), payload.File("data", b""))
    assert package.user_parts(package.build("x86_64", b"moo", extra)) == package.UserParts(b"moo", extra)
    assert package.user_parts(package.build("x86_64", None)) == package.UserParts()


def test_an_archive_that_has_more_than_lambda_takes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNZIPPED_BYTES", 10)
    with pytest.raises(ScarError, match="have 11 bytes; AWS Lambda allows 10"):
        package.user_parts(package.archive({"extra/data": bytes(11)}))


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
    assert caught.value.hint.startswith("make kit, ")


def test_too_large_a_package_is_refused(home: Path) -> None:
    with pytest.raises(ScarError, match="AWS Lambda allows 262,144,000"):
        package.build("x86_64", bytes(250 * 1024 * 1024))


def test_an_extra_payload_keeps_its_names_and_exec_bits(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "tool").write_bytes(b"#!/bin/sh\n")
    (folder / "bin" / "tool").chmod(0o700)
    (folder / "data é").write_bytes(b"1")
    (folder / "link").symlink_to("data é")
    build = package.build("x86_64", None, payload.read(str(folder), "--extra-payload"))
    modes = {
        name: oct(entry.external_attr >> 16)
        for name, entry in entries(build).items()
        if name.startswith("extra/")
    }
    assert modes == {
        "extra/": "0o40755",
        "extra/bin/": "0o40755",
        "extra/bin/tool": "0o100755",
        "extra/data é": "0o100644",
        "extra/link": "0o100644",
    }
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    os.utime(copy / "link", (0, 0))
    assert package.build("x86_64", None, payload.read(str(copy), "--extra-payload")) == build


def test_an_extra_payload_that_cannot_be_packed(home: Path, tmp_path: Path) -> None:
    def refusal() -> str:
        with pytest.raises(ScarError) as caught:
            payload.read(str(tmp_path / "files"), "--extra-payload")
        return caught.value.message

    folder = tmp_path / "files"
    assert refusal() == f"--extra-payload: not a folder: {folder}"
    folder.mkdir()
    assert refusal() == f"--extra-payload: there are no files in {folder}"
    (folder / "link").symlink_to("/nonexistent")
    assert "cannot read" in refusal()
    (folder / "link").unlink()
    (folder / "link").symlink_to(tmp_path)
    assert "is a link to a folder" in refusal()
    (folder / "link").unlink()
    os.mkfifo(folder / "pipe")
    assert refusal() == f"--extra-payload: {folder}/pipe is neither a file nor a folder"
    (folder / "pipe").unlink()
    (folder / "name\udcff").touch()
    assert "not UTF-8" in refusal()
    (folder / "name\udcff").unlink()
    with (folder / "hole").open("wb") as file:
        file.truncate(251 * 1024 * 1024)
    assert "have 263,192,576 bytes; AWS Lambda allows 262,144,000" in refusal()
