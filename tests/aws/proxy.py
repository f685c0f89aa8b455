"""A reverse proxy before an emulator: notes each call, and refuses what breaks the API model, as AWS does."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.aws import signing, wire
from tests.aws.wire import ApiCall

_OF_THE_CONNECTION = ("connection", "keep-alive", "transfer-encoding", "content-length", "expect")


class Noted(NamedTuple):
    """A call that came through."""

    call: ApiCall
    by_scar: bool
    """Sent by the command line, not by a function or a test: the user agent tells."""
    status: int
    """The emulator's answer: an HTTP status."""


Change = Callable[[ApiCall, bytes], bytes]
"""The body of a call's request, or of its answer, on its way: as it is, or another."""


class Proxy:
    """Stands between the callers, who use `url`, and the emulator, which is named when it is known."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.emulator = ""
        self.noted: list[Noted] = []
        self.on_the_way: Change = _as_it_is
        self.on_the_way_back: Change = _as_it_is
        self.secrets: dict[str, str] = {}
        """Secret access keys by their ids, to sign again what is changed on the way."""
        self.denied = ""
        """An operation that the caller is not permitted."""

    def forward(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The emulator's answer to a request, or a refusal."""
        call = wire.read(method, target, headers, body)
        broken = wire.violations(call)
        if broken:
            return _refusal("; ".join(broken))
        denied = call.operation == self.denied
        answer = _denial(call) if denied else self._ask(call, method, target, headers, body)
        self.noted.append(Noted(call, "scar/" in headers.get("User-Agent", ""), answer.status))
        return answer

    def _ask(
        self, call: ApiCall, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """The emulator's answer, with the changes on both ways."""
        changed = self.on_the_way(call, body)
        if changed != body:
            headers = signing.again(method, target, headers, changed, self.secrets)
        answer = self._send(method, target, headers, changed)
        return answer._replace(body=self.on_the_way_back(call, answer.body))

    def _send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.emulator).netloc, timeout=120)
        try:
            kept = {name: value for name, value in headers.items() if name.lower() not in _OF_THE_CONNECTION}
            connection.request(method, target, body, kept | {"Content-Length": str(len(body))})
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()


def _as_it_is(call: ApiCall, body: bytes) -> bytes:
    return body


class Answer(NamedTuple):
    """Status, headers and body of an HTTP response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def _refusal(reason: str) -> Answer:
    """AWS's answer to a request that breaks the model, as its JSON protocols have it."""
    return _error(400, "ValidationException", reason)


def _denial(call: ApiCall) -> Answer:
    """AWS's answer to who lacks a permission, in the service's protocol."""
    reason = f"User: u is not authorized to perform: {call.service}:{call.operation}"
    if call.service in ("s3", "iam", "sts"):
        error = f"<Error><Code>AccessDenied</Code><Message>{reason}</Message></Error>"
        text = error if call.service == "s3" else f"<ErrorResponse>{error}</ErrorResponse>"
        return Answer(403, [("Content-Type", "text/xml")], text.encode())
    return _error(403, "AccessDeniedException", reason)


def _error(status: int, kind: str, reason: str) -> Answer:
    document = {"__type": kind, "message": reason}
    return Answer(status, [("x-amzn-ErrorType", kind)], json.dumps(document).encode())


@contextmanager
def serving() -> Iterator[Proxy]:
    """A proxy on loopback for as long as the context lives."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    proxy: Proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.proxy.forward(self.command, self.path, dict(self.headers.items()), body)
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _OF_THE_CONNECTION:
                self.send_header(name, value)
        told = dict(answer.headers).get("content-length", "0")
        self.send_header("Content-Length", told if self.command == "HEAD" else str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests read what was noted."""
