"""Many files at once: each is processed, and none of them twice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.e2e.conftest import IMAGE, Scar

FILES = 60
AT_ONCE = 16
BUCKET = "e2e-load"
COPY_AND_HASH = """#!/bin/sh
set -e
result=$SCAR_OUTPUT_DIR/${SCAR_INPUT_FILE##*/}.$REQUEST_ID
cp "$SCAR_INPUT_FILE" "$result.copy"
sha256sum < "$SCAR_INPUT_FILE" > "$result.sha256"
"""
"""A file that is processed twice leaves two results: each event has a request id of its own."""


def test_each_of_many_files_has_exactly_one_result(
    scar: Scar, s3: Any, script: Callable[[str | bytes], Path]
) -> None:
    assert scar("init", "-n", "load", "-s", script(COPY_AND_HASH), "-es", BUCKET, IMAGE).status == 0
    contents = {f"{number:02}.bin": b"%d" % number * 5000 for number in range(FILES)}

    def put(name: str) -> None:
        s3.put_object(Bucket=BUCKET, Key=f"input/{name}", Body=contents[name])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(put, contents))
    _results(s3, 2 * FILES)
    contents["last.bin"] = b"what was queued before it has been begun when it is done"
    put("last.bin")
    results = _results(s3, 2 * len(contents))
    names = [key.removeprefix("output/").rsplit(".", 2) for key in results]
    assert sorted((name, kind) for name, _, kind in names) == sorted(
        (name, kind) for name in contents for kind in ("copy", "sha256")
    )
    for (name, _, kind), result in zip(names, results.values(), strict=True):
        digest = hashlib.sha256(contents[name]).hexdigest()
        assert result == (contents[name] if kind == "copy" else f"{digest}  -\n".encode()), name
    assert scar("log", "load").stdout.count(b"START RequestId: ") == len(contents)
    assert scar("rm", "load").status == 0


def _results(s3: Any, count: int) -> dict[str, bytes]:
    """All of them, as soon as there are so many."""
    deadline = time.monotonic() + 120
    while len(keys := _keys(s3)) < count:
        assert time.monotonic() < deadline, f"{len(keys)} of {count} results"
        time.sleep(0.2)
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _keys(s3: Any) -> list[str]:
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="output/")["Contents"]
    return [item["Key"] for item in found if item["Key"] != "output/"]
