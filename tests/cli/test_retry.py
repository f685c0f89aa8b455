"""`scar retry`: records in buckets and queues, against an AWS that the test prepares."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from scar import limits
from scar.ops import patience
from scar.ops.retry.record import Record
from scar_supervisor import contract
from scar_supervisor.contract import Call
from tests.cli import aws_server
from tests.cli.aws_server import Reply, Request
from tests.cli.faults import error_of
from tests.cli.support import Scar

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:cow"
BUCKET = "arn:aws:s3:::failed"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:failed"
TOPIC = "arn:aws:sns:us-east-1:123456789012:failed"
PREFIX = "aws/lambda/async/cow/"


def of_s3(key: Any) -> dict[str, Any]:
    """A record of S3's about an object, whose key is as S3 encodes it."""
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "files"}, "object": {"key": key}},
    }


def record(number: int, **changes: Any) -> dict[str, Any]:
    """As Lambda writes it, of an event of a file."""
    return {
        "version": "1.0",
        "timestamp": "2026-11-21T10:00:00.000Z",
        "requestContext": {
            "requestId": f"id-{number}",
            "functionArn": f"{FUNCTION}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"Records": [of_s3(f"input/a+{number}%21")]},
        "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
        "responsePayload": {"errorType": "ContainerFailed", "errorMessage": "exit status 1"},
        **changes,
    }


def anothers(arn: str) -> dict[str, Any]:
    return record(9, requestContext={**record(9)["requestContext"], "functionArn": arn})


class Cloud:
    """A function, a bucket and a queue."""

    def __init__(self) -> None:
        self.destination = BUCKET
        self.objects: dict[str, bytes] = {}
        self.messages: list[bytes] = []
        self.hidden: dict[str, bytes] = {}
        """By the handles of their last receipts."""
        self.receipts = 0
        self.invoked: list[Any] = []
        self.throttled = 0
        self.fails_at_once = False
        self.refusal: Reply | None = None
        self.hidden_for: set[int] = set()
        """Seconds that receivers asked to have messages hidden for."""
        self.before_sending: Callable[[], object] = lambda: None
        self.before_removing: Callable[[], object] = lambda: None

    def keep(self, *records: Any) -> None:
        """In the bucket and in the queue."""
        for number, one in enumerate(records):
            content = one if isinstance(one, bytes) else json.dumps(one).encode()
            self.objects[f"{PREFIX}2026/11/21/{number}"] = content
            self.messages.append(content)

    def respond(self, request: Request) -> Reply:
        if request.path.startswith("/2019-09-25/functions/cow/event-invoke-config"):
            destination = {"OnFailure": {"Destination": self.destination}} if self.destination else {}
            return Reply.of({"DestinationConfig": destination})
        if request.path.endswith("/invocations"):
            return self._invoke(request)
        if request.path.startswith("/2015-03-31/functions/cow"):
            return Reply.of(
                {
                    "FunctionName": "cow",
                    "FunctionArn": FUNCTION,
                    "Handler": contract.HANDLER,
                    "Environment": {"Variables": {contract.ENV_IMAGE: "grycap/cowsay"}},
                }
            )
        if request.target.startswith("AmazonSQS."):
            return self._queue(request.target.removeprefix("AmazonSQS."), json.loads(request.body))
        return self._bucket(request)

    def show_again(self, *handles: str) -> None:
        """The time for which these messages were hidden is over: they may well come before others."""
        self.messages[:0] = [self.hidden.pop(handle) for handle in handles]

    def _invoke(self, request: Request) -> Reply:
        self.before_sending()
        if self.throttled:
            self.throttled -= 1
            return Reply.error("TooManyRequestsException", "Rate Exceeded", 429)
        if self.refusal is not None:
            return self.refusal
        self.invoked.append(json.loads(request.body))
        if self.fails_at_once:
            again = json.dumps(record(0, requestPayload=self.invoked[-1])).encode()
            self.messages.append(again)
        return Reply(status=202, headers=(("x-amzn-RequestId", "id"),))

    def _bucket(self, request: Request) -> Reply:
        if request.path in ("/failed", "/failed/"):
            assert request.parameters["prefix"] == PREFIX
            found = "".join(
                f"<Contents><Key>{quote(key)}</Key><Size>1</Size><ETag>x</ETag>"
                "<LastModified>2026-11-21T10:00:00Z</LastModified></Contents>"
                for key in self.objects
                if key.startswith(PREFIX)
            )
            return Reply(f"<ListBucketResult>{found}</ListBucketResult>".encode())
        key = request.path.removeprefix("/failed/")
        if request.method == "DELETE":
            self.before_removing()
            del self.objects[key]
            return Reply(status=204)
        return Reply(self.objects[key])

    def _queue(self, operation: str, asked: dict[str, Any]) -> Reply:
        if operation == "GetQueueUrl":
            assert asked == {"QueueName": "failed", "QueueOwnerAWSAccountId": "123456789012"}
            return Reply.of({"QueueUrl": "https://sqs.example/failed"})
        if operation == "ReceiveMessage":
            self.hidden_for.add(asked["VisibilityTimeout"])
            taken, self.messages = self.messages[:2], self.messages[2:]
            found = []
            for body in taken:
                self.receipts += 1
                handle = f"receipt-{self.receipts}"
                self.hidden[handle] = body
                id_ = hashlib.sha256(body).hexdigest()
                found.append({"MessageId": id_, "ReceiptHandle": handle, "Body": body.decode()})
            return Reply.of({"Messages": found} if found else {})
        if operation == "DeleteMessage":
            self.before_removing()
        body = self.hidden.pop(asked["ReceiptHandle"])
        if operation == "ChangeMessageVisibility":
            assert asked["VisibilityTimeout"] == 0
            self.messages.append(body)
        return Reply.of({})


@pytest.fixture
def cloud(home: object, credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    cloud = Cloud()
    with aws_server.serving(cloud.respond) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield cloud


@pytest.mark.parametrize("destination", [BUCKET, QUEUE])
def test_events_are_sent_as_they_were_and_their_records_removed(
    scar: Scar, cloud: Cloud, destination: str
) -> None:
    cloud.destination = destination
    foreign = anothers("arn:aws:lambda:us-east-1:123456789012:function:cow-2:$LATEST")
    cloud.keep(record(1), foreign, record(2, requestPayload={"ü": [1, None]}))
    ran = scar("retry", "cow")
    assert ran.status == 0, ran.stderr
    assert cloud.invoked == [record(1)["requestPayload"], {"ü": [1, None]}]
    assert ran.out.splitlines() == [
        "Sent: files/input/a 1!, failed 2026-11-21T10:00:00.000Z after 3 tries: exit status 1",
        "Sent: request id-2, failed 2026-11-21T10:00:00.000Z after 3 tries: exit status 1",
        "Sent again: 2 of 2 events",
    ]
    assert ran.stderr == "next: scar log -f cow\n"
    left = cloud.messages if destination == QUEUE else list(cloud.objects.values())
    assert [json.loads(one) for one in left] == [foreign]
    assert cloud.hidden == {}


@pytest.mark.parametrize("destination", [BUCKET, QUEUE])
def test_a_dry_run_changes_nothing(scar: Scar, cloud: Cloud, destination: str) -> None:
    cloud.destination = destination
    cloud.keep(record(1), record(2))
    before = (dict(cloud.objects), list(cloud.messages))
    ran = scar("retry", "--dry-run", "--json", "cow")
    assert ran.status == 0
    assert ran.json["dry_run"] is True
    assert [one["files"] for one in ran.json["events"]] == [["files/input/a 1!"], ["files/input/a 2!"]]
    first = ran.json["events"][0]
    assert (first["sent"], first["tries"], first["reason"]) == (False, 3, "exit status 1")
    assert (cloud.objects, sorted(cloud.messages)) == (before[0], sorted(before[1]))
    assert cloud.invoked == []
    assert scar("retry", "--dry-run", "cow").out.endswith("Would send again: 2 of 2 events\n")


def test_what_cannot_be_sent_stays_and_is_told(scar: Scar, cloud: Cloud) -> None:
    large = {"text": "x" * limits.ASYNCHRONOUS_PAYLOAD_BYTES}
    without = {key: value for key, value in record(3).items() if key != "requestPayload"}
    cloud.keep(record(1, requestPayload=large), b"no record", without, record(4))
    ran = scar("retry", "cow")
    assert (ran.status, error_of(ran.stderr)) == (1, "3 of 4 events stay")
    for said in ("has 1,048,587 bytes", "not a record that AWS Lambda writes", "does not hold the event"):
        assert said in ran.out
    assert len(cloud.invoked) == 1
    assert len(cloud.objects) == 3


def test_throttling_is_waited_out(scar: Scar, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PAUSES", (0.0, 0.0))
    cloud.keep(record(1))
    cloud.throttled = 2
    assert scar("retry", "cow").status == 0
    assert len(cloud.invoked) == 1
    cloud.keep(record(2))
    cloud.throttled = 3
    ran = scar("retry", "cow")
    assert (ran.status, "Rate Exceeded" in ran.out) == (1, True)
    assert len(cloud.objects) == 1


@pytest.mark.parametrize("destination", [BUCKET, QUEUE])
def test_a_refusal_that_all_would_meet_ends_it(scar: Scar, cloud: Cloud, destination: str) -> None:
    """Nothing is kept from others then."""
    cloud.destination = destination
    cloud.keep(record(1), record(2))
    cloud.refusal = Reply.error(
        "AccessDeniedException", "not authorized to perform: lambda:InvokeFunction", 403
    )
    ran = scar("retry", "cow")
    assert (ran.status, ran.stdout) == (1, b"")
    assert "these credentials lack the permission lambda:InvokeFunction" in ran.stderr
    assert (len(cloud.objects), len(cloud.messages)) == (2, 2)


def test_a_message_that_shows_itself_again_ends_nothing(scar: Scar, cloud: Cloud) -> None:
    """When sending takes longer than it was hidden for."""
    cloud.destination = QUEUE
    foreign = anothers("arn:aws:lambda:us-east-1:123456789012:function:cow-2:$LATEST")
    cloud.keep(foreign, record(1), record(2), record(3))

    def late() -> None:
        cloud.before_sending = lambda: None
        cloud.show_again("receipt-1")

    cloud.before_sending = late
    ran = scar("retry", "cow")
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "Sent again: 3 of 3 events"), ran.stderr
    assert [json.loads(one) for one in cloud.messages] == [foreign]
    assert cloud.hidden == {}


def test_an_event_that_fails_again_at_once_does_not_go_round(scar: Scar, cloud: Cloud) -> None:
    cloud.destination = QUEUE
    cloud.fails_at_once = True
    cloud.messages = [json.dumps(record(1)).encode()]
    ran = scar("retry", "cow")
    assert (ran.status, error_of(ran.stderr)) == (1, "1 of 2 events stay")
    assert len(cloud.invoked) == 1
    assert len(cloud.messages) == 1


class Killed(Exception):
    """What the server does instead of an answer to a process that is not there any more."""


@pytest.mark.parametrize("destination", [BUCKET, QUEUE])
@pytest.mark.parametrize(("moment", "sent"), [("before_sending", 1), ("before_removing", 2)])
def test_killed_it_loses_nothing_and_sends_at_least_once(
    scar: Scar, cloud: Cloud, destination: str, moment: str, sent: int
) -> None:
    """As docs/retry.md says: what was sent, and not yet removed, is sent by the next one as well."""
    cloud.destination = destination
    cloud.keep(record(1), record(2))
    program = [sys.executable, "-m", "scar.cli", "retry", "cow"]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:

        def kill() -> None:
            process.kill()
            process.wait()
            raise Killed

        setattr(cloud, moment, kill)
        assert process.wait(60) == -signal.SIGKILL
    setattr(cloud, moment, lambda: None)
    if destination == QUEUE:
        assert cloud.hidden_for == {600}
        cloud.show_again(*cloud.hidden)
    ran = scar("retry", "cow")
    assert (ran.status, ran.out.splitlines()[-1]) == (0, "Sent again: 2 of 2 events"), ran.stderr
    events = [record(1)["requestPayload"], record(2)["requestPayload"]]
    assert cloud.invoked.count(events[0]) == sent
    assert cloud.invoked.count(events[1]) == 1
    assert len(cloud.hidden) == 0
    assert len(cloud.messages if destination == QUEUE else cloud.objects) == 0


@pytest.mark.parametrize(
    ("destination", "said", "hint"),
    [
        (
            "",
            "function cow has no failure destination: events that failed for good are lost",
            "only scar init sets it: scar rm cow, then scar init --on-failure s3://BUCKET …",
        ),
        (
            TOPIC,
            "the failure destination of function cow keeps nothing: " + TOPIC,
            "scar retry reads buckets and queues",
        ),
    ],
)
def test_nothing_is_kept(scar: Scar, cloud: Cloud, destination: str, said: str, hint: str) -> None:
    cloud.destination = destination
    ran = scar("retry", "cow")
    assert (ran.status, ran.stdout, error_of(ran.stderr)) == (1, b"", said)
    assert hint in ran.stderr


def test_nothing_to_send(scar: Scar, cloud: Cloud) -> None:
    ran = scar("retry", "cow")
    assert (ran.status, ran.out) == (0, "Sent again: 0 of 0 events\n")


NOTIFICATION = json.dumps({"Records": [of_s3("a+%C3%BC"), of_s3("c")]})


def of_sns(message: str) -> dict[str, Any]:
    return {"EventSource": "aws:sns", "Sns": {"Message": message}}


def of_sqs(body: str) -> dict[str, Any]:
    return {"eventSource": "aws:sqs", "messageId": "id", "receiptHandle": "handle", "body": body}


@pytest.mark.parametrize(
    ("event", "files"),
    [
        (json.loads(NOTIFICATION), ("files/a ü", "files/c")),
        (
            {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": NOTIFICATION}}]},
            ("files/a ü", "files/c"),
        ),
        ({"Records": [of_sqs(NOTIFICATION), of_sqs("text")]}, ("files/a ü", "files/c")),
        (
            {
                "source": "aws.s3",
                "detail-type": "Object Created",
                "detail": {"bucket": {"name": "files"}, "object": {"key": "a+b"}},
            },
            ("files/a+b",),
        ),
        (Call(object=("files", "input/a+ü"), script=b"\xff").to_payload(), ("files/input/a+ü",)),
        (Call(script=b"true").to_payload(), ()),
        ({contract.PAYLOAD_KEY: {"version": contract.VERSION - 1, "object": ["files", "a"]}}, ()),
        ({contract.PAYLOAD_KEY: None}, ()),
        ({"Records": [of_s3(7), of_s3("b")]}, ("files/b",)),
        ({"Records": 7}, ()),
        ("\ud800 ü", ()),
    ],
)
def test_the_files_of_each_shape_of_event(event: Any, files: tuple[str, ...]) -> None:
    """And what is in none of them keeps no event from being sent as it was."""
    parsed = Record.parse(json.dumps(record(1, requestPayload=event)))
    assert parsed is not None
    assert parsed.files == files
    assert json.loads(parsed.event()) == event


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "{}", '{"requestContext": null}', b"\xff", pytest.param("[" * 100_000, id="deep")]
)
def test_what_is_no_record(text: str | bytes) -> None:
    assert Record.parse(text) is None


def test_bad_input(scar: Scar) -> None:
    ran = scar("retry", "a b")
    assert (ran.status, "NAME: a function's name has only letters" in ran.stderr) == (2, True)


def test_a_prefix_of_records_cannot_be_said(scar: Scar) -> None:
    ran = scar("init", "--on-failure", "s3://failed/records", "grycap/cowsay")
    assert ran.status == 2
    assert "AWS Lambda chooses the keys of records itself" in error_of(ran.stderr)
    assert "hint: --on-failure s3://failed\n" in ran.stderr
