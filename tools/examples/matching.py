"""Whether a command printed what it should, and if not, where it went wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence

ANY = "..."
"""Any text in a line; alone in a line, any lines."""

_END = "nothing more"


def difference(expected: Sequence[str], printed: Sequence[str]) -> str | None:
    """The first line that is not as expected, with the one that was printed; None if all are."""
    reached = {0}  # numbers of printed lines that the expected ones so far can stand for
    for line in expected:
        if line == ANY:
            reached = set(range(min(reached), len(printed) + 1))
            continue
        following = {
            number + 1 for number in reached if number < len(printed) and fits(line, printed[number])
        }
        if not following:
            return _said(line, _at(printed, min(reached)), somewhere=len(reached) > 1)
        reached = following
    if len(printed) in reached:
        return None
    return _said(_END, _at(printed, max(reached)))


def fits(expected: str, printed: str) -> bool:
    """True if one line is as expected."""
    pattern = ".*".join(map(re.escape, expected.split(ANY)))
    return re.fullmatch(pattern, printed) is not None


def _at(lines: Sequence[str], number: int) -> str:
    return lines[number] if number < len(lines) else _END


def _said(expected: str, printed: str, *, somewhere: bool = False) -> str:
    where = f"not below: {printed}" if somewhere else f"printed:   {printed}"
    return f"expected:  {expected}\n{where}"
