"""AWS's own client on the local cloud, for what SCAR has no command for."""

from __future__ import annotations

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
