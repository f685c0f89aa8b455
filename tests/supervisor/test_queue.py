"""Messages of SQS: none that failed is lost, and none that was processed is processed again."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.supervisor.conftest import Environment, processed, s3_event

REGION = "us-east-1"


@pytest.fixture(scope="module")
def sqs(s3_endpoint: str) -> Iterator[Any]:
    client = boto3.client(
        "sqs",
        endpoint_url=s3_endpoint,
        region_name=REGION,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="secret",
    )
    yield client
    client.close()


@pytest.fixture(scope="module")
def function(start: Any, derived: Any) -> Iterator[Environment]:
    script = 'cat "$SCAR_EVENT_FILE"; echo; ! grep -q fail "$SCAR_EVENT_FILE"'
    with start(derived("queue", {"Cmd": ["/bin/sh", "-c", script]})) as environment:
        assert environment.call(pull_only=True).exit_code == 0
        yield environment


class Batch:
    """Messages of a queue as Lambda hands them on: received, and not deleted."""

    def __init__(self, sqs: Any, name: str, *bodies: str) -> None:
        fifo = name.endswith(".fifo")
        self._sqs = sqs
        self._url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"} if fifo else {})[
            "QueueUrl"
        ]
        for number, body in enumerate(bodies):
            order = {"MessageGroupId": "g", "MessageDeduplicationId": str(number)} if fifo else {}
            sqs.send_message(QueueUrl=self._url, MessageBody=body, **order)
        received: list[Any] = []
        while len(received) < len(bodies):
            received += sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)["Messages"]
        received.sort(key=lambda message: bodies.index(message["Body"]))
        self.event = {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{name}",
                }
                for message in received
            ]
        }

    def left(self) -> int:
        """How many messages would come back."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)["Attributes"]
        return sum(int(counts[name]) for name in names)


@pytest.fixture
def batch(sqs: Any) -> Callable[..., Batch]:
    return lambda *bodies, kind="": Batch(sqs, f"q-{uuid.uuid4()}{kind}", *bodies)


def test_each_message_is_a_run_of_its_own(function: Environment, batch: Any) -> None:
    messages = batch("one", "two €")
    before = len(function.log())
    assert processed(function.answer(messages.event)) == 2
    shown = [json.loads(line) for line in function.log()[before:].splitlines() if line.startswith("{")]
    assert shown == [{"Records": [record]} for record in messages.event["Records"]]
    assert messages.left() == 2  # they are Lambda's to delete


def test_of_a_batch_the_processed_messages_are_deleted_and_the_failure_is_raised(
    function: Environment, batch: Any
) -> None:
    messages = batch(*(f"{number} fine" for number in range(12)), "fail", "fail again")
    answer = function.answer(messages.event)
    assert (answer["raised"], messages.left()) == ("ContainerFailed", 2)


def test_a_batch_that_failed_as_a_whole_stays(function: Environment, batch: Any) -> None:
    messages = batch("fail", "fail too")
    assert (function.answer(messages.event)["raised"], messages.left()) == ("ContainerFailed", 2)


def test_of_a_fifo_queue_nothing_overtakes_what_failed(function: Environment, batch: Any) -> None:
    messages = batch("1 fine", "2 fail", "3 fine", kind=".fifo")
    before = len(function.log())
    assert (function.answer(messages.event)["raised"], messages.left()) == ("ContainerFailed", 2)
    assert "3 fine" not in function.log()[before:]


def test_what_cannot_be_deleted_is_told_and_the_failure_raised(function: Environment, batch: Any) -> None:
    messages = batch("fine", "fail")
    for number, arn in enumerate(("nonsense", f"arn:aws:sqs:{REGION}:123456789012:gone")):
        event = json.loads(json.dumps(messages.event))
        for record in event["Records"]:
            record["eventSourceARN"] = arn
        assert function.answer(event)["raised"] == "ContainerFailed"
        assert function.log().count("messages that were processed stay in the queue") == number + 1
    assert messages.left() == 2


def test_objects_in_messages_are_staged_each_in_its_message(
    function: Environment, batch: Any, s3: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="input/there", Body=b"x")
    there, gone = (json.dumps(s3_event(bucket, f"input/{name}")) for name in ("there", "gone"))
    messages = batch(gone, "fine", there)
    assert (function.answer(messages.event)["raised"], messages.left()) == ("StagingFailed", 1)
