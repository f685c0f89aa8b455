"""A place in a bucket."""

from __future__ import annotations

from dataclasses import dataclass

from scar import limits

_SCHEME = "s3://"


@dataclass(frozen=True)
class Address:
    """A bucket, and what keys in it begin with: exactly as it was written, empty for all of them."""

    bucket: str
    prefix: str = ""

    @property
    def folder(self) -> str:
        """The prefix as that of a folder: empty, or with a slash at its end."""
        return self.prefix if not self.prefix or self.prefix.endswith("/") else f"{self.prefix}/"

    def __str__(self) -> str:
        return f"{self.bucket}/{self.prefix}" if self.prefix else self.bucket


def parse(text: str, source: str) -> Address:
    """``BUCKET``, ``BUCKET/PREFIX``, or the same behind ``s3://``. Raises UsageError."""
    bucket, _, prefix = text.removeprefix(_SCHEME).partition("/")
    limits.location(bucket, prefix, source)
    return Address(bucket, prefix)
