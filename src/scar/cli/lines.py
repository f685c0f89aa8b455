"""Progress in lines, for where there is no terminal."""

from __future__ import annotations

import time

from scar.ops.talk import Talk

LINE_SECONDS = 5.0
"""Between lines, if no tenth of the files was completed earlier."""


class Lines:
    """A line for each tenth of the files, and every few seconds in between, if anything has changed."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._tenth = 0
        self._last = ""
        self._next = time.monotonic() + LINE_SECONDS

    def show(self, completed: int, total: int, line: str) -> None:
        """Say the line, if it is time to."""
        tenth = completed * 10 // max(1, total)
        if line == self._last or (tenth == self._tenth and time.monotonic() < self._next):
            return
        self._talk.say(line)
        self._tenth, self._last = tenth, line
        self._next = time.monotonic() + LINE_SECONDS
