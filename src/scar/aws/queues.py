"""SQS's queues, as places where messages wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scar.aws.errors import request

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_AT_ONCE = 10
"""Messages in an answer, at the most."""
_WAIT_SECONDS = 1
"""For messages: more than none, or SQS asks only some of its servers."""


@dataclass(frozen=True)
class Message:
    """A message that nobody else sees for a while."""

    id: str
    body: str = field(repr=False)
    handle: str = field(repr=False)
    """What says which receipt of the message is meant."""


class Queues:
    """The queues of one region."""

    def __init__(self, client: SQSClient) -> None:
        self._client = client

    def url(self, name: str, account: str) -> str:
        """What the other methods take. Raises AwsError if there is no such queue."""
        with request(f"look for queue {name}"):
            return self._client.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]

    def receive(self, url: str, hidden_seconds: int) -> list[Message]:
        """Some messages, each hidden from everybody for so long; empty: there are no more to be seen."""
        with request(f"receive messages of queue {url}"):
            answer = self._client.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_AT_ONCE,
                VisibilityTimeout=hidden_seconds,
                WaitTimeSeconds=_WAIT_SECONDS,
            )
        return [
            Message(one["MessageId"], one["Body"], one["ReceiptHandle"]) for one in answer.get("Messages", ())
        ]

    def delete(self, url: str, handle: str) -> None:
        with request(f"delete a message of queue {url}"):
            self._client.delete_message(QueueUrl=url, ReceiptHandle=handle)

    def show(self, url: str, handle: str) -> None:
        """Let others have a message at once."""
        with request(f"give back a message of queue {url}"):
            self._client.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
