"""AWS as `scar run -es` sees it, over HTTP: a bucket, one function and its log, with what goes wrong on AWS.

Each key is known by a contract.Call's object. What the server does with one is decided by functions of the
test's; it counts what came, what it took, and how much was in flight at once.
"""

from __future__ import annotations

import json
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

from scar_supervisor import contract
from scar_supervisor.contract import Call, Processed, Result
from tests.http_server import Server

NAME = "cow"
BUCKET = "pictures"
PAGE = 1000
GROUP = f"/aws/lambda/{NAME}"

TAKE = 202
THROTTLE = 429
HANG_UP = 0
"""What a test answers to a call: a status. HANG_UP: close the connection without a word."""


@dataclass
class BatchServer:
    """The state, which tests read and change."""

    keys: list[str] = field(default_factory=list)
    answer: Callable[[str], int] = lambda key: TAKE
    """The status for an asynchronous call of this key."""
    outcomes: Callable[[str], list[str]] = lambda key: [""]
    """The errors of the calls that Lambda makes for the key, in their order; empty: it succeeds."""
    first: Callable[[Call], Result | int] = lambda call: Result("id", GROUP, "s", exit_code=0)
    """The result of a synchronous call, or a status."""
    lines: Callable[[str, str], list[str]] = lambda key, request_id: []
    """What else comes to the log for a key that was taken, with this request id."""
    written: datetime = datetime(2026, 11, 21, 10, tzinfo=UTC)
    """When all objects were."""
    delay: float = 0.0
    """Seconds before the answer to a call."""
    retries: int | None = None
    calls: list[Call] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    """How often each key was taken, also by a call whose answer was lost."""
    answers: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0
    keep_calls: bool = True
    log: list[tuple[int, str]] = field(default_factory=list)
    """Times in milliseconds, and messages."""
    log_statuses: list[int] = field(default_factory=list)
    """Of the next answers of the log, if not 200: an error, or HANG_UP."""
    log_page: int = 10_000
    log_requests: list[dict[str, Any]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    accepted: int = 0
    """Connections, until now."""
    connections: set[socket.socket] = field(default_factory=set)
    url: str = ""

    def write(self, *messages: str) -> None:
        """Add to the function's log."""
        now = int(time.time() * 1000)
        self.log.extend((now, message) for message in messages)


@contextmanager
def serving() -> Iterator[BatchServer]:
    """A server on loopback, for as long as the context."""
    state = BatchServer()

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
            for connection in list(state.connections):
                connection.shutdown(socket.SHUT_RDWR)


def report(request_id: str, *, status: str = "", init: bool = False) -> str:
    """Lambda's line for a call of 100 ms."""
    started = "\tInit Duration: 200.00 ms" if init else ""
    ended = f"\tStatus: {status}" if status else ""
    return (
        f"REPORT RequestId: {request_id}\tDuration: 100.00 ms\tBilled Duration: 100 ms\tMemory Size: 128 MB"
        f"\tMax Memory Used: 50 MB{started}{ended}\t\n"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_state: BatchServer

    def setup(self) -> None:
        super().setup()
        self.server_state.connections.add(self.connection)
        self.server_state.accepted += 1

    def finish(self) -> None:
        self.server_state.connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == f"/2015-03-31/functions/{NAME}/configuration":
            self._send_json(_CONFIGURATION)
        elif url.path == f"/2019-09-25/functions/{NAME}/event-invoke-config":
            retries = self.server_state.retries
            if retries is None:
                self._send_error(404, "ResourceNotFoundException")
            else:
                self._send_json({"MaximumRetryAttempts": retries, "MaximumEventAgeInSeconds": 3600})
        elif url.path == f"/{BUCKET}":
            self._send(200, _page(self.server_state, parse_qs(url.query)))
        else:
            self._send(404, b"<Error><Code>NoSuchBucket</Code><Message>no such bucket</Message></Error>")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("X-Amz-Target") == "Logs_20140328.FilterLogEvents":
            self._answer_for_log(json.loads(body))
            return
        state = self.server_state
        with state.lock:
            state.in_flight += 1
            state.most_in_flight = max(state.most_in_flight, state.in_flight)
        try:
            state.released.wait(state.delay)
            kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
            self._invoke(Call.from_payload(json.loads(body)), kind)
        finally:
            with state.lock:
                state.in_flight -= 1

    def _invoke(self, call: Call, kind: str) -> None:
        state = self.server_state
        assert call.object is not None
        key = call.object[1]
        answer = state.first(call) if kind == "RequestResponse" else state.answer(key)
        status = answer if isinstance(answer, int) else 200
        request_id = str(uuid.uuid4())
        with state.lock:
            if state.keep_calls:
                state.calls.append(call)
                state.kinds.append(kind)
            state.answers[status] += 1
            state.taken[key] += status in (200, TAKE, HANG_UP)
        if isinstance(answer, Result):
            document = answer._replace(request_id=request_id).to_document()
            self._send_json(document, request_id=request_id)
        elif status == TAKE:
            self._make_calls(key, request_id)
            self._send(TAKE, b"", {"x-amzn-RequestId": request_id})
        elif status == HANG_UP:
            self.close_connection = True
        else:
            self._send_error(status, _CODES.get(status, "ServiceException"))

    def _make_calls(self, key: str, request_id: str) -> None:
        for error in self.server_state.outcomes(key):
            processed = Processed(request_id, BUCKET, key, exit_code=int(bool(error)), error=error)
            self.server_state.write(processed.line(), report(request_id))
        self.server_state.write(*self.server_state.lines(key, request_id))

    def _answer_for_log(self, asked: dict[str, Any]) -> None:
        statuses = self.server_state.log_statuses
        status = statuses.pop(0) if statuses else 200
        if status == 200:
            self._send_json(self._log(asked))
        elif status == HANG_UP:
            self.close_connection = True
        else:
            body = {"__type": "ThrottlingException", "message": "Rate exceeded"}
            self._send(status, json.dumps(body).encode())

    def _log(self, asked: dict[str, Any]) -> dict[str, Any]:
        state = self.server_state
        state.log_requests.append(asked)
        start = int(asked.get("nextToken", 0))
        events = list(enumerate(state.log))[start : start + state.log_page]
        found = [
            {"eventId": str(number), "logStreamName": "s", "timestamp": at, "message": message}
            for number, (at, message) in events
            if at >= asked.get("startTime", 0)
        ]
        end = start + len(events)
        return {"events": found, **({"nextToken": str(end)} if end < len(state.log) else {})}

    def _send_json(self, document: Any, *, request_id: str = "x") -> None:
        self._send(200, json.dumps(document).encode(), {"x-amzn-RequestId": request_id})

    def _send_error(self, status: int, code: str) -> None:
        body = {"Type": "User", "message": f"said {status}"}
        self._send(status, json.dumps(body).encode(), {"x-amzn-ErrorType": code})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""


_CODES = {
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    THROTTLE: "TooManyRequestsException",
    503: "ServiceUnavailable",
}

_CONFIGURATION = {
    "FunctionName": NAME,
    "FunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{NAME}",
    "Handler": contract.HANDLER,
    "MemorySize": 128,
    "Timeout": 1,
    "Environment": {"Variables": {contract.ENV_IMAGE: "grycap/cowsay"}},
}


def _page(state: BatchServer, query: dict[str, list[str]]) -> bytes:
    """One page of ListObjectsV2, with its keys encoded, as botocore asks for."""
    start = int(query.get("continuation-token", ["0"])[0])
    chosen = [key for key in state.keys if key.startswith(query.get("prefix", [""])[0])]
    items = "".join(
        f"<Contents><Key>{escape(quote(key))}</Key><LastModified>{state.written:%FT%T.000Z}</LastModified>"
        "<ETag>&quot;x&quot;</ETag><Size>1</Size></Contents>"
        for key in chosen[start : start + PAGE]
    )
    end = start + PAGE
    more = f"<NextContinuationToken>{end}</NextContinuationToken>" if end < len(chosen) else ""
    truncated = "true" if more else "false"
    return (
        f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{truncated}</IsTruncated>"
        f"{more}{items}</ListBucketResult>"
    ).encode()
