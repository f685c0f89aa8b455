"""A file put under input/ comes out processed under output/."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from scar.local import cloud
from tests.e2e.conftest import IMAGE, Scar

Script = Callable[[str | bytes], Path]

KEYS = (
    "plain.txt",
    "folder/deep er/nested.txt",
    "a b+c%20d&e=f?.txt",
    "ünï/コ\u0301de.txt",
    "../../../tmp/escape.txt",
    "/absolute.txt",
    "a//b.txt",
    "a%2Fb.txt",
    "u\u0308.txt",
    "CASE.txt",
    "case.txt",
    "é/" * 337 + "xyz.txt",
    "-rf",
    "x" * 200 + ".txt",
)

COPY = """#!/bin/sh
set -e
name=$(basename "$SCAR_INPUT_FILE")
mkdir "$SCAR_OUTPUT_DIR/sums"
cp "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR/$name.copy"
md5sum < "$SCAR_INPUT_FILE" > "$SCAR_OUTPUT_DIR/sums/$name.md5"
ln -s /etc/passwd "$SCAR_OUTPUT_DIR/leaves"
case $SCAR_INPUT_FILE in "$SCAR_INPUT_DIR"/*) ;; *) echo "$SCAR_INPUT_FILE is elsewhere" >&2; exit 1;; esac
case $(find "$SCAR_INPUT_DIR" -type f | wc -l) in 1) ;; *) echo 'more than one file' >&2; exit 1;; esac
"""


def waited_for(s3: Any, bucket: str, key: str) -> bytes:
    """An object's content, as soon as it is there."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def outputs(s3: Any, bucket: str) -> set[str]:
    """Keys of the results, without the folder's own marker."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="output/")
    return {item["Key"] for page in pages for item in page.get("Contents", ())} - {"output/"}


@pytest.fixture(scope="module")
def bucket(scar: Scar, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A bucket whose files a function copies and hashes."""
    script = tmp_path_factory.mktemp("script") / "copy.sh"
    script.write_text(COPY)
    assert scar("init", "-n", "copy", "-s", script, "-es", "e2e-copy", IMAGE).status == 0
    yield "e2e-copy"
    assert scar("rm", "copy").status == 0


@pytest.mark.parametrize("key", KEYS)
def test_each_file_has_its_results_whatever_it_is_called(s3: Any, bucket: str, key: str) -> None:
    content = key.encode() * 1000
    s3.put_object(Bucket=bucket, Key="input/" + key, Body=content)
    name = key.rpartition("/")[2]
    assert waited_for(s3, bucket, f"output/{name}.copy") == content
    waited_for(s3, bucket, f"output/sums/{name}.md5")
    assert not any("leaves" in key for key in outputs(s3, bucket))


def test_folder_markers_and_other_prefixes_are_left_alone(s3: Any, bucket: str) -> None:
    before = outputs(s3, bucket)
    s3.put_object(Bucket=bucket, Key="input/folder/", Body=b"")
    s3.put_object(Bucket=bucket, Key="elsewhere/x.txt", Body=b"x")
    s3.put_object(Bucket=bucket, Key="input/marker.txt", Body=b"after them")
    waited_for(s3, bucket, "output/sums/marker.txt.md5")
    assert outputs(s3, bucket) - before == {"output/marker.txt.copy", "output/sums/marker.txt.md5"}


def test_results_are_private(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="input/private.txt", Body=b"x")
    waited_for(s3, bucket, "output/private.txt.copy")
    grants = s3.get_object_acl(Bucket=bucket, Key="output/private.txt.copy")["Grants"]
    assert [grant["Grantee"]["Type"] for grant in grants] == ["CanonicalUser"]


def test_a_failing_container_uploads_what_it_left_and_is_tried_again(
    scar: Scar, s3: Any, script: Script
) -> None:
    text = 'echo "$REQUEST_ID" > "$SCAR_OUTPUT_DIR/left.txt"; echo trying; exit 7\n'
    assert scar("init", "-n", "fails", "-s", script(text), "-es", "e2e-fails", IMAGE).status == 0
    s3.put_object(Bucket="e2e-fails", Key="input/x", Body=b"x")
    request = waited_for(s3, "e2e-fails", "output/left.txt").decode().strip()
    deadline = time.monotonic() + 60
    while True:
        log = scar("log", "-ri", request, "fails").stdout
        if log.count(b"END RequestId") == 3:  # the first try and Lambda's two retries
            break
        assert time.monotonic() < deadline, log.decode()
        time.sleep(0.2)
    assert b"ContainerFailed" in log
    assert b"exit status 7" in log
    assert scar("rm", "fails").status == 0


def test_results_are_uploaded_from_a_full_disk_and_from_folders_that_were_closed(
    scar: Scar, s3: Any, script: Script, local_cloud: cloud.LocalCloud
) -> None:
    if local_cloud.sandbox == "none":
        pytest.skip("without a sandbox /tmp has no size of its own, and root may read everything")
    text = """
        mkdir "$SCAR_OUTPUT_DIR/a"; echo x > "$SCAR_OUTPUT_DIR/a/b"
        head -c 600000000 /dev/zero > "$SCAR_INPUT_DIR/big"
        chmod 0 "$SCAR_OUTPUT_DIR/a/b" "$SCAR_OUTPUT_DIR/a" "$SCAR_OUTPUT_DIR"
    """
    assert scar("init", "-n", "full", "-s", script(text), "-es", "e2e-full", IMAGE).status == 0
    s3.put_object(Bucket="e2e-full", Key="input/x", Body=b"x")
    assert waited_for(s3, "e2e-full", "output/a/b") == b"x\n"
    assert scar("rm", "full").status == 0


def test_removing_a_function_leaves_bucket_and_files(scar: Scar, s3: Any, script: Script) -> None:
    assert scar("init", "-n", "gone", "-s", script("true\n"), "-es", "e2e-gone", IMAGE).status == 0
    assert scar("rm", "gone").status == 0
    s3.put_object(Bucket="e2e-gone", Key="input/x", Body=b"x")
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket="e2e-gone")
    assert scar("rm", "gone").status == 0  # already gone is success


def test_functions_are_chained_by_the_place_of_results(scar: Scar, s3: Any, script: Script) -> None:
    double = (
        'cd "$SCAR_OUTPUT_DIR"; cat "$SCAR_INPUT_FILE" "$SCAR_INPUT_FILE" > "$(basename "$SCAR_INPUT_FILE")"'
    )
    s3.create_bucket(Bucket="e2e-second")
    first = ["-n", "first", "-es", "e2e-first", "--output", "e2e-second/input", "-s", script(double)]
    assert scar("init", "-n", "second", "-es", "e2e-second", "-s", script(double), IMAGE).status == 0
    assert scar("init", *first, IMAGE).status == 0
    s3.put_object(Bucket="e2e-first", Key="input/x.csv", Body=b"x", ContentType="text/mine")
    assert waited_for(s3, "e2e-second", "output/x.csv") == b"xxxx"
    about = s3.head_object(Bucket="e2e-second", Key="output/x.csv")
    assert about["ContentType"] == "text/mine"
    assert about["Metadata"]["scar-function"] == "second"
    assert about["Metadata"]["scar-input"] == "s3://e2e-second/input/x.csv"
    # Its own result, copied to where it is called from, is where it ends.
    copied = {"Bucket": "e2e-second", "Key": "output/x.csv"}
    s3.copy_object(Bucket="e2e-second", Key="input/again.csv", CopySource=copied)
    s3.put_object(Bucket="e2e-second", Key="input/last.csv", Body=b"y")
    assert waited_for(s3, "e2e-second", "output/last.csv") == b"yy"
    deadline = time.monotonic() + 60
    while b"it is a result of this function" not in scar("log", "second").stdout:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert outputs(s3, "e2e-second") == {"output/x.csv", "output/last.csv"}
    assert scar("rm", "first", "second").status == 0


def test_any_other_event_is_in_a_file(scar: Scar, script: Script, local_cloud: cloud.LocalCloud) -> None:
    event = {"source": "clock", "n": [1, "€"]}
    show = 'echo "seen: $(cat "$SCAR_EVENT_FILE")"; test -z "$SCAR_INPUT_FILE"'
    assert scar("init", "-n", "any-event", "-s", script(show), IMAGE).status == 0
    functions = boto3.client(
        "lambda",
        endpoint_url=local_cloud.endpoint,
        region_name=local_cloud.region,
        aws_access_key_id=local_cloud.access_key_id,
        aws_secret_access_key=local_cloud.secret_access_key,
    )
    with closing(functions):
        answer = functions.invoke(FunctionName="any-event", Payload=json.dumps(event).encode())
        assert json.loads(answer["Payload"].read())["scar"]["processed"] == 1
    seen = next(
        line for line in scar("log", "any-event").stdout.decode().splitlines() if line.startswith("seen: ")
    )
    assert json.loads(seen.removeprefix("seen: ")) == event
    assert scar("rm", "any-event").status == 0


def test_a_file_of_1_gb_goes_in_and_one_comes_out(
    scar: Scar, s3: Any, script: Script, tmp_path: Path
) -> None:
    """As zeros with something at both ends: sparse on the disk of this side, in memory on the other."""
    size = 1024**3
    with (tmp_path / "large.bin").open("wb") as file:
        file.write(b"begin")
        file.seek(size - 3)
        file.write(b"end")
    text = """
        cd "$SCAR_OUTPUT_DIR"
        stat -c %s "$SCAR_INPUT_FILE" > sum; sha256sum < "$SCAR_INPUT_FILE" >> sum
        mv "$SCAR_INPUT_FILE" large.bin
    """
    options = ["-n", "large", "-es", "e2e-large", "--storage", "2048", "-m", "512", "-s", script(text)]
    assert scar("init", *options, IMAGE).status == 0
    parts = TransferConfig(multipart_chunksize=size // 4, max_concurrency=2)
    s3.upload_file(str(tmp_path / "large.bin"), "e2e-large", "input/large.bin", Config=parts)
    with (tmp_path / "large.bin").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    expected = f"{size}\n{digest}  -\n".encode()
    deadline = time.monotonic() + 280  # the function's own time-out is 300 s
    while "output/large.bin" not in outputs(s3, "e2e-large"):
        assert time.monotonic() < deadline, scar("log", "large").stdout.decode()
        time.sleep(0.5)
    assert waited_for(s3, "e2e-large", "output/sum") == expected
    result = s3.get_object(Bucket="e2e-large", Key="output/large.bin")
    hashed = hashlib.sha256()
    for chunk in result["Body"].iter_chunks(1 << 20):
        hashed.update(chunk)
    assert (result["ContentLength"], hashed.hexdigest()) == (size, digest)
    for key in ("input/large.bin", "output/large.bin"):
        s3.delete_object(Bucket="e2e-large", Key=key)
    assert scar("rm", "large").status == 0
