"""A file put under input/ comes out processed under output/."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
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
