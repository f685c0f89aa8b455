"""HTTP connections: kept open per server, through proxies where the environment says so.

http.client rather than urllib3: 45 against 128 ms of CPU to import, 14 times that in a function of 128 MB.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from scar_oci.errors import RegistryUnreachable

_TIMEOUT = 30.0
"""Seconds without a byte, while connecting or reading."""

USER_AGENT = "scar"


class Origin(NamedTuple):
    """A server, in the sense of RFC 6454: what may see the same secrets."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of an http or https URL. Raises ValueError for others."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not a URL of http or https: {url!r}")
        return cls(parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))

    @property
    def is_loopback(self) -> bool:
        """True for names and addresses of this machine."""
        return is_loopback(self.host)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = self.port == (443 if self.scheme == "https" else 80)
        return f"{self.scheme}://{host}" + ("" if default else f":{self.port}")


def is_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1: what Docker, too, asks without TLS."""
    numbers = host.split(".")
    is_ipv4 = len(numbers) == 4 and all(number.isascii() and number.isdigit() for number in numbers)
    return host in ("localhost", "::1") or (is_ipv4 and numbers[0] == "127")


class Transport:
    """Sends requests, one at a time. Errors of the network come out as RegistryUnreachable."""

    def __init__(self) -> None:
        self._open: dict[Origin, tuple[http.client.HTTPConnection, http.client.HTTPResponse]] = {}

    def get(self, url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """The answer to one GET, whatever its status. It ends with the next one to the same server.

        Do not close it: one that is read to its end leaves its connection to the next, any other takes it
        along.
        """
        origin = Origin.of(url)
        connection = self._reusable(origin)
        if connection is not None:
            try:
                return self._exchange(connection, origin, url, headers)
            except RegistryUnreachable as error:
                if not error.temporary:
                    raise
                # The server may have closed the idle connection: that says nothing about a new one.
        return self._exchange(_connection(origin), origin, url, headers)

    def close(self) -> None:
        """Close all connections."""
        for connection, _ in self._open.values():
            connection.close()
        self._open.clear()

    def _reusable(self, origin: Origin) -> http.client.HTTPConnection | None:
        if origin not in self._open:
            return None
        connection, response = self._open.pop(origin)
        if response.isclosed() and connection.sock is not None:
            return connection
        response.close()
        connection.close()
        return None

    def _exchange(
        self, connection: http.client.HTTPConnection, origin: Origin, url: str, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        target, extra = _target(connection, origin, url)
        try:
            connection.request("GET", target, headers={"User-Agent": USER_AGENT, **headers, **extra})
            response = connection.getresponse()
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            connection.close()
            raise unreachable(str(origin), error) from error
        self._open[origin] = connection, response
        return response


def unreachable(server: str, error: Exception) -> RegistryUnreachable:
    """The error of ours for one of the network's, and whether another attempt makes sense."""
    if isinstance(error, ssl.SSLError):
        return _untrusted(server, error)
    if isinstance(error, socket.gaierror):
        return RegistryUnreachable(
            f"{server} cannot be found: {error.strerror}",
            hint="Check the network and the proxy. For images that `make demo` built, SCAR_REGISTRY_MIRROR"
            " names their registry.",
            temporary=error.errno == socket.EAI_AGAIN,
        )
    if isinstance(error, UnicodeError | http.client.InvalidURL):
        return RegistryUnreachable(f"{server} cannot be asked: not a valid address", temporary=False)
    if isinstance(error, ConnectionRefusedError):
        hint = "Is it running, and is the address right?"
        if is_loopback(urlsplit(server).hostname or ""):
            hint += " `make registry`, in the checkout, starts the one with the images of the demo."
        return RegistryUnreachable(
            f"{server} does not answer: the connection was refused",
            hint=hint,
            temporary=False,
        )
    if isinstance(error, TimeoutError):
        return RegistryUnreachable(f"{server} does not answer: nothing came for {_TIMEOUT:.0f} s")
    reason = str(error) or type(error).__name__
    return RegistryUnreachable(f"the connection to {server} broke: {reason}")


def _untrusted(server: str, error: ssl.SSLError) -> RegistryUnreachable:
    if isinstance(error, ssl.SSLCertVerificationError):
        return RegistryUnreachable(
            f"{server} cannot be trusted: {error.verify_message}",
            hint="If its certificate is signed by your own authority, name that one's file in SSL_CERT_FILE.",
            temporary=False,
        )
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        return RegistryUnreachable(f"{server} does not speak TLS", temporary=False)
    return RegistryUnreachable(f"the connection to {server} broke: {error.reason or error}")


def _connection(origin: Origin) -> http.client.HTTPConnection:
    proxy = _proxy(origin)
    if origin.scheme == "http":
        server = Origin.of(proxy) if proxy else origin
        return http.client.HTTPConnection(server.host, server.port, timeout=_TIMEOUT)
    if not proxy:
        return http.client.HTTPSConnection(origin.host, origin.port, timeout=_TIMEOUT)
    server = Origin.of(proxy)
    connection = http.client.HTTPSConnection(server.host, server.port, timeout=_TIMEOUT)
    connection.set_tunnel(origin.host, origin.port, headers=_proxy_authorization(proxy))
    return connection


def _target(connection: http.client.HTTPConnection, origin: Origin, url: str) -> tuple[str, dict[str, str]]:
    """The request line's target, and headers for a proxy: plain http through one names the whole URL."""
    if origin.scheme == "http" and (connection.host, connection.port) != (origin.host, origin.port):
        return url, _proxy_authorization(_proxy(origin) or "")
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), {}


def _proxy(origin: Origin) -> str | None:
    """The proxy from http_proxy, https_proxy, all_proxy and no_proxy. This machine itself needs none."""
    if origin.is_loopback or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies, proxy_bypass  # 25 ms of CPU; few have a proxy

    proxies = getproxies()
    address = proxies.get(origin.scheme) or proxies.get("all")
    if not address or proxy_bypass(f"{origin.host}:{origin.port}"):
        return None
    return address if "://" in address else f"http://{address}"


def _proxy_authorization(proxy: str) -> dict[str, str]:
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    from scar_oci.auth import Credentials

    credentials = Credentials(unquote(parts.username), unquote(parts.password or ""))
    return {"Proxy-Authorization": credentials.basic}
