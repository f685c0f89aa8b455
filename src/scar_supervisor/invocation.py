"""What Lambda says of a call, beside its event."""

from __future__ import annotations

import time
from typing import Any, NamedTuple


class Invocation(NamedTuple):
    """Read once from Lambda's context object, and passed down."""

    request_id: str
    log_group: str
    log_stream: str
    deadline: float
    """Of ``time.monotonic``, in seconds: when Lambda ends the function."""

    @classmethod
    def from_context(cls, context: Any) -> Invocation:
        """Read Lambda's context object."""
        return cls(
            request_id=context.aws_request_id,
            log_group=context.log_group_name,
            log_stream=context.log_stream_name,
            deadline=time.monotonic() + context.get_remaining_time_in_millis() / 1000,
        )
