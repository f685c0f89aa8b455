"""Messages of SQS that were processed, taken out of their queue when others of the same call failed.

A function that raises gives all messages of its call back to the queue. One that returns has Lambda delete
them all, unless the event source mapping has ReportBatchItemFailures, which cannot be seen from here: without
the setting, an answer that names failures would lose them. So failures are raised, always, and the messages
that were processed are deleted here. The role may do that, for it is what Lambda itself deletes with
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions).
"""

from __future__ import annotations

from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .events import Message
    from .output import Log

_AT_ONCE = 10
"""Messages that one request deletes."""


def keeps_order(message: Message) -> bool:
    """Whether the queue is FIFO: then what follows a message that failed must wait for it."""
    return message.queue.endswith(".fifo")


def delete(messages: Sequence[Message], log: Log) -> None:
    """Delete messages of one queue; no error, because one that stays there is only processed again."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        _, _, _, region, account, name = messages[0].queue.split(":")
        client = boto3.client("sqs", region_name=region)
        url = f"{client.meta.endpoint_url.rstrip('/')}/{account}/{name}"
        for start in range(0, len(messages), _AT_ONCE):
            _delete(client, url, messages[start : start + _AT_ONCE], log)
    except (BotoCoreError, ClientError, ValueError) as error:
        log.note(f"messages that were processed stay in the queue, to be processed again: {error}")


def _delete(client: Any, url: str, messages: Sequence[Message], log: Log) -> None:
    entries = [
        {"Id": str(number), "ReceiptHandle": message.receipt} for number, message in enumerate(messages)
    ]
    answer = client.delete_message_batch(QueueUrl=url, Entries=entries)
    for entry in answer.get("Failed", ()):
        message = messages[int(entry["Id"])]
        log.note(f"message {message.id} was processed and stays in the queue: {entry['Code']}")
