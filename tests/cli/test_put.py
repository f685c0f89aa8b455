"""`scar put` against moto: which files go where, what is refused, what is sent again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.faults import Answer, Request, Way, error_of
from tests.cli.support import Account, Scar

LARGE = 8 * 1024 * 1024 + 1
"""Bytes: this goes in two parts."""


@pytest.fixture
def bucket(account: Account) -> str:
    account.s3.create_bucket(Bucket="files")
    return "files"


def keys(account: Account, bucket: str = "files") -> list[str]:
    return [one["Key"] for one in account.s3.list_objects_v2(Bucket=bucket).get("Contents", ())]


def content(account: Account, key: str) -> bytes:
    return bytes(account.s3.get_object(Bucket="files", Key=key)["Body"].read())


def test_a_file_goes_under_its_name_and_the_prefix_is_a_folder(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    file = tmp_path / "a b.png"
    file.write_bytes(b"abc")
    for target in ("files", "files/input", "s3://files/input/", "files/x//"):
        ran = scar("put", str(file), target)
        assert ran.status == 0, ran.stderr
    assert keys(account) == ["a b.png", "input/a b.png", "x//a b.png"]
    assert content(account, "input/a b.png") == b"abc"
    assert account.s3.head_object(Bucket="files", Key="input/a b.png")["ContentType"] == "image/png"


def test_what_is_in_a_folder_goes_under_the_prefix(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "deep" / "er" / "x").write_bytes(b"x")
    (folder / "y").write_bytes(b"y")
    other = tmp_path / "z"
    other.write_bytes(b"")
    ran = scar("put", str(folder), str(other), "files/input/")
    assert (ran.status, ran.out) == (0, "Sent: 4 of 4 files (2 bytes)\n")
    assert keys(account) == ["input/deep/er/x", "input/empty/", "input/y", "input/z"]
    assert "scar get files/output/ results" in ran.stderr


def test_it_says_the_next_command_for_the_same_cloud(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    (tmp_path / "y").write_bytes(b"y")
    assert "scar ls -b files/elsewhere" in scar("put", str(tmp_path / "y"), "files/elsewhere").stderr


def test_only_what_differs_is_sent_again(scar: Scar, account: Account, bucket: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "empty").mkdir(parents=True)
    (folder / "large").write_bytes(bytes(LARGE))
    (folder / "same").write_bytes(b"same")
    (folder / "changed").write_bytes(b"before")
    assert scar("put", str(folder), "files").status == 0
    (folder / "changed").write_bytes(b"after!")  # as many bytes
    os.utime(folder / "changed", (0, 0))
    os.utime(folder / "same")
    ran = scar("put", "--json", str(folder), "files")
    assert ran.stderr == ""
    assert ran.json == {
        "files": 4,
        "sent": 1,
        "already_there": 3,
        "bytes": 6,
        "failures": [],
        "left_out": [],
        "stopped": None,
    }
    assert content(account, "changed") == b"after!"


def test_of_a_bucket_nothing_is_listed_that_comes_before_the_files(
    scar: Scar, account: Account, bucket: str, way: Way, tmp_path: Path
) -> None:
    """With keys that have no common beginning."""
    for key in ("before", "m", "n/between", "z"):
        account.s3.put_object(Bucket="files", Key=key, Body=key.encode())
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("m", "p", "z"):
        (folder / name).write_bytes(name.encode())
    listed: list[bytes] = []

    def after(request: Request, answer: Answer) -> Answer:
        if "list-type" in request.path:
            listed.append(answer.body)
        return answer

    way.after = after
    ran = scar("put", "--json", str(folder), "files")
    assert (ran.json["sent"], ran.json["already_there"]) == (1, 2)
    assert b"between" in b"".join(listed)
    assert b"before" not in b"".join(listed)


def test_links_to_files_are_followed_and_others_left_out(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_bytes(b"content")
    (folder / "link").symlink_to(outside)
    (folder / "gone").symlink_to(tmp_path / "nothing")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "sub" / "up").symlink_to(folder)
    os.mkfifo(folder / "fifo")
    ran = scar("put", str(folder), "files")
    assert ran.status == 0
    assert keys(account) == ["link"]
    assert content(account, "link") == b"content"
    for name, reason in (
        ("gone", "a link that leads nowhere: No such file or directory"),
        ("loop", "a link that leads nowhere: Too many levels of symbolic links"),
        ("sub/up", "a link to a folder"),
        ("fifo", "not a file"),
    ):
        assert f"scar: warning: left out {folder}/{name}: {reason}\n" in ran.stderr


def test_names_that_no_key_can_have_are_refused_before_anything_is_sent(
    scar: Scar, account: Account, bucket: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "good").write_bytes(b"")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9")).write_bytes(b"")
    (folder / ("x" * 250)).write_bytes(b"")
    ran = scar("put", str(folder), "files/" + "p/" * 400)
    assert ran.status == 2
    assert f"the name of '{folder}/caf\\udce9' is not UTF-8" in ran.stderr
    assert "would have 1,050 bytes" in ran.stderr
    assert keys(account) == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["nothing", "files"], "LOCAL: 'nothing': No such file or directory"),
        (["/dev/null", "files"], "LOCAL: '/dev/null' is neither a file nor a folder"),
        ([__file__, "No"], "BUCKET: not the name of a bucket: 'No'"),
        ([__file__, "files/" + "x" * 1025], "BUCKET: a key has at most 1,024 bytes, these are 1,025"),
        ([__file__, "files/\udce9"], "BUCKET: not a text in UTF-8"),
        ([__file__, __file__.replace("/test_put", "/./test_put"), "files"], "would both be 'test_put.py'"),
        ([__file__, "files", "--concurrency", "0"], "--concurrency: 0 is not between 1 and 256"),
        ([__file__, "files", "--bucket-owner", "ann"], "--bucket-owner: not the id of an AWS account: 'ann'"),
        (["files"], "missing argument"),
    ],
)
def test_bad_input(scar: Scar, way: Way, argv: list[str], said: str) -> None:
    ran = scar("put", *argv)
    assert (ran.status, ran.stdout) == (2, b"")
    assert said in ran.stderr
    assert way.requests == []


def test_a_bucket_that_is_not_there(scar: Scar, account: Account) -> None:
    ran = scar("put", __file__, "none")
    assert (ran.status, error_of(ran.stderr)) == (1, "there is no bucket none")


def test_nothing_goes_to_a_strangers_bucket(scar: Scar, account: Account, bucket: str, way: Way) -> None:
    """S3 compares the owner, of every request: the bucket may be another's a moment later. moto does not."""

    def before(request: Request) -> Answer | None:
        owner = request.headers.get("x-amz-expected-bucket-owner")
        return Answer(403) if owner not in (None, "111122223333") else None

    way.before = before
    ran = scar("put", __file__, "files")
    assert ran.status == 1
    assert "bucket files belongs to somebody else" in error_of(ran.stderr)
    assert keys(account) == []
    assert scar("put", "--bucket-owner", "111122223333", __file__, "files").status == 0
    assert [one.headers["x-amz-expected-bucket-owner"] for one in way.named("PUT", "test_put.py")] == [
        "111122223333"
    ]


def test_an_unreadable_folder_is_told_and_the_others_go_on(
    scar: Scar, account: Account, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "good").write_bytes(b"")
    name = "x" * 255
    deep = folder / "sub"
    monkeypatch.chdir(deep)
    for _ in range(20):  # deeper than a path can be long: nobody, root neither, can read it by its path
        os.mkdir(name)
        os.chdir(name)
    ran = scar("put", str(folder), "files")
    assert ran.status == 1
    assert "cannot be read: File name too long" in ran.stderr
    assert keys(account) == ["good"]
