"""What the handler gives to exec, and a call of it. Runs inside (see `inside`)."""

from __future__ import annotations

import uuid
from typing import Any

from scar_supervisor import handler, process
from scar_supervisor.contract import Call, Result


class Context:
    """Lambda's context object, as far as the handler reads it."""

    def __init__(self) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self.log_group_name = "/aws/lambda/bench"
        self.log_stream_name = "bench"

    def get_remaining_time_in_millis(self) -> int:
        """Enough."""
        return 300_000


def call(what: Call) -> Result:
    """One call through the handler."""
    result = Result.from_document(handler.handle(what.to_payload(), Context()))
    if result.exit_code != 0 or result.error:
        raise SystemExit(f"the call failed: {result}")
    return result


def launched(what: Call) -> process.Launch:
    """What the handler gives to exec for a call."""
    seen: list[process.Launch] = []
    original = process.run

    def run(launch: process.Launch, *rest: Any) -> process.Ended:
        seen.append(launch)
        return original(launch, *rest)

    vars(process)["run"] = run
    try:
        call(what)
    finally:
        vars(process)["run"] = original
    return seen[0]
