"""Puts a file into a bucket of the local cloud, and shows one: ``python -m tools.files put|get ...``.

`get` waits until the object is there.
"""

from __future__ import annotations

import os
import sys

from botocore.exceptions import WaiterError

from tools.local_aws import client

PATIENCE = {"Delay": 1, "MaxAttempts": 30}
"""Seconds between two looks for an object, and how often."""


def main() -> None:
    """The command line."""
    match sys.argv[1:]:
        case ["put", file, address]:
            address += os.path.basename(file) if address.endswith("/") else ""
            client("s3").upload_file(file, *_bucket_and_key(address))
            print(f"{file} is in {address}")
        case ["get", address]:
            bucket, key = _bucket_and_key(address)
            s3 = client("s3")
            try:
                s3.get_waiter("object_exists").wait(Bucket=bucket, Key=key, WaiterConfig=PATIENCE)
            except WaiterError as error:
                raise SystemExit(f"{address} has not come: {error}") from error
            sys.stdout.buffer.write(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        case _:
            raise SystemExit("usage: python -m tools.files put FILE s3://BUCKET/KEY | get s3://BUCKET/KEY")


def _bucket_and_key(address: str) -> tuple[str, str]:
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


if __name__ == "__main__":
    main()
