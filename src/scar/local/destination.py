"""Records of asynchronous invocations, sent where the function's EventInvokeConfig says.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from scar.local.environment import Outcome
from scar.local.function import FunctionSpec
from scar.local.runtime_api import Invocation

Send = Callable[[str, str, bytes], None]
"""Takes the destination's ARN, the object key that the record has if it is a bucket, and the record."""


class Attempted(NamedTuple):
    """An event that needs no further attempt."""

    spec: FunctionSpec
    invocation: Invocation
    attempts: int
    outcome: Outcome


def report(done: Attempted, config: dict[str, Any], send: Send) -> None:
    """Send the record of a success or of a failure, if a destination is configured for it."""
    failed = bool(done.outcome.function_error)
    destinations = config.get("DestinationConfig") or {}
    arn = (destinations.get("OnFailure" if failed else "OnSuccess") or {}).get("Destination")
    if arn:
        now = datetime.now(UTC)
        key = f"aws/lambda/async/{done.spec.name}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
        send(arn, key, json.dumps(_record(done, now)).encode())


def _record(done: Attempted, now: datetime) -> dict[str, Any]:
    failed = bool(done.outcome.function_error)
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": done.spec.version}
    if failed:
        response["functionError"] = done.outcome.function_error
    return {
        "version": "1.0",
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": done.invocation.request_id,
            "functionArn": f"{done.spec.arn}:{done.spec.version}".replace(":$LATEST:$LATEST", ":$LATEST"),
            "condition": "RetriesExhausted" if failed else "Success",
            "approximateInvokeCount": done.attempts,
        },
        "requestPayload": json.loads(done.invocation.payload),
        "responseContext": response,
        "responsePayload": json.loads(done.outcome.payload),
    }
