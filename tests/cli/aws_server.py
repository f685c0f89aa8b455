"""AWS as far as a test prepares it: a server that answers each request with what a function of the test says.

For what no emulator does: pages, refusals, credentials that have expired, throttling.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.http_server import Server


class Request(NamedTuple):
    """What was asked."""

    method: str
    path: str
    parameters: dict[str, str]
    """Of the query string, or of a form (IAM's and STS's protocol), the first of each."""
    body: bytes
    target: str
    """Service and operation of a JSON protocol, such as ``Logs_20140328.FilterLogEvents``."""


class Reply(NamedTuple):
    """What is answered."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, document: Any, status: int = 200, **headers: str) -> Reply:
        """A JSON document."""
        names = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return cls(json.dumps(document).encode(), status, names)

    @classmethod
    def error(cls, code: str, message: str, status: int = 400) -> Reply:
        """An error in the shape of both JSON protocols: that of Lambda, and that of CloudWatch Logs."""
        document = {"__type": code, "Type": "User", "message": message}
        return cls.of(document, status, x_amzn_ErrorType=code)

    @classmethod
    def xml_error(cls, code: str, message: str, status: int = 400) -> Reply:
        """An error in the shape of the query protocol, which is IAM's and STS's."""
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        return cls(f"<ErrorResponse>{error}</ErrorResponse>".encode(), status)

    @classmethod
    def xml(cls, operation: str, content: str) -> Reply:
        """A result in the shape of the query protocol."""
        result = f"<{operation}Result>{content}</{operation}Result>"
        return cls(f"<{operation}Response>{result}</{operation}Response>".encode())


Respond = Callable[[Request], Reply]


@contextmanager
def serving(respond: Respond) -> Iterator[str]:
    """The URL of a server on loopback, for as long as the context."""

    class Handler(_Handler):
        answer = staticmethod(respond)

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    answer: Respond

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        is_form = "urlencoded" in self.headers.get("Content-Type", "")
        query = parse_qs(body.decode() if is_form else url.query)
        parameters = {name: values[0] for name, values in query.items()}
        target = self.headers.get("X-Amz-Target", "")
        reply = self.answer(Request(self.command, url.path, parameters, body, target))
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _respond  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""
