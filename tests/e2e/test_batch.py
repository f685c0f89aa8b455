"""`scar run -es` in the local cloud: a real image processes each file of a bucket, with Lambda's retries."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Scar
from tests.e2e.test_files import KEYS, outputs

SCRIPT = """#!/bin/sh
set -e
case $SCAR_INPUT_FILE in *broken*) echo "cannot do this one"; exit 3;; esac
echo "$GREETING" | cat - "$SCAR_INPUT_FILE" | md5sum > "$SCAR_OUTPUT_DIR/$REQUEST_ID"
cp "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR/$(md5sum < "$SCAR_INPUT_FILE" | cut -c 1-32)"
"""


@pytest.fixture
def heap(s3: Any) -> str:
    """A bucket with a file for each of KEYS, and markers of folders, which calls no function."""
    bucket = f"e2e-{uuid.uuid4()}"
    s3.create_bucket(Bucket=bucket)
    for key in ("input/", "input/folder/", "elsewhere/x", *(f"input/{key}" for key in KEYS)):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def test_each_file_has_one_result_whatever_it_is_called(
    scar: Scar, s3: Any, cow: str, heap: str, script: Callable[[str], Path]
) -> None:
    ran = scar("run", "-v", "-es", heap, "-s", script(SCRIPT), "-e", "GREETING=moo", cow)
    assert ran.status == 0, ran.stderr
    assert (ran.json["files"], ran.json["done"]) == (len(KEYS), len(KEYS))
    assert {entry["key"] for entry in ran.json["list"]} == {f"input/{key}" for key in KEYS}
    calls = {f"output/{entry['request_id']}" for entry in ran.json["list"]}
    assert calls < outputs(s3, heap)
    assert len(outputs(s3, heap)) == 2 * len(KEYS)  # what each call left, and each file's copy
    assert ran.json["calls"]["ended"] == len(KEYS)
    assert ran.json["calls"]["cost_usd"] > 0


def test_a_file_that_cannot_be_processed_is_tried_again_and_listed(
    scar: Scar, s3: Any, cow: str, heap: str, script: Callable[[str], Path]
) -> None:
    s3.put_object(Bucket=heap, Key="input/z broken", Body=b"x")
    ran = scar("run", "-es", heap, "--match", "*.txt", "-s", script(SCRIPT), cow)
    assert ran.status == 0, ran.stderr
    ran = scar("run", "--json", "-es", heap, "--prefix", "z", "-s", script(SCRIPT), cow)
    assert (ran.status, ran.json["failed"]) == (1, 1)
    assert "cannot do this one\n" in ran.stderr  # it was the first one, and nobody retries that
    s3.put_object(Bucket=heap, Key="input/y", Body=b"x")
    ran = scar("run", "--json", "-es", heap, "--match", "[yz]*", "-s", script(SCRIPT), cow)
    (failure,) = ran.json["failures"]
    assert (failure["key"], failure["status"]) == ("input/z broken", "failed")
    assert "exit status 3" in failure["reason"]
    assert ran.json["calls"]["ended"] == 1 + 3
    log = scar("log", "-ri", failure["request_id"], cow).stdout
    assert log.count(b"cannot do this one") == 3
