"""Files as they come and go: of any name, number and size, also if a process is killed."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, unquote

import pytest

from tests.supervisor.conftest import Environment, last, left, processed, results, s3_event

MIB = 1024 * 1024

SCRIPT = r"""
path=${SCAR_INPUT_FILE#"$SCAR_INPUT_DIR"/}
long=$(printf %0200d 0)
cd "$SCAR_OUTPUT_DIR"
case $path in
scheme*) mkdir data:x; for i in 1 2 3; do echo $i > "data:x/ü,$i.html"; done;;
many*) mkdir -p a/b; for i in $(seq 20); do echo $i > a/b/$i; done; : > empty;;
none*) ;;
types*) cp "$SCAR_INPUT_FILE" x.PNG; : > x.html; : > x.tar.gz; : > x.unknown; : > plain;;
deep*) echo x > short; for i in $(seq 22); do mkdir $long && cd $long; done;;
links*) echo x > file; perl -e '$to = "file"; for (1..1100) { symlink $to, "link-$_"; $to = "link-$_" }';;
nested*) mkdir -p $(seq -s / 1000); echo x > short;;
long*) mkdir -p $(seq -s / 350); echo x > $(seq -s / 350)/x; echo x > short;;
bytes*) : > "$(printf 'a\377')"; : > 'a\xff'; : > b;;
killed*) echo old > old; kill -9 $PPID;;
*) printf %s "$path" > path; mkdir -p copies/"$(dirname "$path")"; cp "$SCAR_INPUT_FILE" "copies/$path";;
esac
"""


@pytest.fixture(scope="module")
def digest(derived: Any) -> str:
    return str(derived("any-file", {"Cmd": ["/bin/sh", "-c", SCRIPT]}))


@pytest.fixture(scope="module")
def function(start: Any, digest: str) -> Iterator[Environment]:
    with start(digest) as environment:
        assert environment.call(pull_only=True).exit_code == 0
        yield environment


KEYS = {
    "input/a b.txt": "a b.txt",
    "input/a+b.txt": "a+b.txt",
    "input/a%2Fb.txt": "a%2Fb.txt",
    "input/a%20b": "a%20b",
    "input/../../x": "%2E%2E/%2E%2E/x",
    "input/./x": "%2E/x",
    "input/a//b": "a/b",
    "input//a": "a",
    "input/ü": "ü",
    "input/u\u0308": "u\u0308",
    "input/日本/…": "日本/…",
    "input/$(touch x)`'\"\\": "$(touch x)`'\"\\",
    "input/-rf": "-rf",
    "input/a\0b": "a%00b",
    "input/" + "ü" * 509: "ü" * 127,
    "input/" + "a/" * 508 + "bc": "a/" * 508 + "bc",
    "elsewhere/x": "elsewhere/x",
    "x": "x",
}
"""Keys, two of them of 1,024 bytes, and the paths of their files."""


@pytest.mark.parametrize("key", KEYS, ids=range(len(KEYS)))
def test_whatever_a_key_is_its_file_is_below_the_input_folder(
    function: Environment, s3: Any, bucket: str, key: str
) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=b"content of " + key.encode())
    function.answer(s3_event(bucket, quote_plus(key, safe="/")))
    found = results(s3, bucket)
    assert found.pop("path") == KEYS[key].encode()
    # The longest key of a result is that of an input, and output/ has a letter more.
    assert found == ({} if len(key) == 1024 else {f"copies/{KEYS[key]}": b"content of " + key.encode()})
    assert left(function) == []


def test_a_key_that_ends_with_a_slash_stands_for_a_folder(
    function: Environment, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/x/", Body=b"content")
    assert processed(function.answer(s3_event(bucket, "input/x/"))) == 0
    assert last(function).skipped == "it stands for a folder"


def test_names_that_are_alike_are_files_of_their_own(function: Environment, s3: Any, bucket: str) -> None:
    names = ["x/same", "y/same", "case", "CASE", "\u00fc", "u\u0308", "z/x/same"]
    for name in names:
        s3.put_object(Bucket=bucket, Key=f"input/{name}", Body=name.encode())
    event = s3_event(bucket, *(quote_plus(f"input/{name}") for name in names))
    assert processed(function.answer(event)) == len(names)
    assert results(s3, bucket, "output/copies/") == {name: name.encode() for name in names}


@pytest.mark.parametrize("size", [0, 1, 8 * MIB, 8 * MIB + 1, 20 * MIB])
def test_of_any_size_the_content_is_the_same(function: Environment, s3: Any, bucket: str, size: int) -> None:
    content = os.urandom(size)
    s3.put_object(Bucket=bucket, Key="input/x", Body=content)
    assert processed(function.answer(s3_event(bucket, "input/x"))) == 1
    assert results(s3, bucket)["copies/x"] == content


def test_there_may_be_no_result_and_many(function: Environment, s3: Any, bucket: str) -> None:
    for name, count in (("none", 0), ("many", 21)):
        s3.put_object(Bucket=bucket, Key=f"input/{name}", Body=b"")
        assert processed(function.answer(s3_event(bucket, f"input/{name}"))) == 1
        assert last(function).outputs == count
    numbers = {f"a/b/{number}": b"%d\n" % number for number in range(1, 21)}
    assert results(s3, bucket) == {**numbers, "empty": b""}


def test_of_a_bucket_that_keeps_versions_the_version_of_the_event_is_read(
    function: Environment, s3: Any, bucket: str
) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="input/x", Body=b"first")["VersionId"]
    s3.put_object(Bucket=bucket, Key="input/x", Body=b"second")
    event = s3_event(bucket, "input/x")
    event["Records"][0]["s3"]["object"]["versionId"] = first
    assert processed(function.answer(event)) == 1
    assert results(s3, bucket)["copies/x"] == b"first"


def test_content_types(function: Environment, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="input/types.png", Body=b"x", ContentType="image/x-mine; a=b")
    assert processed(function.answer(s3_event(bucket, "input/types.png"))) == 1
    found = {
        name: s3.head_object(Bucket=bucket, Key=f"output/{name}")["ContentType"]
        for name in results(s3, bucket)
    }
    untyped = "binary/octet-stream"  # S3's default
    assert found == {
        "x.PNG": "image/x-mine; a=b",
        "x.html": "text/html",
        "x.tar.gz": untyped,
        "x.unknown": untyped,
        "plain": untyped,
    }


def test_a_name_that_looks_like_a_url_is_a_name(start: Any, digest: str, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="input/scheme", Body=b"")
    with start(digest, SCAR_OUTPUT=f"{bucket}-2/") as function:
        s3.create_bucket(Bucket=f"{bucket}-2")
        assert processed(function.answer(s3_event(bucket, "input/scheme"))) == 1
    keys = [f"data:x/ü,{number}.html" for number in (1, 2, 3)]
    assert list(results(s3, f"{bucket}-2", "")) == keys
    assert s3.head_object(Bucket=f"{bucket}-2", Key=keys[0])["ContentType"] == "text/html"


def test_a_default_is_no_type_to_keep(function: Environment, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="input/x.txt", Body=b"x")
    assert processed(function.answer(s3_event(bucket, "input/x.txt"))) == 1
    assert s3.head_object(Bucket=bucket, Key="output/copies/x.txt")["ContentType"] == "text/plain"


@pytest.mark.parametrize("key", ["input/a b/ü+%?.txt", "input/" + "\u20ac" * 339, "input/" + "a" * 1018])
def test_results_say_what_made_them_of_what(function: Environment, s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    function.answer(s3_event(bucket, quote_plus(key)), request_id="request")
    metadata = s3.head_object(Bucket=bucket, Key="output/path")["Metadata"]
    assert (metadata["scar-function"], metadata["scar-request"]) == ("function", "request")
    source = metadata["scar-input"]
    if source.startswith("base64:"):
        source = base64.b64decode(source.removeprefix("base64:")).decode()
    else:
        source = unquote(source)
    assert source == f"s3://{bucket}/{key}"
    assert sum(len(name) + len(value) for name, value in metadata.items()) <= 2048


def test_its_own_results_are_no_input_and_those_of_others_are(
    function: Environment, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/x", Body=b"x")
    function.answer(s3_event(bucket, "input/x"))
    s3.copy_object(Bucket=bucket, Key="input/own", CopySource=f"{bucket}/output/copies/x")
    s3.put_object(Bucket=bucket, Key="input/other", Body=b"y", Metadata={"scar-function": "another"})
    assert processed(function.answer(s3_event(bucket, "input/own"))) == 0
    assert last(function).skipped == "it is a result of this function"
    assert processed(function.answer(s3_event(bucket, "input/other"))) == 1
    assert results(s3, bucket, "output/copies/") == {"x": b"x", "other": b"y"}


def test_a_name_that_makes_no_key_fails_the_call_and_loses_no_other(
    function: Environment, s3: Any, bucket: str
) -> None:
    for name, kept, reason in (
        ("long", {"short"}, "its key would have 1,300 bytes, and S3 allows 1,024"),
        ("bytes", {"a\\xff", "b", "short"}, "has the same key"),
    ):
        s3.put_object(Bucket=bucket, Key=f"input/{name}", Body=b"")
        answer = function.answer(s3_event(bucket, f"input/{name}"))
        assert answer["raised"] == "StagingFailed"
        assert reason in answer["message"]
        assert results(s3, bucket).keys() == kept
    assert last(function).outputs == 2


def test_a_folder_that_the_system_does_not_open_fails_the_call_and_loses_no_file_of_others(
    function: Environment, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/deep", Body=b"")
    answer = function.answer(s3_event(bucket, "input/deep"))
    assert answer["raised"] == "StagingFailed"
    assert "/ could not be written: the folder cannot be read: File name too long" in answer["message"]
    assert results(s3, bucket) == {"short": b"x\n"}
    assert left(function) == []


def test_links_through_more_links_than_the_system_follows_are_left_out(
    function: Environment, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/links", Body=b"")
    assert processed(function.answer(s3_event(bucket, "input/links"))) == 1
    found = results(s3, bucket)
    assert found.keys() == {"file", *(f"link-{number}" for number in range(1, 41))}
    assert set(found.values()) == {b"x\n"}
    assert "output/link-1100: neither a file nor a link to one in output/" in function.log()


def test_folders_may_be_nested_deeper_than_functions_of_python(
    function: Environment, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/nested", Body=b"")
    assert processed(function.answer(s3_event(bucket, "input/nested"))) == 1
    assert results(s3, bucket) == {"short": b"x\n"}


def test_results_go_to_the_place_of_the_functions(start: Any, digest: str, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="input/a/x", Body=b"x")
    s3.create_bucket(Bucket=f"{bucket}-2")
    with start(digest, SCAR_OUTPUT=f"{bucket}-2/done/") as function:
        assert processed(function.answer(s3_event(bucket, "input/a/x"))) == 1
    assert results(s3, bucket) == {}
    assert results(s3, f"{bucket}-2", "") == {"done/path": b"a/x", "done/copies/a/x": b"x"}


def test_of_a_process_that_was_killed_nothing_is_left_or_uploaded(
    start: Any, digest: str, s3: Any, bucket: str, tmp_path: Path
) -> None:
    for name in ("killed", "x"):
        s3.put_object(Bucket=bucket, Key=f"input/{name}", Body=b"x")
    with start(digest, tmp_path) as function, pytest.raises(json.JSONDecodeError):  # no answer comes
        function.answer(s3_event(bucket, "input/killed"), request_id="one")
    assert (tmp_path / "one" / "output" / "old").exists()
    with start(digest, tmp_path) as function:
        assert processed(function.answer(s3_event(bucket, "input/x"), request_id="two")) == 1
        assert left(function) == []
        with pytest.raises(json.JSONDecodeError):  # Lambda's second try, with the id of the first
            function.answer(s3_event(bucket, "input/killed"), request_id="one")
    assert results(s3, bucket).keys() == {"path", "copies/x"}


def test_a_file_that_is_processed_twice_has_one_result_each(
    function: Environment, start: Any, digest: str, s3: Any, bucket: str
) -> None:
    content = os.urandom(3 * MIB)
    s3.put_object(Bucket=bucket, Key="input/x", Body=content)
    event = s3_event(bucket, "input/x")
    with start(digest) as other, ThreadPoolExecutor(2) as pool:
        other.call(pull_only=True)
        answers = [
            answer
            for _ in range(5)
            for answer in pool.map(lambda environment: environment.answer(event), (function, other))
        ]
    assert [processed(answer) for answer in answers] == [1] * 10
    assert results(s3, bucket) == {"path": b"x", "copies/x": content}
