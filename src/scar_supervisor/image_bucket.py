"""An image's blobs as objects in a bucket: those of `scar init --image-file` that no package could hold.

They are read as streams, and verified, as those of a registry are: nothing compressed is stored.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

from scar_oci.errors import ImageError, RegistryDenied
from scar_oci.layout import Layout

from . import s3
from .contract import IMAGE_PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_ATTEMPTS = 5
"""Connections that may break while one object is read."""
_PERMIT = "scar role create, with --package-bucket BUCKET and what else the role is for, permits that"


@contextmanager
def opened(url: str, deadline: float) -> Iterator[Layout]:
    """The images in a bucket, given as ``s3://BUCKET``, until a deadline of ``time.monotonic``."""
    with s3.client(deadline) as client:
        yield Layout(_Bucket(client, url.removeprefix("s3://")), url)


class _Bucket:
    """A layout's files."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def open(self, path: str) -> _Object:
        file = _Object(self._client, self._bucket, IMAGE_PREFIX + path)
        file.request()
        return file


class _Object:
    """One file, read on behind a broken connection from where it broke."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._position = 0
        self._failures = 0
        self._body: Any = None

    def request(self) -> None:
        """Ask for what comes from the position on. Raises FileNotFoundError and ImageError."""
        part = {"Range": f"bytes={self._position}-"} if self._position else {}
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key, **part)
        except s3.errors() as error:
            if s3.is_missing(error):
                raise FileNotFoundError(self._key) from error
            reason, hint = s3.not_read(error)
            raise RegistryDenied(
                f"s3://{self._bucket}/{self._key}: {reason}", hint=hint and _PERMIT
            ) from error
        self._body = answer["Body"]

    def readinto(self, buffer: memoryview, /) -> int:
        from botocore.exceptions import BotoCoreError

        while True:
            if self._body is None:
                self.request()
            try:
                data = self._body.read(len(buffer))
            except BotoCoreError as error:
                self.close()
                self._failures += 1
                if self._failures == _ATTEMPTS:
                    where = f"s3://{self._bucket}/{self._key}"
                    raise ImageError(f"{where} could not be read: {error}", temporary=True) from error
            else:
                buffer[: len(data)] = data
                self._position += len(data)
                return len(data)

    def seek(self, position: int, /) -> int:
        self.close()
        self._position = position
        return position

    def close(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None
