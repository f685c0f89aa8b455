"""The image of a function: asked of its registry, or of a file, so that a wrong one is found first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scar import limits
from scar.deploy import image_blobs, images
from scar.deploy.image_blobs import Blob
from scar.deploy.payload import File
from scar.errors import ScarError
from scar_supervisor import contract

if TYPE_CHECKING:
    from scar_oci.manifest import ResolvedImage
    from scar_oci.source import Source


@dataclass(frozen=True)
class Found:
    """An image as its registry, or a file, has it."""

    name: str
    """As the user wrote it, or as the file says."""
    digest: str
    """Of its manifest for the architecture that was asked for."""
    compressed: int
    """Bytes of its layers as they are stored."""
    unpacked: int | None
    """Bytes of their tar streams, an estimate; None if the registry does not tell."""
    has_zstd: bool = False
    """Whether a layer is compressed with zstd."""
    packed: tuple[File, ...] = ()
    """Its blobs, if they go into the package."""
    blobs: tuple[Blob, ...] = ()
    """Its blobs, if they go into a bucket."""

    @property
    def source(self) -> str:
        """Where the function is to fetch it from, as ENV_IMAGE_SOURCE has it; empty: its registry."""
        if self.packed:
            return contract.IMAGE_IN_PACKAGE
        return f"s3://{self.blobs[0].bucket}" if self.blobs else ""


def resolve(image: str, architecture: str, mirror: str) -> Found:
    """The image for a Lambda architecture.

    Raises UsageError for what is no image's name, and ScarError for an image that is missing, not for the
    architecture, or cannot be asked for.
    """
    with images.of_registry(image, architecture, mirror) as (source, found):
        return _found(image, source, found)


def in_file(path: str, name: str, architecture: str, bucket: str) -> Found:
    """The image in a file or folder, for the package if it has room, else for the bucket.

    ``name``, if not empty, chooses among several. Raises as `resolve` does, and ScarError for an image that
    no package holds if ``bucket`` is empty.
    """
    with images.of_file(path, name, architecture) as (layout, found):
        called = name or found.reference.familiar
        size = found.download_size
        about = _found(called, layout, found)
        if size <= _MOST_PACKED:
            return replace(about, packed=image_blobs.packed(layout, found))
        if bucket:
            return replace(about, blobs=image_blobs.for_bucket(path, layout, found, bucket))
    raise ScarError(
        f"the image in {path} has {size / limits.MIB:,.0f} MB, more than a package can hold",
        hint="name a bucket that it can be put into: --package-bucket",
    )


def _found(name: str, source: Source, image: ResolvedImage) -> Found:
    return Found(
        name=name,
        digest=image.digest,
        compressed=image.download_size,
        unpacked=source.unpacked_size(image),
        has_zstd="zstd" in image.compressions,
    )


_MOST_PACKED = limits.PACKAGE_BYTES - 5 * limits.MIB
"""Bytes of layers in a package that is sent along: the rest is for SCAR, the kit and the user's files."""
