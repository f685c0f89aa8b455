"""Lambda's numbers that the local Lambda keeps.

Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html unless a line says another.
"""

from __future__ import annotations

MIB = 1024 * 1024

SYNC_PAYLOAD_BYTES = 6 * MIB
ASYNC_PAYLOAD_BYTES = MIB
RESPONSE_BYTES = 6_291_556
"""As Lambda's own error message gives it."""
LOG_TAIL_BYTES = 4096
LOG_EVENT_BYTES = 262_144 - 26
"""A log event of CloudWatch Logs less its overhead, as PutLogEvents documents both."""
OPEN_FILES = 1024
PROCESSES = 1024
INIT_SECONDS = 10.0
"""Of the init phase: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
RETRIES = 2
"""Of an asynchronous event, unless the function's EventInvokeConfig says less."""

TMP = "/tmp"  # noqa: S108
"""The only folder that a function may write to."""
