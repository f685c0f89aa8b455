"""The HTTP server of the local cloud: moto's application, on connections that stay.

werkzeug's own server, which moto starts, closes each connection behind its answer, after it has waited 10 ms
for more input. SDKs then connect anew for every request, and each connection is a thread here: that was more
than half of what a request cost. Here a connection goes on, for the whole of a request is read before it is
answered.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from scar.local import s3

_LOG = logging.getLogger(__name__)
_WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class Server:
    """moto's server on a free port of loopback, in a thread of this process."""

    def __init__(self) -> None:
        self._server: BaseWSGIServer = make_server(
            "127.0.0.1", 0, _Dispatcher(_create_app), threaded=True, request_handler=_Handler
        )
        threading.Thread(target=self._server.serve_forever, daemon=True, name="moto").start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"


def _create_app(service: Any) -> Any:
    """moto's application for a service, without the help for its developers that each request pays for."""
    if service == "s3":
        return s3.application
    app = create_backend_app(service)
    app.debug = False
    return app


class _Dispatcher(DomainDispatcherApplication):
    """Remembers which service a host is: moto lists the folder of its services for each request."""

    def __init__(self, create_app: Any) -> None:
        super().__init__(create_app)
        self._known: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._known:
            self._known[host] = super().get_backend_for_host(host)
        return self._known[host]


class _Handler(MotoRequestHandler):
    """One connection: a request after the other, each read to its end before the application sees it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        """Answer one request. (werkzeug's handler calls this for each.)"""
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._body(environ))
        response = _Response()
        try:
            pieces = self.server.app(environ, response.start)
            try:
                self._send(response, pieces)
            finally:
                if hasattr(pieces, "close"):
                    pieces.close()
        except ConnectionError:
            self.close_connection = True
        except Exception:  # noqa: BLE001 - as every server: the next request is not to suffer
            _LOG.exception("%s %s failed", self.command, self.path)
            self.close_connection = True
            if not response.is_sent:
                self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """There is no access log: werkzeug's would be formatted for each request, and then be dropped."""

    def _body(self, environ: dict[str, Any]) -> bytes:
        source = environ["wsgi.input"]
        if environ.get("wsgi.input_terminated"):  # chunked, which werkzeug undoes
            return bytes(source.read())
        return bytes(source.read(int(self.headers.get("Content-Length") or 0)))

    def _send(self, response: _Response, pieces: Iterable[bytes]) -> None:
        """Status, headers and body in one write, unless the body is long."""
        head = self.command == "HEAD" or response.status in _WITHOUT_BODY
        if not head and response.length is None:
            pieces = [b"".join(pieces)]
            response.headers.append(("Content-Length", str(len(pieces[0]))))
        self.send_response(response.status, response.reason)
        for name, value in response.headers:
            self.send_header(name, value)
        response.is_sent = True
        buffered: list[bytes] = getattr(self, "_headers_buffer", [])
        buffered.append(b"\r\n")
        for piece in () if head else pieces:
            buffered.append(piece)
            if sum(map(len, buffered)) > _AT_ONCE:
                self.wfile.write(b"".join(buffered))
                buffered.clear()
        self.wfile.write(b"".join(buffered))
        buffered.clear()


_AT_ONCE = 1 << 20


class _Response:
    """What the application says before the body."""

    def __init__(self) -> None:
        self.status, self.reason = 0, ""
        self.headers: list[tuple[str, str]] = []
        self.is_sent = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """WSGI's start_response."""
        del exc_info
        code, _, self.reason = status.partition(" ")
        self.status, self.headers = int(code), list(headers)
        return None

    @property
    def length(self) -> str | None:
        """What Content-Length says."""
        return next((value for name, value in self.headers if name.lower() == "content-length"), None)
