"""One environment's log: what its processes print and what Lambda says, as events of a log stream."""

from __future__ import annotations

import os
import select
import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Protocol

from scar.local import limits

_CHUNK = 65536


class LogSink(Protocol):
    """Where log events go."""

    def put(self, group: str, stream: str, messages: list[str], timestamp_ms: int) -> None:
        """Append events to a stream, both made if missing."""


def stream_name(version: str) -> str:
    """A new name as Lambda makes them, for example ``2026/11/21/[$LATEST]<32 hexadecimal digits>``."""
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{uuid.uuid4().hex}"


class LogStream:
    """Events in the order written. `descriptor` is for the standard output and error of the processes."""

    def __init__(self, sink: LogSink, group: str, version: str) -> None:
        self.name = stream_name(version)
        self._sink, self._group = sink, group
        self._lock = threading.Lock()
        self._lines = LineSplitter()
        self._tail = bytearray()
        self._ended = False
        self._readable, self.descriptor = os.pipe()
        os.set_blocking(self._readable, False)
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    def release_descriptor(self) -> None:
        """Leave the writing end to the environment's processes: when the last has ended, so does the log."""
        os.close(self.descriptor)

    def begin(self) -> None:
        """Forget the tail of the last invocation."""
        with self._lock:
            self._tail.clear()

    def platform(self, message: str) -> None:
        """Add what Lambda itself says, after all that the processes have written so far."""
        with self._lock:
            self._read_available()
            self._emit([*self._lines.rest(), message.encode()])

    def tail(self) -> bytes:
        """The last 4 KB since `begin`."""
        with self._lock:
            return bytes(self._tail)

    def close(self) -> None:
        """Wait for the rest, after the environment's processes have ended."""
        self._reader.join()

    def _follow(self) -> None:
        poller = select.poll()
        poller.register(self._readable, select.POLLIN)
        alive = True
        while alive:
            poller.poll()
            with self._lock:
                alive = self._read_available()
        with self._lock:
            self._emit(self._lines.rest())
            os.close(self._readable)
            self._ended = True

    def _read_available(self) -> bool:
        """False at the end of the file."""
        while not self._ended:
            try:
                chunk = os.read(self._readable, _CHUNK)
            except BlockingIOError:
                return True
            if not chunk:
                break
            self._emit(self._lines.feed(chunk))
        return False

    def _emit(self, lines: list[bytes]) -> None:
        if not lines:
            return
        lines = [_one_event(line) for line in lines]
        self._tail += b"".join(lines)
        del self._tail[: -limits.LOG_TAIL_BYTES]
        messages = [line.decode("utf-8", "replace") for line in lines]
        self._sink.put(self._group, self.name, messages, int(time.time() * 1000))


class LineSplitter:
    """Bytes to lines, each with its newline, none longer than a log event can be."""

    def __init__(self, longest: int = limits.LOG_EVENT_BYTES) -> None:
        self._longest = longest
        self._partial = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes."""
        *complete, partial = (self._partial + data).split(b"\n")
        lines = [piece for line in complete for piece in self._pieces(line + b"\n")]
        *more, self._partial = self._pieces(partial)
        return lines + more

    def rest(self) -> list[bytes]:
        """What came without a newline."""
        rest, self._partial = self._partial, b""
        return [rest] if rest else []

    def _pieces(self, line: bytes) -> list[bytes]:
        pieces = []
        while len(line) > self._longest:
            cut = self._longest
            while cut > self._longest - 4 and line[cut] & 0xC0 == 0x80:  # not inside a character of UTF-8
                cut -= 1
            pieces.append(line[:cut])
            line = line[cut:]
        return [*pieces, line]


def _one_event(line: bytes) -> bytes:
    """The runtime client joins the lines of an error by carriage returns, for Lambda to put back."""
    return line.replace(b"\r", b"\n") if line.startswith(b"[ERROR]") else line
