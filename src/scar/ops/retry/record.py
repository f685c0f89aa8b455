"""The record that Lambda keeps of an event which failed for good.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from scar import limits
from scar.errors import ScarError


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
    """``BUCKET/KEY`` of each object that the event is about, if it is S3's."""
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
                files=tuple(_files(document.get("requestPayload"))),
                payload=_payload(document),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
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
    return json.dumps(document["requestPayload"], ensure_ascii=False, separators=(",", ":")).encode()


def _files(payload: Any) -> list[str]:
    """Of what is not an event of S3's: none."""
    try:
        return [
            f"{one['s3']['bucket']['name']}/{unquote_plus(one['s3']['object']['key'])}"
            for one in payload["Records"]
        ]
    except (KeyError, TypeError):
        return []
