"""What MiniStack lacks and SCAR relies on.

A managed runtime, patterns of several terms, ids of log events, ids and times in records of failed events.

MiniStack runs ``python3.*`` in worker processes with a protocol of their own on standard output, where
a function of SCAR's writes its log: that would be lost, or taken for an answer. ``provided.al2023`` is there
what it is on AWS: an executable ``bootstrap`` in the package, which asks the Runtime API for events. So
functions get that runtime and a bootstrap. Nothing else is changed of what SCAR sends.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import sysconfig
import zipfile
from collections import Counter
from typing import Any

from tests.aws.wire import ApiCall

RUNTIME = "provided.al2023"

# -S leaves out .pth files, and with them the checkout: a function has its package and Lambda's packages.
# MiniStack's functions share the machine's /tmp, so each environment gets a folder of its own instead.
_BOOTSTRAP = f"""#!/bin/sh
TMPDIR=$(mktemp -d)
export TMPDIR AWS_LAMBDA_LOG_GROUP_NAME="/aws/lambda/$AWS_LAMBDA_FUNCTION_NAME"
export PYTHONPATH="{sysconfig.get_path("purelib")}"
exec "{sys.executable}" -S -m awslambdaric "$_HANDLER"
"""


def on_the_way(s3: Any, call: ApiCall, body: bytes) -> bytes:
    """The body of a request on its way to MiniStack; ``s3``: boto3's client, for packages in a bucket."""
    return _without_choice(call, _with_runtime(s3, call, body))


def _with_runtime(s3: Any, call: ApiCall, body: bytes) -> bytes:
    if call.operation not in ("CreateFunction", "UpdateFunctionCode"):
        return body
    document: dict[str, Any] = json.loads(body)
    code = document.get("Code", document)
    if "S3Key" in code:
        place = {"Bucket": code["S3Bucket"], "Key": code["S3Key"]}
        s3.put_object(**place, Body=_with_bootstrap(s3.get_object(**place)["Body"].read()))
    else:
        code["ZipFile"] = base64.b64encode(_with_bootstrap(base64.b64decode(code["ZipFile"]))).decode()
    if "Runtime" in document:
        document["Runtime"] = RUNTIME
    return json.dumps(document).encode()


def _without_choice(call: ApiCall, body: bytes) -> bytes:
    """``?"a" ?"b"`` is events with a or b. MiniStack finds none then, so it is asked for all."""
    document: dict[str, Any] = json.loads(body) if call.operation == "FilterLogEvents" else {}
    if not document.get("filterPattern", "").startswith("?"):
        return body
    del document["filterPattern"]
    return json.dumps(document).encode()


def on_the_way_back(call: ApiCall, body: bytes) -> bytes:
    """The body of an answer on its way back."""
    if call.operation == "FilterLogEvents":
        return _with_event_ids(body)
    if call.operation == "ReceiveMessage":
        return _with_request_ids(body)
    return body


def _with_event_ids(body: bytes) -> bytes:
    """An event has the same id in each answer."""
    document: dict[str, Any] = json.loads(body)
    seen: Counter[str] = Counter()
    for event in document.get("events", ()):
        origin = f"{event['logStreamName']}/{event['timestamp']}"
        seen[origin] += 1
        event["eventId"] = f"{origin}/{seen[origin]}"
    return json.dumps(document).encode()


def _with_request_ids(body: bytes) -> bytes:
    """Lambda's records say which request failed, and when it was given up."""
    document: dict[str, Any] = json.loads(body)
    for message in document.get("Messages", ()):
        try:
            record = json.loads(message["Body"])
            record["requestContext"].setdefault("requestId", message["MessageId"])
            record.setdefault("timestamp", "2026-11-21T10:00:00.000Z")
        except (ValueError, KeyError, TypeError):  # no record
            continue
        message["Body"] = json.dumps(record)
    return json.dumps(document).encode()


def _with_bootstrap(package: bytes) -> bytes:
    buffer = io.BytesIO(package)
    with zipfile.ZipFile(buffer, "a") as target:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        target.writestr(entry, _BOOTSTRAP)
    return buffer.getvalue()
