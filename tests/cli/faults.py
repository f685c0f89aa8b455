"""A way to an emulator on which a test lets things go wrong: lost answers, refusals, other people."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.http_server import Server


@dataclass(frozen=True)
class Request:
    """What came."""

    method: str
    path: str
    """With the query."""
    body: bytes = field(repr=False, default=b"")
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    """By their names in lower case."""


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def error(cls, status: int, code: str, message: str) -> Answer:
        """As Lambda says that it refuses."""
        body = json.dumps({"Type": "User", "message": message, "Message": message}).encode()
        return cls(status, body, (("x-amzn-ErrorType", code), ("Content-Type", "application/json")))


Fault = Callable[[Request], Answer | None]
"""Looks at a request before it is passed on. An answer is given in place of the emulator's."""


@dataclass
class Way:
    """The way, and what a test wants of it."""

    emulator: str
    url: str = ""
    before: Fault = lambda request: None
    after: Callable[[Request, Answer], Answer | None] = lambda request, answer: answer
    """Sees the emulator's answer, may change it; None: it is lost, with its connection."""
    requests: list[Request] = field(default_factory=list)

    def named(self, method: str, part: str) -> list[Request]:
        """The requests that came with this method, and this in their path."""
        return [one for one in self.requests if one.method == method and part in one.path]


@contextmanager
def way_to(emulator: str) -> Iterator[Way]:
    """A way on loopback, for as long as the context."""
    way = Way(emulator)

    class Handler(_Handler):
        pass

    Handler.way = way
    with Server(("127.0.0.1", 0), Handler) as server:
        way.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield way
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    way: Way

    def _serve(self) -> None:
        self.close_connection = True
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, body, headers)
        self.way.requests.append(request)
        answer = self.way.before(request)
        if answer is None:
            answer = self.way.after(request, self._pass_on(request))
        if answer is not None:
            self._send(answer)

    def _pass_on(self, request: Request) -> Answer:
        host = urlsplit(self.way.emulator).netloc
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            headers = {**self.headers, "Host": host, "Connection": "close"}
            headers.pop("Expect", None)
            connection.request(request.method, request.path, request.body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read(), tuple(response.getheaders()))
        finally:
            connection.close()

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""


def error_of(stderr: str) -> str:
    """The one error in what a command said."""
    (line,) = [line for line in stderr.splitlines() if line.startswith("scar: error: ")]
    return line.removeprefix("scar: error: ")
