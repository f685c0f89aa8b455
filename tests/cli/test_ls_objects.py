"""`scar ls -b` against moto."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.faults import Way, error_of
from tests.cli.support import Account, Scar


@pytest.fixture
def bucket(account: Account) -> str:
    account.s3.create_bucket(Bucket="files")
    for key, content in {"a b": b"abc", "in/x": b"", "in/ü": b"1", "in/y\tz": b"22"}.items():
        account.s3.put_object(Bucket="files", Key=key, Body=content)
    return "files"


def test_table(scar: Scar, bucket: str) -> None:
    ran = scar("ls", "-b", "files")
    head, *rows = ran.out.splitlines()
    assert head.split() == ["KEY", "SIZE", "MODIFIED"]
    assert [re.split(r"  +", row)[:2] for row in rows] == [
        ["a b", "3"],
        ["in/x", "0"],
        [r"in/y\tz", "2"],
        ["in/ü", "1"],
    ]
    assert all(re.search(r"  20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$", row) for row in rows)


def test_a_prefix_and_json(scar: Scar, bucket: str) -> None:
    ran = scar("ls", "--json", "--bucket", "files/in/y")
    (entry,) = ran.json
    assert (entry["key"], entry["size"]) == ("in/y\tz", 2)
    assert entry.keys() == {"key", "size", "modified", "etag"}
    assert scar("ls", "--json", "-b", "files/none").json == []
    assert scar("ls", "-b", "files/none").out == ""


def test_every_page(scar: Scar, account: Account) -> None:
    account.s3.create_bucket(Bucket="many")
    keys = [f"{number:04}" for number in range(1001)]
    for key in keys:
        account.s3.put_object(Bucket="many", Key=key)
    assert [one["key"] for one in scar("ls", "--json", "-b", "many").json] == keys
    assert [row.split()[0] for row in scar("ls", "-b", "many").out.splitlines()] == ["KEY", *keys]


def test_a_bucket_that_is_not_there(scar: Scar, account: Account) -> None:
    ran = scar("ls", "--json", "-b", "none")
    assert (ran.status, ran.stdout) == (1, b"")
    assert json.loads(ran.stderr)["error"]["message"] == "there is no bucket none"


def test_bad_input(scar: Scar, way: Way) -> None:
    ran = scar("ls", "-b", "No")
    assert (ran.status, error_of(ran.stderr)) == (2, "-b/--bucket: not the name of a bucket: 'No'")
    assert way.requests == []
