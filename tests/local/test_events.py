"""Asynchronous calls and events of S3: queued, retried, sent to destinations."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_plus

import pytest

from tests.local.support import Aws, Function, eventually

RECORD = """
    import json

    def handle(event, context):
        print("event", json.dumps(event))
"""
FAIL = """
    def handle(event, context):
        print("attempt", context.aws_request_id)
        raise OSError("always")
"""


def test_an_event_is_accepted_at_once_and_run_later(aws: Aws) -> None:
    function = aws.function(RECORD)
    answer = function.send({"a": 1})
    assert (answer.status, answer.payload) == (202, None)
    assert eventually(lambda: function.logged("event")) == ['event {"a": 1}\n']
    assert function.logged("START") == [f"START RequestId: {answer.request_id} Version: $LATEST\n"]


def test_events_beyond_the_bound_wait(aws: Aws) -> None:
    function = aws.function("import time\ndef handle(event, context): time.sleep(0.2); print('done', event)")
    for number in range(8):
        function.send(number)
    done = eventually(lambda: len(found := function.logged("done")) == 8 and found)
    assert sorted(done) == [f"done {number}\n" for number in range(8)]
    assert len({event["logStreamName"] for event in function.events()}) <= 3


def test_a_failing_event_is_tried_three_times_with_one_request_id(aws: Aws) -> None:
    function = aws.function(FAIL)
    queue = _on_failure_to_queue(aws, function)
    answer = function.send({"b": 2})
    record = _receive(aws, queue)
    assert function.logged("attempt") == [f"attempt {answer.request_id}\n"] * 3
    assert record["requestContext"] == {
        "requestId": answer.request_id,
        "functionArn": f"{function.arn}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == {"b": 2}
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "always"


def test_the_function_decides_how_often_its_events_are_retried(aws: Aws) -> None:
    function = aws.function(FAIL)
    queue = _on_failure_to_queue(aws, function, MaximumRetryAttempts=0)
    function.send(None)
    assert _receive(aws, queue)["requestContext"]["approximateInvokeCount"] == 1
    assert len(function.logged("attempt")) == 1


def test_a_failure_can_be_recorded_in_a_bucket(aws: Aws) -> None:
    function = aws.function(FAIL)
    bucket = _bucket(aws, function)
    aws.functions.put_function_event_invoke_config(
        FunctionName=function.name,
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}},
    )
    answer = function.send(None)
    objects = eventually(lambda: aws.s3.list_objects_v2(Bucket=bucket).get("Contents"))
    assert [found["Key"].startswith(f"aws/lambda/async/{function.name}/") for found in objects] == [True]
    record = json.load(aws.s3.get_object(Bucket=bucket, Key=objects[0]["Key"])["Body"])
    assert record["requestContext"]["requestId"] == answer.request_id


def test_a_function_that_is_deleted_gets_no_further_attempts(aws: Aws) -> None:
    function = aws.function(
        "import time\ndef handle(event, context): print('attempt'); time.sleep(0.5); 1 / 0"
    )
    function.send(None)
    eventually(lambda: function.logged("attempt"))
    aws.functions.delete_function(FunctionName=function.name)
    eventually(lambda: function.logged("REPORT"))
    other = aws.function(FAIL)  # its three attempts take longer than the deleted function's second would
    other.send(None)
    eventually(lambda: len(other.logged("REPORT")) == 3)
    assert len(function.logged("attempt")) == 1


@pytest.mark.parametrize("key", ["input/a b+c%2F€.txt", "input/deep/er/file"])
def test_an_object_put_becomes_an_event_with_the_key_as_aws_encodes_it(aws: Aws, key: str) -> None:
    function = aws.function(RECORD)
    bucket = _notifying_bucket(aws, function)
    aws.s3.put_object(Bucket=bucket, Key="elsewhere/file", Body=b"x")
    aws.s3.put_object(Bucket=bucket, Key=key, Body=b"xyz")
    (message,) = eventually(lambda: function.logged("event"))
    (record,) = json.loads(message.removeprefix("event "))["Records"]
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["bucket"]["name"] == bucket
    assert record["s3"]["object"]["size"] == 3
    assert record["s3"]["object"]["key"].count("/") == key.count("/")
    assert unquote_plus(record["s3"]["object"]["key"]) == key


def test_a_multipart_upload_is_one_event(aws: Aws) -> None:
    function = aws.function(RECORD)
    bucket = _notifying_bucket(aws, function)
    names: dict[str, Any] = {"Bucket": bucket, "Key": "input/big"}
    upload = aws.s3.create_multipart_upload(**names)["UploadId"]
    part = aws.s3.upload_part(**names, UploadId=upload, PartNumber=1, Body=b"part")
    aws.s3.complete_multipart_upload(
        **names, UploadId=upload, MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    )
    aws.s3.put_object(Bucket=bucket, Key="input/last", Body=b"")
    messages = eventually(lambda: len(found := function.logged("event")) >= 2 and found)
    names_of_events = [json.loads(message[6:])["Records"][0]["eventName"] for message in messages]
    assert sorted(names_of_events) == ["ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Put"]


def _bucket(aws: Aws, function: Function) -> str:
    bucket = f"bucket-{function.name}"
    aws.s3.create_bucket(Bucket=bucket)
    return bucket


def _notifying_bucket(aws: Aws, function: Function) -> str:
    bucket = _bucket(aws, function)
    aws.s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {
                    "LambdaFunctionArn": function.arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "input/"}]}},
                }
            ]
        },
    )
    return bucket


def _on_failure_to_queue(aws: Aws, function: Function, **config: Any) -> str:
    queue = aws.sqs.create_queue(QueueName=function.name)["QueueUrl"]
    arn = f"arn:aws:sqs:{aws.cloud.region}:{aws.cloud.account_id}:{function.name}"
    aws.functions.put_function_event_invoke_config(
        FunctionName=function.name, DestinationConfig={"OnFailure": {"Destination": arn}}, **config
    )
    return queue


def _receive(aws: Aws, queue: str) -> dict[str, dict[str, object]]:
    messages = eventually(lambda: aws.sqs.receive_message(QueueUrl=queue).get("Messages"))
    body: dict[str, dict[str, object]] = json.loads(messages[0]["Body"])
    return body
