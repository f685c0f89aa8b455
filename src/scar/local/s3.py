"""moto's S3 as an application of its own.

It is asked several times for each file, and moto's way to it (Flask, with contexts, routes and sessions) is a
quarter of a request, and finds no key with a line end. Here a path has a bucket and perhaps a key, and that
is all there is to route.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from moto.moto_server.werkzeug_app import BackendRequest
from moto.s3.models import FakeKey
from moto.s3.responses import S3Response
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer a request (WSGI)."""
    request = BackendRequest(environ)
    _, _, key = request.raw_path[1:].partition("/")
    answer = _Answer.key_dispatch if key else _Answer.bucket_dispatch
    content: Any
    try:
        status, headers, content = answer(request, request.raw_url, dict(request.headers))
    except HTTPException as error:
        return error.get_response(environ)(environ, start_response)
    start_response(f"{status} {HTTPStatus(status).phrase}", Headers(headers).to_wsgi_list())
    if isinstance(content, _Content):
        return content
    return [content.encode() if isinstance(content, str) else content]


class _Answer(S3Response):
    """moto's answer to one request."""

    @staticmethod
    def subdomain_based_buckets(request: Any) -> bool:
        """The local cloud has an address and no name. (moto parses it five times.)"""
        del request
        return False

    def _get_key(self, validate_storage_class: bool = True) -> tuple[Any, bool]:
        """moto reads all of an object for each part of it."""
        key, not_modified = super()._get_key(validate_storage_class)
        return (_InParts(key) if "range" in self.headers else key), not_modified


class _InParts:
    """An object whose content is not read before it is known which part."""

    def __init__(self, key: FakeKey) -> None:
        self._key = key
        self.value = _Content(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._key, name)


class _Content:
    """Stands for the bytes of an object where moto takes a slice of them."""

    def __init__(self, key: FakeKey) -> None:
        self._key = key

    def __len__(self) -> int:
        return int(self._key.contentsize)

    def __getitem__(self, part: slice) -> bytes:
        with self._key.lock:
            self._key._value_buffer.seek(part.start)
            return self._key._value_buffer.read(part.stop - part.start)

    def __iter__(self) -> Iterator[bytes]:
        """All of it: moto takes no slice for a range that it does not understand."""
        yield self._key.value
