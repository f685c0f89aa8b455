"""What an image is unpacked from: a registry, or files that hold the same documents and blobs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from scar_oci.compression import Blob
from scar_oci.config import ImageConfig
from scar_oci.errors import CorruptImage
from scar_oci.manifest import LARGEST_DOCUMENT, Descriptor, ResolvedImage, load_object, platform_missing
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference

__all__ = ["Blob", "Source"]

_TRAILER = 4
"""Bytes at the end of a gzip member that tell its size unpacked (RFC 1952)."""
_LEAST_GZIP = 18


class Source(ABC):
    """Gives the documents and layers of images that were resolved there. All methods raise ImageError."""

    @abstractmethod
    def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        """The image that ``reference`` names there, for ``platform``."""

    @abstractmethod
    def open_blob(self, image: ResolvedImage, layer: Descriptor) -> Blob:
        """A stream of one of the image's layers, as stored: verified when its last byte is read."""

    @abstractmethod
    def _config_blob(self, image: ResolvedImage) -> bytes:
        """The image's config, verified."""

    @abstractmethod
    def _tail(self, image: ResolvedImage, layer: Descriptor, size: int) -> bytes | None:
        """The last bytes of a layer; None if they cannot be had without the others."""

    def config_document(self, image: ResolvedImage) -> bytes:
        """The image's config as it is stored: JSON, verified."""
        if image.config.size > LARGEST_DOCUMENT:
            raise CorruptImage(
                f"the config of {image.reference.short} claims {image.config.size} bytes,"
                f" {LARGEST_DOCUMENT} are allowed"
            )
        return self._config_blob(image)

    def config(self, image: ResolvedImage) -> ImageConfig:
        """How the image wants to be run."""
        try:
            return ImageConfig.of_document(self._config(image))
        except TypeError as error:
            raise CorruptImage(f"the config of {image.reference.short} is malformed: {error}") from error

    def unpacked_size(self, image: ResolvedImage) -> int | None:
        """Bytes of the image's tar streams: what it takes on disk, but for the rounding to blocks.

        An estimate from the trailers of the gzip layers, four bytes each; None where they do not tell (zstd,
        a layer of several members or above 4 GiB, a registry that sends no ranges).
        """
        total = 0
        for layer in image.layers:
            size = layer.size if not layer.compression else self._gzip_size(image, layer)
            if size is None:
                return None
            total += size
        return total

    def _checked(self, image: ResolvedImage) -> ResolvedImage:
        """The image, unless its config says that it is for another platform than was asked for."""
        built_for = Platform.of_document(self._config(image))
        pairs = zip(built_for[:2], image.platform[:2], strict=True)
        if any(said not in ("", asked) for said, asked in pairs):
            raise platform_missing(image.reference.short, image.platform, [built_for])
        return image

    def _config(self, image: ResolvedImage) -> dict[str, Any]:
        return load_object(self.config_document(image), f"the config of {image.reference.short}")

    def _gzip_size(self, image: ResolvedImage, layer: Descriptor) -> int | None:
        if layer.compression != "gzip" or layer.size < _LEAST_GZIP:
            return None
        tail = self._tail(image, layer, _TRAILER)
        if tail is None:
            return None
        size = int.from_bytes(tail, "little")
        # RFC 1952: the size of the last member, modulo 2**32. Less than the compressed bytes cannot be the
        # whole.
        return size if size >= layer.size else None
