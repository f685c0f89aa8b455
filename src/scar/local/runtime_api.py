"""Lambda's Runtime API, by which the runtime in an environment gets its events and gives its responses.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import queue
import socket
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

PREFIX = "/2018-06-01/runtime"


class Invocation(NamedTuple):
    """One call of a function."""

    request_id: str
    payload: bytes
    client_context: str = ""
    """JSON, empty if the caller gave none."""


class Handed(NamedTuple):
    """An invocation as the runtime gets it."""

    invocation: Invocation
    arn: str
    deadline: float
    """Seconds since the epoch."""


class Ready(NamedTuple):
    """The runtime asks for the next event: its init phase, or its last invocation, is over."""


class Response(NamedTuple):
    """The handler returned."""

    request_id: str
    payload: bytes


class HandlerError(NamedTuple):
    """The handler raised."""

    request_id: str
    payload: bytes


class InitError(NamedTuple):
    """The handler could not be loaded."""

    payload: bytes


class Exited(NamedTuple):
    """The runtime's process has ended."""

    wait_status: int | None


Signal = Ready | Response | HandlerError | InitError | Exited


class Session:
    """The talk with one runtime process, from its start to its end."""

    def __init__(self) -> None:
        self.signals: queue.SimpleQueue[Signal] = queue.SimpleQueue()
        """What happened, for the one thread that runs the invocation."""
        self.events: queue.SimpleQueue[Handed | None] = queue.SimpleQueue()
        """What the runtime is to do next. None: the session is over."""


class RuntimeApi(ThreadingHTTPServer):
    """The server of one environment, on a free port of loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.session = Session()
        threading.Thread(target=self._accept, daemon=True, name="runtime-api").start()

    @property
    def address(self) -> str:
        """HOST:PORT, as AWS_LAMBDA_RUNTIME_API has it."""
        return f"127.0.0.1:{self.server_port}"

    def renew(self) -> Session:
        """Begin with a new runtime process. No process of the last session may be alive."""
        self.session.events.put(None)
        self.session = Session()
        return self.session

    def close(self) -> None:
        """Stop listening."""
        self.session.events.put(None)
        self.socket.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A runtime that is killed leaves its connections: that is no error of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def _accept(self) -> None:
        """Unlike `serve_forever` this ends at once when the socket does."""
        while True:
            try:
                request, address = self.socket.accept()
            except OSError:
                return
            self.process_request(request, address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: RuntimeApi

    def do_GET(self) -> None:
        session = self.server.session
        if self.path != f"{PREFIX}/invocation/next":
            self._answer(404)
            return
        session.signals.put(Ready())
        handed = session.events.get()
        if handed is None:
            self.close_connection = True
        else:
            self._answer(200, handed.invocation.payload, _headers(handed))

    def do_POST(self) -> None:
        session = self.server.session
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match self.path.removeprefix(PREFIX).split("/")[1:]:
            case ["invocation", request_id, "response"]:
                session.signals.put(Response(request_id, body))
            case ["invocation", request_id, "error"]:
                session.signals.put(HandlerError(request_id, body))
            case ["init", "error"]:
                session.signals.put(InitError(body))
            case _:
                self._answer(404)
                return
        self._answer(202, b'{"status":"OK"}\n')

    def _answer(self, status: int, body: bytes = b"{}", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The function's log is no place for our access log."""


def _headers(handed: Handed) -> dict[str, str]:
    headers = {
        "Lambda-Runtime-Aws-Request-Id": handed.invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(int(handed.deadline * 1000)),
        "Lambda-Runtime-Invoked-Function-Arn": handed.arn,
        "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
    }
    if handed.invocation.client_context:
        headers["Lambda-Runtime-Client-Context"] = handed.invocation.client_context
    return headers
