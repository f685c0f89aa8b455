"""`scar get` against moto: which files come, where to, and that nothing leaves the target."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scar.ops.transfer.target import Refused, Target
from tests.cli.faults import Answer, Request, Way, error_of
from tests.cli.support import Account, Ran, Scar

LARGE = bytes(range(256)) * 140_000
"""36 MB: this comes in two parts."""
OWN = "names that begin with '.scar-get-' are scar get's own"


@pytest.fixture
def bucket(account: Account) -> str:
    account.s3.create_bucket(Bucket="files")
    return "files"


def put(account: Account, objects: Mapping[str, bytes]) -> None:
    for key, content in objects.items():
        account.s3.put_object(Bucket="files", Key=key, Body=content)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Contents of the files, and None for each folder, by their paths."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def failed(ran: Ran) -> dict[str, str]:
    """Why keys were not got."""
    return {one["name"]: one["message"] for one in ran.json["failures"]}


def test_all_of_a_folder(scar: Scar, account: Account, bucket: str, tmp_path: Path) -> None:
    put(account, {"output/": b"", "output/a b": b"1", "output/d/e": LARGE, "output/m/": b"", "outputs": b"2"})
    for source in ("files/output/", "files/output", "s3://files/output/"):
        ran = scar("get", source, str(tmp_path / "results"))
        assert ran.status == 0, ran.stderr
    assert ran.out == "Got: 0 of 3 files (0 bytes); 3 were there already\n"
    assert tree(tmp_path / "results") == {"a b": b"1", "d": None, "d/e": LARGE, "m": None}
    scar("get", "files", str(tmp_path / "everything"))
    assert (tmp_path / "everything" / "outputs").read_bytes() == b"2"


def test_one_object(scar: Scar, account: Account, bucket: str, tmp_path: Path) -> None:
    put(account, {"output/x": b"x", "output/x/y": b"y", "..": b"z"})
    assert scar("get", "files/output/x", str(tmp_path / "new" / "name")).status == 0
    assert scar("get", "files/output/x", str(tmp_path)).status == 0
    assert scar("get", "files/output/x/", str(tmp_path / "folder")).status == 0
    assert scar("get", "files/..", str(tmp_path / "dots")).status == 0
    ran = scar("get", "files/..", str(tmp_path))
    assert error_of(ran.stderr) == "a file or folder cannot have the name '..'"
    assert "give the file a name" in ran.stderr
    found = {path: content for path, content in tree(tmp_path).items() if not path.startswith("scar-home")}
    assert found == {
        "new": None,
        "new/name": b"x",
        "x": b"x",
        "folder": None,
        "folder/y": b"y",
        "dots": b"z",
    }


def test_only_what_differs_is_got_again(scar: Scar, account: Account, bucket: str, tmp_path: Path) -> None:
    account.s3.put_object(Bucket="files", Key="same", Body=b"same")
    put(account, {"changed": b"before", "gone": b"gone"})
    target = tmp_path / "t"
    assert scar("get", "files", str(target)).status == 0
    put(account, {"changed": b"after!"})  # as many bytes
    (target / "gone").unlink()
    (target / "own").write_bytes(b"own")
    inode = (target / "same").stat().st_ino
    ran = scar("get", "--json", "files", str(target))
    assert (ran.json["got"], ran.json["already_there"]) == (2, 1)
    assert tree(target) == {"same": b"same", "changed": b"after!", "gone": b"gone", "own": b"own"}
    assert (target / "same").stat().st_ino == inode


def test_keys_that_no_file_can_have_are_told_by_name(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    put(
        account,
        {
            "in/../../escaped": b"",
            "in/./x": b"",
            "in//x": b"",
            "in/" + "x" * 256: b"",
            "in/full/": b"content",
            "in/both": b"",
            "in/both!": b"beside",
            "in/both/x": b"x",
            "in/good": b"good",
        },
    )
    ran = scar("get", "--json", "files/in/", str(tmp_path / "t"))
    assert ran.status == 1
    assert failed(ran) == {
        "in/../../escaped": "a file or folder cannot have the name '..'",
        "in/./x": "a file or folder cannot have the name '.'",
        "in//x": "a file or folder cannot have the name ''",
        "in/" + "x" * 256: "a part of the name has more than 255 bytes",
        "in/full/": "a name with a slash at its end is a folder's, and this has content",
        "in/both": "other keys begin with 'in/both/': there is a folder in its place",
    }
    assert tree(tmp_path / "t") == {"good": b"good", "both!": b"beside", "both": None, "both/x": b"x"}
    assert sorted(os.listdir(tmp_path)) == ["scar-home", "t"]


def test_what_the_next_get_would_remove_is_not_got(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    """Nor would `put` send it."""
    keys = [".scar-get-mine/x", "a/.scar-get-mine/x", ".scar-get-mine", "a/.scar-get/x", "a/x"]
    put(account, {key: key.encode() for key in keys})
    target = tmp_path / "t"
    for source, folder in (("files", target), ("files/a/", target / "a")):
        ran = scar("get", "--json", source, str(folder))
        assert set(failed(ran).values()) == {OWN}
    assert tree(target) == {"a": None, "a/.scar-get": None, "a/.scar-get/x": b"a/.scar-get/x", "a/x": b"a/x"}
    ran = scar("get", "files/.scar-get-mine", str(target))
    assert error_of(ran.stderr) == OWN
    assert scar("get", "files/.scar-get-mine/x", str(target / "mine")).status == 0
    assert scar("put", str(target), "files/again/").status == 0
    again = account.s3.list_objects_v2(Bucket="files", Prefix="again/")["Contents"]
    assert [one["Key"] for one in again] == ["again/a/.scar-get/x", "again/a/x", "again/mine"]


def test_they_can_be_got_alone(scar: Scar, account: Account, bucket: str, tmp_path: Path) -> None:
    keys = ["in/../../x", "in/./x", "in//x", "/x", "in/" + "x" * 256, "in/both"]
    put(account, {key: key.encode() for key in (*keys, "in/both/x")})
    for key in keys:
        assert scar("get", f"files/{key}", str(tmp_path / "one")).status == 0, key
        assert (tmp_path / "one").read_bytes() == key.encode()


def test_a_folders_marker_with_content_is_told(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    put(account, {"in/": b"content", "in/x": b"x"})
    ran = scar("get", "--json", "files/in/", str(tmp_path / "t"))
    assert list(failed(ran)) == ["in/"]
    assert tree(tmp_path / "t") == {"x": b"x"}


def test_links_are_not_written_through(scar: Scar, account: Account, bucket: str, tmp_path: Path) -> None:
    put(account, {"out/x": b"x", "in/x": b"x", "link": b"new", "same": b"same", "good": b""})
    outside, target = tmp_path / "outside", tmp_path / "t"
    (target / "inside").mkdir(parents=True)
    outside.mkdir()
    (outside / "old").write_bytes(b"old")
    (outside / "same").write_bytes(b"same")
    (target / "out").symlink_to(outside)
    (target / "in").symlink_to(target / "inside")
    (target / "link").symlink_to(outside / "old")
    (target / "same").symlink_to(outside / "same")
    ran = scar("get", "--json", "files", str(target))
    assert failed(ran) == {
        "link": f"'{target}/link' is a symbolic link, which is not written through",
        "out/x": f"'{target}/out' is a link that leads out of '{target}'",
    }
    assert (ran.json["got"], ran.json["already_there"]) == (2, 1)
    assert tree(outside) == {"old": b"old", "same": b"same"}
    assert (target / "inside" / "x").read_bytes() == b"x"


def test_a_target_that_is_a_link_itself_is_followed(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    put(account, {"x": b"x"})
    (tmp_path / "real").mkdir()
    (tmp_path / "t").symlink_to(tmp_path / "real")
    assert scar("get", "files", str(tmp_path / "t")).status == 0
    assert tree(tmp_path / "real") == {"x": b"x"}


def test_what_is_in_the_way_is_left_there(scar: Scar, account: Account, bucket: str, tmp_path: Path) -> None:
    put(account, {"file/x": b"x", "folder": b"", "marker/": b""})
    target = tmp_path / "t"
    (target / "folder").mkdir(parents=True)
    (target / "file").write_bytes(b"own")
    (target / "marker").write_bytes(b"own")
    ran = scar("get", "--json", "files", str(target))
    assert failed(ran) == {
        "file/x": f"'{target}/file' is a file, and would have to be a folder",
        "folder": f"'{target}/folder' is there, and is not a file",
        "marker/": f"'{target}/marker' is a file, and would have to be a folder",
    }
    assert tree(target) == {"folder": None, "file": b"own", "marker": b"own"}


def test_two_names_that_are_one_to_the_file_system(tmp_path: Path) -> None:
    """A hard link made meanwhile stands for a file system that does not tell capitals from small letters."""
    target = Target(str(tmp_path))
    with target.opened():
        with target.new("Case") as file:
            file.write(b"first")
        os.link(tmp_path / "Case", tmp_path / "case")
        with pytest.raises(Refused, match="was got already"), target.new("case"):
            pass
    assert tree(tmp_path) == {"Case": b"first", "case": b"first"}


def test_a_file_that_somebody_has_moved_meanwhile_is_no_second_name(tmp_path: Path) -> None:
    """Nor is another one that the file system has given the number of one that is gone."""
    target = Target(str(tmp_path))
    with target.opened():
        for name in ("x", "y"):
            with target.new(name) as file:
                file.write(name.encode())
            os.rename(tmp_path / name, tmp_path / "y")
    assert tree(tmp_path) == {"y": b"y"}


def test_what_a_killed_get_has_left_goes_and_what_lives_stays(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    put(account, {"x": b"x"})
    target = tmp_path / "t"
    dead, alive = target / ".scar-get-dead", target / ".scar-get-alive"
    for folder in (dead, alive):
        folder.mkdir(parents=True)
        (folder / "1").write_bytes(b"half")
    handle = os.open(alive, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert scar("get", "files", str(target)).status == 0
    os.close(handle)
    assert sorted(os.listdir(target)) == [".scar-get-alive", "x"]
    ran = scar("put", str(target), "files/again/")
    assert ".scar-get-alive: what an interrupted scar get has left" in ran.stderr
    assert account.s3.list_objects_v2(Bucket="files", Prefix="again/")["KeyCount"] == 1


def test_two_gets_into_one_folder_that_start_at_the_same_moment(
    way: Way, account: Account, bucket: str, tmp_path: Path, home: Path
) -> None:
    objects = {f"{number:02}": b"%d" % number for number in range(20)}
    put(account, objects)
    listed = threading.Barrier(2)

    def after(request: Request, answer: Answer) -> Answer:
        if "list-type" in request.path:
            listed.wait(60)
        return answer

    way.after = after
    program = [sys.executable, "-m", "scar.cli", "get", "files", str(tmp_path / "t")]
    running = [subprocess.Popen(program, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    assert tree(tmp_path / "t") == objects


def test_a_folder_that_is_not_locked_yet_is_another_commands_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is made anew then."""
    lock = fcntl.flock

    def lock_late(handle: int, operation: int) -> None:
        monkeypatch.undo()
        with Target(str(tmp_path)).opened():  # another command
            pass
        lock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    target = Target(str(tmp_path))
    with target.opened(), target.new("x") as file:
        file.write(b"x")
    assert tree(tmp_path) == {"x": b"x"}


def test_a_command_may_end_while_another_one_looks_for_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".scar-get-ending"
    folder.mkdir()
    open_ = os.open

    def open_late(path: str, *arguments: Any) -> int:
        if str(path) == str(folder):
            folder.rmdir()
        return open_(path, *arguments)

    monkeypatch.setattr(os, "open", open_late)
    with Target(str(tmp_path)).opened():
        pass
    assert tree(tmp_path) == {}


def test_nothing_to_get(scar: Scar, account: Account, bucket: str, tmp_path: Path) -> None:
    ran = scar("get", "files/outptu/", str(tmp_path / "t"))
    assert error_of(ran.stderr) == "nothing to get: no key in bucket files begins with 'outptu/'"
    assert not (tmp_path / "t").exists()


def test_a_target_that_cannot_be_written_to(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    put(account, {"x": b"x"})
    (tmp_path / "file").write_bytes(b"")
    ran = scar("get", "files/", str(tmp_path / "file"))
    assert error_of(ran.stderr) == f"cannot write to '{tmp_path}/file': File exists"


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["No", "t"], "BUCKET: not the name of a bucket: 'No'"),
        (["files", "t", "--concurrency", "257"], "--concurrency: 257 is not between 1 and 256"),
        (["files"], "missing argument 'LOCAL'"),
        (
            ["files", "/.scar-get-a/b"],
            f"LOCAL: {OWN}: '/.scar-get-a/b'",
        ),
    ],
)
def test_bad_input(scar: Scar, way: Way, argv: list[str], said: str) -> None:
    ran = scar("get", *argv)
    assert (ran.status, ran.stdout) == (2, b"")
    assert said in ran.stderr
    assert way.requests == []
