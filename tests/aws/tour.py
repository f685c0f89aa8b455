"""Every command once, and what happens when a permission is missing: so that each of SCAR's calls is made."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.aws import private
from tests.aws.conftest import IMAGE, Argument, Cloud
from tests.aws.proxy import Noted
from tests.saved import save

BUCKET = "tour"
LARGE = 9 * 1024 * 1024
"""Bytes: from 8 MB on, boto3's transfers go in parts."""
NOT_LAMBDAS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
RECORD = {
    "timestamp": "2026-11-21T10:00:00.000Z",
    "requestContext": {
        "requestId": "1",
        "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:tour:$LATEST",
        "approximateInvokeCount": 3,
    },
    "requestPayload": {"Records": []},
}
SCRIPT = """#!/bin/sh
cp "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR/large"
cp /etc/hostname "$SCAR_OUTPUT_DIR/small"
"""


def take(cloud: Cloud, home: Path) -> list[Noted]:
    """All that the emulator was asked on the tour, which leaves nothing but a bucket and a queue."""
    home.mkdir()
    cloud = cloud._replace(environment=cloud.environment | {"SCAR_HOME": str(home)})
    before = len(cloud.account.proxy.noted)
    script = home / "script.sh"
    script.write_text(SCRIPT)
    _make_role(cloud)
    queue = cloud.account.client("sqs").create_queue(QueueName=BUCKET)["QueueUrl"].rpartition("/")[2]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{queue}"
    init = ("init", "-n", "tour", "-s", script, "-es", BUCKET, "--on-failure", arn, "-p", IMAGE)
    with _denied(cloud, "PutBucketNotificationConfiguration"):
        assert cloud.scar(*init).status == 1
    s3 = cloud.account.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="input/")
    cloud.succeed(*init)
    cloud.succeed("run", "tour", "/bin/true")
    cloud.succeed("run", "--async", "tour", "/bin/true")
    _process(cloud)
    cloud.succeed("run", "-es", BUCKET, "tour")
    _move(cloud, home)
    _pull(cloud, home)
    _retry(cloud, queue)
    cloud.succeed("log", "tour")
    cloud.succeed("update", "-m", "512", "-s", "", "tour")
    cloud.succeed("ls")
    cloud.scar("doctor")  # what it finds is not the matter here
    cloud.succeed("rm", "tour")
    return cloud.account.proxy.noted[before:]


def _make_role(cloud: Cloud) -> None:
    create = ("role", "create", "-es", BUCKET, "tour")
    with _denied(cloud, "PutRolePolicy"):
        assert cloud.scar(*create).status == 1
    cloud.succeed(*create)
    iam = cloud.account.client("iam")
    iam.update_assume_role_policy(RoleName="tour", PolicyDocument=json.dumps(NOT_LAMBDAS))
    cloud.succeed(*create)


def _process(cloud: Cloud) -> None:
    """Have the function called by its bucket, and wait for both results."""
    s3 = cloud.account.client("s3")
    s3.put_object(Bucket=BUCKET, Key="input/file", Body=bytes(LARGE))
    deadline = time.monotonic() + 60
    found: set[str] = set()
    while not {"output/large", "output/small"} <= found:
        assert time.monotonic() < deadline, found
        found = {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
        time.sleep(0.1)


def _move(cloud: Cloud, home: Path) -> None:
    """Files there and back."""
    file = home / "large"
    file.write_bytes(bytes(LARGE))
    put = ("put", file, home / "script.sh", f"{BUCKET}/moved/")
    with _denied(cloud, "UploadPart"):
        assert cloud.scar(*put).status == 1
    cloud.succeed(*put)
    cloud.succeed("get", f"{BUCKET}/moved/", home / "moved")
    cloud.succeed("ls", "-b", BUCKET)


def _pull(cloud: Cloud, home: Path) -> None:
    """Images that are not public: out of a bucket, and of a registry whose credentials a secret holds."""
    file = save(cloud.environment["SCAR_REGISTRY_MIRROR"], IMAGE, "docker-archive", home / "image.tar")
    _run_once(cloud, "--package-bucket", BUCKET, "--image-file", file)
    with private.logged_in(cloud, home / "docker") as member:
        for service in private.READING:
            with private.secret(member, service) as arn:
                _run_once(member, "--registry-secret", arn, IMAGE)


def _run_once(cloud: Cloud, *init: Argument) -> None:
    cloud.succeed("init", "-n", "pulls", *init)
    cloud.succeed("run", "pulls", "/bin/true")
    cloud.succeed("rm", "pulls")


def _retry(cloud: Cloud, queue: str) -> None:
    """An event out of a queue that others use, too."""
    sqs = cloud.account.client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="not a record")
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(RECORD))
    cloud.succeed("retry", "tour")


@contextmanager
def _denied(cloud: Cloud, operation: str) -> Iterator[None]:
    cloud.account.proxy.denied = operation
    try:
        yield
    finally:
        cloud.account.proxy.denied = ""
