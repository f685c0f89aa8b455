"""One registry, spoken to with the rights that its answers ask for.

Statuses become errors here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from http.client import HTTPException, HTTPResponse
from typing import NamedTuple
from urllib.parse import urljoin

from scar_oci.auth import Credentials, parse_challenges, read_token, token_url
from scar_oci.errors import (
    CorruptImage,
    ImageError,
    ImageNotFound,
    RateLimited,
    RegistryDenied,
    RegistryUnreachable,
)
from scar_oci.manifest import load_object
from scar_oci.retry import RetryPolicy
from scar_oci.transport import Origin, Transport, unreachable

_MOST_REDIRECTS = 5
_LARGEST_ANSWER = 1024 * 1024
"""Bytes of a token or an error."""


class Document(NamedTuple):
    """A small answer, read as a whole."""

    status: int
    headers: Message
    body: bytes


class Session:
    """A registry's API below one URL, such as ``https://registry-1.docker.io``.

    ``credentials`` is asked when the registry refuses what it was asked for without them.
    """

    def __init__(
        self,
        base: str,
        transport: Transport,
        retry: RetryPolicy,
        credentials: Callable[[], Credentials | None] = lambda: None,
    ) -> None:
        self.base = base
        self.retry = retry
        self._transport = transport
        self._credentials = credentials
        self._given: Credentials | None = None
        self._authorizations: dict[str, str] = {}  # by repository

    def document(
        self, repository: str, path: str, what: str, headers: dict[str, str], limit: int
    ) -> Document:
        """The answer to a GET of ``/v2/<repository>/<path>``, up to ``limit`` bytes of it. Raises ImageError.

        ``what`` is asked for, in words for an error. Temporary errors are retried.
        """
        failures = 0
        while True:
            try:
                response = self.open(repository, path, what, headers)
                return Document(response.status, response.headers, _read(response, self.base, limit))
            except ImageError as error:
                failures += 1
                self.retry.wait(failures, error)

    def open(self, repository: str, path: str, what: str, headers: dict[str, str]) -> HTTPResponse:
        """The same as a response to read from, before the next call. Nothing is retried."""
        url = f"{self.base}/v2/{repository}/{path}"
        response = self._follow(url, self._with_rights(repository, headers))
        if response.status == 401:
            # No token yet, or an expired one: a new token gets one chance.
            self._authorize(response, repository)
            response = self._follow(url, self._with_rights(repository, headers))
        if response.status not in (200, 206):
            raise self._error(response, what)
        return response

    def _with_rights(self, repository: str, headers: dict[str, str]) -> dict[str, str]:
        if repository not in self._authorizations:
            return headers
        return {**headers, "Authorization": self._authorizations[repository]}

    def _follow(self, url: str, headers: dict[str, str]) -> HTTPResponse:
        for _ in range(_MOST_REDIRECTS):
            response = self._transport.get(url, headers)
            location = response.getheader("Location")
            if response.status not in (301, 302, 303, 307, 308) or not location:
                return response
            _read(response, self.base)
            url, headers = self._redirected(url, location, headers)
        raise RegistryUnreachable(f"{self.base} redirects in circles", temporary=False)

    def _redirected(self, url: str, location: str, headers: dict[str, str]) -> tuple[str, dict[str, str]]:
        """Blobs are often kept elsewhere: that server must not see our token."""
        before = Origin.of(url)
        try:
            target = urljoin(url, location)
            after = Origin.of(target)
        except ValueError as error:
            message = f"{self.base} redirects to no usable address"
            raise RegistryUnreachable(message, temporary=False) from error
        if before.scheme == "https" and after.scheme == "http":
            raise RegistryUnreachable(f"{self.base} redirects from https to plain http", temporary=False)
        if before != after:
            headers = {name: value for name, value in headers.items() if name != "Authorization"}
        return target, headers

    def _authorize(self, refusal: HTTPResponse, repository: str) -> None:
        """Get what the registry's 401 asks for. Raises RegistryDenied."""
        self._given = credentials = self._credentials()
        challenges = parse_challenges(", ".join(refusal.headers.get_all("WWW-Authenticate") or ()))
        _read(refusal, self.base)
        for challenge in challenges:
            if challenge.scheme == "bearer":
                url = token_url(challenge, f"repository:{repository}:pull")
                self._authorizations[repository] = f"Bearer {self._token(url, credentials)}"
                return
            if challenge.scheme == "basic" and credentials:
                self._authorizations[repository] = credentials.basic
                return
        raise self._denied(repository)

    def _token(self, url: str, credentials: Credentials | None) -> str:
        try:
            origin = Origin.of(url)
        except ValueError as error:
            raise RegistryDenied(f"{self.base} wants a token from no usable address") from error
        if origin.scheme == "http" and not (origin.is_loopback or self.base.startswith("http://")):
            raise RegistryDenied(f"{self.base} wants a token from a server without TLS: {origin}")
        headers = {"Authorization": credentials.basic} if credentials else {}
        response = self._transport.get(url, headers)
        if response.status != 200:
            raise self._error(response, f"token from {origin}")
        return read_token(_read(response, str(origin)))

    def _error(self, response: HTTPResponse, what: str) -> ImageError:
        status = response.status
        if status == 416:
            return CorruptImage(f"{self.base} has less of {what} than its manifest says")
        said = _explanation(_read(response, self.base))
        if status in (401, 403):
            return self._denied(what, said)
        if status == 404:
            return ImageNotFound(f"{self.base} has no {what}{said}")
        if status == 429:
            return _rate_limited(self.base, response)
        temporary = status >= 500 or status == 408
        return RegistryUnreachable(
            f"{self.base} answered {status} {response.reason}{said}", temporary=temporary
        )

    def _denied(self, what: str, said: str = "") -> RegistryDenied:
        # Docker Hub answers 401, not 404, for a repository that does not exist.
        if self._given:
            return RegistryDenied(
                f"{self.base} refuses the credentials that it was given: they are not for {what},"
                f" or it does not exist{said}",
                hint=self._given.renewal,
            )
        return RegistryDenied(
            f"{self.base} refuses access: {what} does not exist, or is private{said}",
            hint="Check the spelling of the image's name. A private image needs credentials: `docker login`"
            " on this machine, --registry-secret for the function.",
        )


def _rate_limited(base: str, response: HTTPResponse) -> RateLimited:
    header = response.getheader("Retry-After", "")
    asked = header if header.isascii() and header.isdigit() else ""  # it may also be a date
    error = RateLimited(
        f"{base} limits how often images are pulled from this address"
        + (f", and asks to come back in {asked} s" if asked else ""),
        hint="Try again later, or set a registry mirror (SCAR_REGISTRY_MIRROR).",
    )
    error.retry_after = float(asked or 0)
    return error


def _read(response: HTTPResponse, server: str, limit: int = _LARGEST_ANSWER) -> bytes:
    try:
        data = response.read(limit)
    except (OSError, HTTPException) as error:
        raise unreachable(server, error) from error
    # http.client takes a body that ends too early for a whole one if it is read in pieces.
    if len(data) < limit and response.length:
        raise unreachable(server, ConnectionError("the answer ended early"))
    return data


def _explanation(body: bytes) -> str:
    """What the registry says about an error, in the form of the distribution specification, if it does."""
    try:
        message = str(load_object(body, "error")["errors"][0]["message"])
    except (ImageError, KeyError, IndexError, TypeError):
        return ""
    return f" ({''.join(character for character in message if character.isprintable())[:200]})"
