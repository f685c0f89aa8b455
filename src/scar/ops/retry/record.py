"""The record that Lambda keeps of an event which failed for good.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scar import limits
from scar.errors import ScarError
from scar_supervisor.contract import PAYLOAD_KEY, Call, ContractError
from scar_supervisor.events import S3Object, messages


class CannotSend(ScarError):
    """A record whose event cannot be sent again."""


@dataclass(frozen=True)
class Record:
    """What it says."""

    function_arn: str
    """Without version or alias."""
    request_id: str
    time: str
    """When it was given up, as Lambda writes it."""
    tries: int
    reason: str
    files: tuple[str, ...]
    """``BUCKET/KEY`` of each object that the function would process."""
    payload: bytes | None = field(repr=False)
    """The event; None if Lambda has left it out."""

    @classmethod
    def parse(cls, text: str | bytes) -> Record | None:
        """The record in a message or an object; None if it is something else."""
        try:
            document = json.loads(text)
            context = document["requestContext"]
            return cls(
                function_arn=":".join(context["functionArn"].split(":")[:7]),
                request_id=str(context["requestId"]),
                time=str(document["timestamp"]),
                tries=int(context["approximateInvokeCount"]),
                reason=_reason(document, context),
                files=tuple(f"{one.bucket}/{one.key}" for one in _objects(document.get("requestPayload"))),
                payload=_payload(document),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None

    def event(self) -> bytes:
        """The event, to be sent. Raises CannotSend."""
        if self.payload is None:
            raise CannotSend("the record does not hold the event", hint=_BY_HAND)
        if len(self.payload) > limits.ASYNCHRONOUS_PAYLOAD_BYTES:
            raise CannotSend(
                f"the event has {len(self.payload):,} bytes: AWS Lambda takes"
                f" {limits.ASYNCHRONOUS_PAYLOAD_BYTES:,}",
                hint=_BY_HAND,
            )
        return self.payload


_BY_HAND = "for such events of files: scar run -es BUCKET --prefix PATH NAME"


def _reason(document: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """The function's own words, else why Lambda gave up."""
    answer = document.get("responsePayload")
    said = answer.get("errorMessage") if isinstance(answer, dict) else None
    return str(said or context.get("condition", ""))


def _payload(document: Mapping[str, Any]) -> bytes | None:
    if document.get("requestPayload") is None:
        return None
    text = json.dumps(document["requestPayload"], ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace")  # halves of surrogates, as JSON escapes them, too


def _objects(event: Any) -> list[S3Object]:
    """What the function would process for the event; empty for a call of another version, or of no object."""
    if isinstance(event, dict) and PAYLOAD_KEY in event:
        try:
            called_for = Call.from_payload(event).object
        except ContractError:
            return []
        return [S3Object(*called_for)] if called_for else []
    items = (item for message in messages(event) for item in message.items)
    return [item for item in items if isinstance(item, S3Object)]
