"""A function's script that copies files, and waiting for what it makes of them."""

from __future__ import annotations

import time

from botocore.exceptions import ClientError

from tests.aws.emulators import Account

PATIENCE = 60.0
"""Seconds for what an emulator does by itself."""

COPY = """#!/bin/sh
set -e
echo "copying $(basename "$SCAR_INPUT_FILE")"
cp "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR/$(basename "$SCAR_INPUT_FILE").copy"
"""


def waited_for(account: Account, bucket: str, key: str) -> bytes:
    """An object's content, as soon as it is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return bytes(account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError:
            assert time.monotonic() < deadline, f"no {key} in {bucket}"
            time.sleep(0.1)
