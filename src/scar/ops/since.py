"""Points in time as users write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from scar.errors import UsageError

_AGO = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def milliseconds(text: str, source: str, now: datetime) -> int:
    """Milliseconds since 1970 of a moment: ``10m`` before now, or a time in ISO 8601.

    A time without a zone is in this machine's. Raises UsageError, beginning with ``source``.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            moment = now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        else:
            moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"{source}: not a point in time: {text!r}",
            hint="for example 10m, 2h or 1d ago, 2026-11-21, or 2026-11-21T10:00:00Z",
        ) from error
    return max(1, int(moment.timestamp() * 1000))
