"""What a container prints: all of it to the log as it comes, a bounded part of it kept for the result."""

from __future__ import annotations

import os


class BoundedOutput:
    """All that is written up to a limit in bytes; beyond it, the first and the last half of the limit."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.size = 0
        """Bytes written so far, kept or not."""

    def write(self, data: bytes) -> None:
        """Add what was printed."""
        self.size += len(data)
        room = max(0, self._half - len(self._head))
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._half:
            del self._tail[: -self._half]

    def value(self) -> bytes:
        """What was kept, with a line that says how much was left out, if anything was."""
        tail = self._tail[-self._half :]
        left_out = self.size - len(self._head) - len(tail)
        note = b"\n[scar: %d bytes left out here; the log has them]\n" % left_out if left_out else b""
        return bytes(self._head + note + tail)


class Log:
    """The function's log, which is whatever its standard output is connected to.

    Written to as bytes: a text stream would refuse what is not UTF-8.
    """

    def __init__(self) -> None:
        self._at_line_start = True

    def write(self, data: bytes) -> None:
        """Append to the log."""
        view = memoryview(data)
        while view:
            view = view[os.write(1, view) :]
        if data:
            self._at_line_start = data.endswith(b"\n")

    def note(self, text: str) -> None:
        """A line of SCAR's own; line ends in it, of a key for example, are escaped."""
        self.end_line()
        line = text.replace("\r", "\\r").replace("\n", "\\n")
        self.write(f"scar: {line}\n".encode("utf-8", "surrogateescape"))

    def trace(self, error: Exception) -> None:
        """Where an error that nobody foresaw was raised. Lambda tells it only of what the call raises."""
        import traceback

        for lines in traceback.format_exception(error):
            for line in lines.splitlines():
                self.note(line)

    def end_line(self) -> None:
        """End the line that a container left open, so that the next call's lines do not continue it."""
        if not self._at_line_start:
            self.write(b"\n")
