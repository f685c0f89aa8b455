"""AWS's own client on the local cloud, for what SCAR has no command for.

``python -m tools.local_aws remove-bucket NAME`` removes a bucket, which SCAR itself never does.
"""

from __future__ import annotations

import sys
from typing import Any

import boto3

from scar.local import cloud


def client(service: str) -> Any:
    """A boto3 client of the local cloud, which has to run."""
    running = cloud.status()
    if running is None:
        raise SystemExit("the local cloud does not run: scar local start")
    return boto3.client(  # type: ignore[call-overload]  # the stubs want the name of a service as it stands
        service,
        endpoint_url=running.endpoint,
        region_name=running.region,
        aws_access_key_id=running.access_key_id,
        aws_secret_access_key=running.secret_access_key,
    )


def remove_bucket(name: str) -> None:
    """Remove a bucket with all that is in it, if it is there."""
    s3 = client("s3")
    if name not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for one in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=one["Key"])
    s3.delete_bucket(Bucket=name)


def main() -> None:
    """The command line."""
    match sys.argv[1:]:
        case ["remove-bucket", name]:
            remove_bucket(name)
        case _:
            raise SystemExit("usage: python -m tools.local_aws remove-bucket NAME")


if __name__ == "__main__":
    main()
