"""An event that fails for good is kept, and succeeds when it is sent again to the mended function."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from scar.local.cloud import LocalCloud
from tests.e2e.conftest import IMAGE, Scar
from tests.e2e.test_files import Script, waited_for

NAME = "mended"
FAILING = "echo not yet >&2; exit 7\n"
MENDED = 'cp "$SCAR_INPUT_FILE" "$SCAR_OUTPUT_DIR/"\n'
KEY = "input/a b+ü.txt"


@pytest.fixture
def kept(
    local_cloud: LocalCloud, s3: Any, request: pytest.FixtureRequest
) -> Iterator[tuple[str, Callable[[], int]]]:
    """A failure destination, and how many records it holds."""
    if request.param == "bucket":
        s3.create_bucket(Bucket="kept-failures")
        yield "s3://kept-failures", lambda: s3.list_objects_v2(Bucket="kept-failures")["KeyCount"]
        return
    sqs: Any = boto3.client(
        "sqs",
        endpoint_url=local_cloud.endpoint,
        region_name=local_cloud.region,
        aws_access_key_id=local_cloud.access_key_id,
        aws_secret_access_key=local_cloud.secret_access_key,
    )
    url = sqs.create_queue(QueueName="kept-failures")["QueueUrl"]

    def attribute(name: str) -> str:
        return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    yield attribute("QueueArn"), lambda: int(attribute("ApproximateNumberOfMessages"))
    sqs.delete_queue(QueueUrl=url)
    sqs.close()


def wait_for(records: Callable[[], int]) -> None:
    """Until there is one."""
    deadline = time.monotonic() + 60
    while not records():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("kept", ["bucket", "queue"], indirect=True)
def test_sent_again(scar: Scar, s3: Any, script: Script, kept: tuple[str, Callable[[], int]]) -> None:
    destination, records = kept
    bucket = f"retried-{destination.partition(':')[0]}"
    init = ("-n", NAME, "-s", script(FAILING), "-es", bucket, "--on-failure", destination, IMAGE)
    assert scar("init", *init).status == 0
    try:
        s3.put_object(Bucket=bucket, Key=KEY, Body=b"content")
        wait_for(records)
        (event,) = scar("retry", "--dry-run", "--json", NAME).json["events"]
        assert event["files"] == [f"{bucket}/{KEY}"]
        assert event["tries"] == 3
        assert "exit status 7" in event["reason"]
        assert records() == 1
        assert scar("update", "-s", script(MENDED), NAME).status == 0
        ran = scar("retry", NAME)
        assert (ran.status, ran.stdout.splitlines()[-1]) == (0, b"Sent again: 1 of 1 events"), ran.stderr
        assert waited_for(s3, bucket, f"output/{KEY.removeprefix('input/')}") == b"content"
        assert records() == 0
    finally:
        scar("rm", NAME)


@pytest.mark.parametrize("kept", ["queue"], indirect=True)
def test_a_call_of_run_is_sent_again(
    scar: Scar, s3: Any, script: Script, kept: tuple[str, Callable[[], int]]
) -> None:
    """With the arguments that it was made with. The first file's call is waited for, and leaves no record."""
    destination, records = kept
    s3.create_bucket(Bucket="called")
    for key in ("input/0", KEY):
        s3.put_object(Bucket="called", Key=key, Body=b"content")
    init = ("-n", NAME, "-s", script(FAILING), "-es", "called", "--on-failure", destination, IMAGE)
    assert scar("init", *init).status == 0
    try:
        assert scar("run", "-es", "called", "-e", "GREETING=moo", NAME).status == 1
        wait_for(records)
        (event,) = scar("retry", "--dry-run", "--json", NAME).json["events"]
        assert event["files"] == [f"called/{KEY}"]
        assert scar("update", "-s", script('echo "$GREETING" > "$SCAR_OUTPUT_DIR/said"\n'), NAME).status == 0
        ran = scar("retry", NAME)
        assert (ran.status, ran.stdout.splitlines()[-1]) == (0, b"Sent again: 1 of 1 events"), ran.stderr
        assert waited_for(s3, "called", "output/said") == b"moo\n"
        assert records() == 0
    finally:
        scar("rm", NAME)
