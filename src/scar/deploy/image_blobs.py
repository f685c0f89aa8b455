"""The blobs of an image that the user has in a file, in a function's package, or in a bucket.

In a bucket they lie under their digests, and functions share them: neither an update nor `scar rm` removes
them. What is there already is not put there again.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scar.aws.pieces import Place
from scar.aws.session import Aws
from scar.aws.transfers import PART_BYTES
from scar.deploy import images
from scar.deploy.payload import File
from scar.deploy.steps import Step
from scar_supervisor.contract import IMAGE_PREFIX

if TYPE_CHECKING:
    from scar_oci.layout import Layout
    from scar_oci.manifest import Descriptor, ResolvedImage
    from scar_oci.source import Blob as Stream

_CONTENT_TYPE = "application/octet-stream"
_AT_ONCE = 4
"""Requests that put parts of one blob."""


@dataclass(frozen=True)
class Blob:
    """One blob in a file, and the bucket that it is for."""

    file: str
    image: ResolvedImage
    descriptor: Descriptor
    bucket: str

    @property
    def key(self) -> str:
        return IMAGE_PREFIX + _path(self.descriptor)


@dataclass(frozen=True)
class PutBlob(Step):
    blob: Blob
    account: str

    def describe(self) -> str:
        return f"put {self.blob.descriptor.size:,} bytes of the image to {self._place}"

    def apply(self, aws: Aws) -> None:
        blob = self.blob
        with images.opened(blob.file) as layout, aws.transfers(_AT_ONCE, PART_BYTES) as transfers:
            stream = io.BufferedReader(_Reader(layout.open_blob(blob.image, blob.descriptor)))
            place = Place(blob.bucket, blob.key, self.account)
            transfers.upload(stream, place, content_type=_CONTENT_TYPE, progress=_unseen)

    def undo(self, aws: Aws) -> str:
        aws.buckets.delete_object(self.blob.bucket, self.blob.key)
        return self._place

    @property
    def _place(self) -> str:
        return f"s3://{self.blob.bucket}/{self.blob.key}"


def steps(aws: Aws, blobs: Iterable[Blob], account: str) -> tuple[PutBlob, ...]:
    """Those that put what is not there yet."""
    return tuple(PutBlob(blob, account) for blob in blobs if not aws.buckets.has(blob.bucket, blob.key))


def for_bucket(path: str, layout: Layout, image: ResolvedImage, bucket: str) -> tuple[Blob, ...]:
    """All blobs of an image in the file ``path``."""
    return tuple(Blob(path, image, one, bucket) for one in _descriptors(layout, image))


def packed(layout: Layout, image: ResolvedImage) -> tuple[File, ...]:
    """All blobs of an image as files of a package, verified."""
    return tuple(
        File(_path(one), _Reader(layout.open_blob(image, one)).readall())
        for one in _descriptors(layout, image)
    )


def _descriptors(layout: Layout, image: ResolvedImage) -> Iterator[Descriptor]:
    """Manifest, config and layers, each once. The manifest comes last: an image is there when it is."""
    from scar_oci.manifest import OCI_MANIFEST, Descriptor

    manifest = Descriptor(OCI_MANIFEST, image.digest, len(layout.document(image.digest)))
    found = {one.digest: one for one in (*image.layers, image.config, manifest)}
    yield from found.values()


def _path(descriptor: Descriptor) -> str:
    return f"blobs/{descriptor.digest.replace(':', '/')}"


def _unseen(count: int) -> None:
    del count


class _Reader(io.RawIOBase):
    """A blob as Python's files are read."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._stream.readinto(buffer)
