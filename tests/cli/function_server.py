"""Lambda as `scar run` sees it, over HTTP: one function that exists, and answers that a test has prepared."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from scar_supervisor import contract
from tests.http_server import Server

NAME = "cowsay"
REQUEST_ID = "3c5f2a1e-0000-4000-8000-000000000001"
LOG_TAIL = (
    f"END RequestId: {REQUEST_ID}\n"
    f"REPORT RequestId: {REQUEST_ID}\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 51 MB\t\n"
)


@dataclass
class Answer:
    """What the server says to one Invoke."""

    payload: bytes = b""
    status: int = 200
    error: str = ""
    hang: bool = False

    @classmethod
    def of(cls, result: contract.Result) -> Answer:
        return cls(json.dumps(result.to_document()).encode())

    @classmethod
    def failure(cls, kind: str, message: str) -> Answer:
        return cls(json.dumps({"errorType": kind, "errorMessage": message}).encode(), error="Unhandled")

    @classmethod
    def throttled(cls) -> Answer:
        return cls(
            json.dumps({"Type": "User", "message": "Rate Exceeded.", "Reason": "x"}).encode(), status=429
        )


@dataclass
class FunctionServer:
    """The prepared answers, the last of which is given for ever, and the calls that came."""

    answers: list[Answer] = field(default_factory=list)
    calls: list[contract.Call] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    """``RequestResponse`` or ``Event``, of each call."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """Of every GET."""
    configuration: dict[str, Any] = field(
        default_factory=lambda: {
            "FunctionName": NAME,
            "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{NAME}",
            "Handler": contract.HANDLER,
            "MemorySize": 128,
            "Timeout": 1,
            "Environment": {"Variables": {contract.ENV_IMAGE: "grycap/cowsay"}},
        }
    )
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving() -> Iterator[FunctionServer]:
    """A server on loopback, for as long as the context."""
    state = FunctionServer()

    class Handler(_Handler):
        server_state = state

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        state.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield state
        finally:
            state.released.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_state: FunctionServer

    def do_GET(self) -> None:
        self.server_state.headers.append(dict(self.headers))
        if self.path == f"/2015-03-31/functions/{NAME}/configuration":
            self._send(200, json.dumps(self.server_state.configuration).encode())
        else:
            body = {"Type": "User", "Message": f"Function not found: {self.path}"}
            self._send(404, json.dumps(body).encode(), {"x-amzn-ErrorType": "ResourceNotFoundException"})

    def do_POST(self) -> None:
        state = self.server_state
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        state.calls.append(contract.Call.from_payload(body))
        state.kinds.append(self.headers.get("X-Amz-Invocation-Type", "RequestResponse"))
        if state.kinds[-1] == "Event":
            self._send(202, b"")
            return
        answer = state.next_answer()
        if answer.hang:
            state.released.wait()
            return
        headers = {"X-Amz-Log-Result": base64.b64encode(LOG_TAIL.encode()).decode()}
        if answer.error:
            headers["X-Amz-Function-Error"] = answer.error
        if answer.status == 429:
            headers["x-amzn-ErrorType"] = "TooManyRequestsException"
        self._send(answer.status, answer.payload, headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"x-amzn-RequestId": REQUEST_ID, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""
