"""A blob of a registry as a stream of bytes that are trusted only at its end."""

from __future__ import annotations

import hashlib
from http.client import HTTPException, HTTPResponse

from scar_oci.errors import CorruptImage, ImageError
from scar_oci.manifest import Descriptor
from scar_oci.session import Session
from scar_oci.transport import unreachable

_DISCARD = 256 * 1024


class BlobStream:
    """Reads one blob, resuming where a connection broke, and verifies size and digest when the last byte is
    read.

    Whoever reads must read to the end (until ``readinto`` answers 0) before using what was read for good.
    """

    def __init__(self, session: Session, repository: str, descriptor: Descriptor, what: str) -> None:
        self._session = session
        self._repository = repository
        self._descriptor = descriptor
        self._what = what
        self._hash = hashlib.new(descriptor.digest.partition(":")[0])
        self._position = 0
        self._failures = 0
        self._response: HTTPResponse | None = None

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer`` as far as bytes come; 0 at the end of the blob, once it is verified.

        Raises CorruptImage, or another ImageError if the registry fails for good.
        """
        wanted = min(len(buffer), self._descriptor.size - self._position)
        if not wanted:
            self._verify()
            return 0
        count = self._read(buffer[:wanted])
        self._hash.update(buffer[:count])
        self._position += count
        return count

    def read(self) -> bytes:
        """All of a small blob, verified."""
        data = bytearray(self._descriptor.size)
        with memoryview(data) as view:
            while self.readinto(view[self._position :]):
                pass
        return bytes(data)

    def _read(self, buffer: memoryview) -> int:
        """At least one byte. Temporary errors are retried from where they struck."""
        while True:
            try:
                count = self._read_once(buffer)
                if count:
                    return count
                raise self._cut()
            except ImageError as error:
                self._response = None
                self._failures += 1
                self._session.retry.wait(self._failures, error)

    def _read_once(self, buffer: memoryview) -> int:
        if self._response is None:
            self._response = self._request()
        try:
            return self._response.readinto(buffer)
        except (OSError, HTTPException) as error:
            raise unreachable(self._session.base, error) from error

    def _request(self) -> HTTPResponse:
        headers = {"Range": f"bytes={self._position}-"} if self._position else {}
        path = f"blobs/{self._descriptor.digest}"
        response = self._session.open(self._repository, path, self._what, headers)
        if response.status == 206:
            start = (response.getheader("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
            if start != str(self._position):
                raise CorruptImage(f"{self._session.base} sent another part of {self._what} than asked for")
        elif self._position:
            _discard(response, self._position, self._session.base)  # it cannot resume
        return response

    def _cut(self) -> ImageError:
        """The answer ended before the blob did: the connection broke, or that is all the registry has."""
        response = self._response
        complete = response is not None and response.getheader("Content-Length") and response.length == 0
        return CorruptImage(
            f"{self._what} is cut short: {self._position} of {self._descriptor.size} bytes came",
            temporary=not complete,
        )

    def _verify(self) -> None:
        if self._response is not None and self._read_once(memoryview(bytearray(1))):
            raise CorruptImage(f"{self._what} is longer than the {self._descriptor.size} bytes announced")
        algorithm, _, expected = self._descriptor.digest.partition(":")
        actual = self._hash.hexdigest()
        if actual != expected:
            raise CorruptImage(
                f"{self._what} was altered: its digest is {algorithm}:{actual}",
                hint="The registry, or something before it, damages data. Try again, or push it again.",
            )


def _discard(response: HTTPResponse, size: int, server: str) -> None:
    buffer = bytearray(_DISCARD)
    with memoryview(buffer) as view:
        while size:
            try:
                count = response.readinto(view[: min(size, _DISCARD)])
            except (OSError, HTTPException) as error:
                raise unreachable(server, error) from error
            if not count:
                raise unreachable(server, ConnectionError("it ended early"))
            size -= count
