"""S3 behind a door: requests that a test names are answered by the test, all others by the real server."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.http_server import Server


class Refusal(NamedTuple):
    """What is answered in place of S3."""

    status: int = 0
    """0: the connection breaks without an answer."""
    code: str = ""
    message: str = "refused by the test"
    after: int = -1
    """If not negative: S3's own answer, of which the connection breaks after so many bytes of the body."""
    headers: tuple[tuple[str, str], ...] = ()
    """Of the answer, beside those of an error."""
    silent_until: threading.Event | None = None
    """Nothing is answered before this is set."""


Rule = Callable[[str, str], Refusal | None]
"""Method and path (with its query) to a refusal; None: S3 answers."""


class Door:
    """Where functions find S3."""

    def __init__(self, url: str, s3: str) -> None:
        self.url = url
        self.s3 = s3
        self.rule: Rule = lambda method, path: None
        self.respelt: tuple[str, str] = ("", "")
        """What paths have, and what the real server is to see for it."""
        self.asked: list[tuple[str, str]] = []
        """Methods and paths, in the order asked."""
        self.announced = 0
        """Requests that waited to be told to send their body."""

    @contextmanager
    def refusing(self, rule: Rule) -> Iterator[None]:
        """Refuse by a rule for a while."""
        self.asked.clear()
        self.announced = 0
        self.rule = rule
        try:
            yield
        finally:
            self.rule = lambda method, path: None


@contextmanager
def door(s3: str) -> Iterator[Door]:
    """A door before the S3 at a URL."""
    server = Server(("127.0.0.1", 0), _Handler)
    server.door = Door(f"http://127.0.0.1:{server.server_port}", s3)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.door  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        door: Door = self.server.door  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        door.asked.append((self.command, self.path))
        refusal = door.rule(self.command, self.path)
        if refusal is None:
            self._forward(door, body, None)
        elif refusal.silent_until is not None:
            refusal.silent_until.wait(60)
            self.close_connection = True
        elif refusal.after >= 0:
            self._forward(door, body, refusal.after)
        elif refusal.status == 0:
            self.close_connection = True
        else:
            document = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
            headers = [("Content-Type", "application/xml"), *refusal.headers]
            self._send(refusal.status, headers, document.encode())

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815

    def handle_expect_100(self) -> bool:
        """The client waits to be told to send its body."""
        self.server.door.announced += 1  # type: ignore[attr-defined]
        return super().handle_expect_100()

    def _forward(self, door: Door, body: bytes, cut: int | None) -> None:
        connection = http.client.HTTPConnection(urlsplit(door.s3).netloc, timeout=60)
        try:
            path = self.path.replace(*door.respelt) if door.respelt[0] else self.path
            connection.request(self.command, path, body, dict(self.headers))
            response = connection.getresponse()
            content = response.read()
            headers = [(n, v) for n, v in response.getheaders() if n.lower() not in _OF_THE_CONNECTION]
            if self.command == "HEAD":
                headers.append(("Content-Length", response.getheader("Content-Length", "0")))
                self._send(response.status, headers, None)
            else:
                self._send(response.status, headers, content, cut)
        finally:
            connection.close()

    def _send(
        self, status: int, headers: list[tuple[str, str]], body: bytes | None, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if body is not None:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if body is not None and self.command != "HEAD":
            self.wfile.write(body[:cut])
        if cut is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


_OF_THE_CONNECTION = ("connection", "transfer-encoding", "content-length", "date", "server")
