"""A registry that speaks the distribution API and misbehaves as it is told to."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.oci.layers import Image


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    number: int
    """How many requests for this path came before."""

    @property
    def is_blob(self) -> bool:
        return "/blobs/" in self.path


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut_at: int | None = None
    """The connection breaks after this many bytes of the body."""
    sent: threading.Event | None = None
    """Set when the body is sent: the connection then stays open, and silent."""


Plan = Callable[[Request, Answer], Answer]
"""From the answer that an honest registry would give to the one that is given."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that hang up, or do not trust our certificate, are what the tests are about."""


class UnreliableRegistry:
    """Serves images on loopback. Change ``plan`` to misbehave; read ``requests`` to see what was asked."""

    def __init__(self, *images: Image) -> None:
        self.plan: Plan = lambda request, answer: answer
        self.ranges = True
        self.requests: list[Request] = []
        self.documents: dict[str, tuple[str, bytes]] = {}
        for image in images:
            self.documents["latest"] = self.documents[image.digest] = (image.media_type, image.manifest)
            self.documents |= {
                digest: ("application/octet-stream", blob) for digest, blob in image.blobs.items()
            }
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def with_tls(self, certificate: Path, key: Path) -> UnreliableRegistry:
        """The same behind TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http://", "https://")
        return self

    @contextmanager
    def serving(self) -> Iterator[UnreliableRegistry]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def asked(self, part: str) -> list[Request]:
        """The requests whose path holds ``part``."""
        return [request for request in self.requests if part in request.path]

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        path = urlsplit(path).path if path.startswith("http") else path  # asked as a proxy is
        request = Request(path, headers, sum(known.path == path for known in self.requests))
        self.requests.append(request)
        return self.plan(request, self._honest(request))

    def _honest(self, request: Request) -> Answer:
        if request.path.rpartition("/")[2] not in self.documents:
            return Answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}')
        media_type, body = self.documents[request.path.rpartition("/")[2]]
        headers = {"Content-Type": media_type}
        span = request.headers.get("range")
        if not span or not self.ranges:
            return Answer(200, body, headers)
        start = int(span.removeprefix("bytes=").removesuffix("-"))
        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return Answer(206, body[start:], headers)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                answer = registry.answer(
                    self.path, {name.lower(): value for name, value in self.headers.items()}
                )
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body[: answer.cut_at])
                self.wfile.flush()
                self.close_connection = answer.cut_at is not None
                if answer.sent:
                    answer.sent.set()

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the tests look at ``requests``."""

        return Handler


def first(times: int, failing: Plan, *, only: Callable[[Request], bool] = lambda request: True) -> Plan:
    """Misbehave at the first requests for each path, then be honest."""

    def plan(request: Request, answer: Answer) -> Answer:
        return failing(request, answer) if only(request) and request.number < times else answer

    return plan


def status(code: int, **headers: str) -> Plan:
    """Answer with an error."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request, answer: Answer(code, b"", named)


def cut(at: int) -> Plan:
    """Break the connection in the middle of the body."""
    return lambda request, answer: replace(answer, cut_at=at)


def altered(at: int) -> Plan:
    """Change one bit of the body."""

    def plan(request: Request, answer: Answer) -> Answer:
        body = bytearray(answer.body)
        body[at] ^= 1
        return replace(answer, body=bytes(body))

    return plan
