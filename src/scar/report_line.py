"""Lambda's REPORT line, with which the log of every call ends.

Its fields are parted by tabs, and by the end of a line before X-Ray's:
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PREFIX = "REPORT RequestId: "
_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_FIELD = re.compile(r"([A-Za-z ]+): ([^\t\n]*)")


@dataclass(frozen=True, slots=True)
class Report:
    """What one call took."""

    request_id: str
    duration_ms: float
    billed_ms: int
    """With the start of the environment, where that is billed."""
    memory_mb: int
    """Of the function's configuration."""
    memory_used_mb: int
    """The most that the environment had used by then, by this call or an earlier one."""
    init_ms: float | None = None
    """What the start of the environment took, also from a snapshot; None for a call that found it warm."""
    status: str = ""
    """``timeout`` or ``error`` where Lambda ended the call; empty where the handler did, well or not."""
    error_type: str = ""
    """With the status ``error``, for example ``Runtime.ExitError``."""


def parse(message: str) -> Report | None:
    """The figures of a log message that is a REPORT line; None for any other."""
    if not message.startswith(_PREFIX):
        return None
    fields = dict(_FIELD.findall(message.removeprefix("REPORT ")))
    init = fields.get("Init Duration") or fields.get("Restore Duration")
    try:
        return Report(
            request_id=_id(fields["RequestId"]),
            duration_ms=_number(fields["Duration"], "ms"),
            billed_ms=round(
                _number(fields["Billed Duration"], "ms")
                + _number(fields.get("Billed Restore Duration", "0 ms"), "ms")
            ),
            memory_mb=_above_zero(round(_number(fields["Memory Size"], "MB"))),
            memory_used_mb=round(_number(fields["Max Memory Used"], "MB")),
            init_ms=None if init is None else _number(init, "ms"),
            status=fields.get("Status", "").strip(),
            error_type=fields.get("Error Type", "").strip(),
        )
    except (KeyError, ValueError):  # a container wrote something that begins like it
        return None


def last(log: bytes) -> Report | None:
    """The last one in a piece of a log, such as comes with the answer of a call."""
    lines = log.decode(errors="replace").splitlines()
    return next(filter(None, map(parse, reversed(lines))), None)


def _number(text: str, unit: str) -> float:
    """Raises ValueError for what is not a plain number of a size that AWS prints, with this unit."""
    match = re.fullmatch(rf"(\d{{1,12}}(?:\.\d{{1,12}})?) {unit}\s*", text, re.ASCII)
    if match is None:
        raise ValueError(text)
    return float(match[1])


def _id(text: str) -> str:
    """Raises ValueError for what is no request's id: it is shown in commands to type."""
    if _ID.fullmatch(text.strip()) is None:
        raise ValueError(text)
    return text.strip()


def _above_zero(value: int) -> int:
    """Raises ValueError."""
    if value == 0:
        raise ValueError(value)
    return value
