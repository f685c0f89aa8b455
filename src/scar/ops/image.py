"""The image of a function: asked of its registry, or of a file, so that a wrong one is found first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scar.errors import ScarError, UsageError

if TYPE_CHECKING:
    from scar_oci.layout import Layout
    from scar_oci.manifest import ResolvedImage
    from scar_oci.reference import ImageReference
    from scar_oci.source import Source


@dataclass(frozen=True)
class Found:
    """An image as its registry has it."""

    digest: str
    """Of its manifest for the architecture that was asked for."""
    compressed: int
    """Bytes of its layers as they are stored."""
    unpacked: int | None
    """Bytes of their tar streams, an estimate; None if the registry does not tell."""


def resolve(image: str, architecture: str, mirror: str) -> Found:
    """The image for a Lambda architecture.

    Raises UsageError for what is no image's name, and ScarError for an image that is missing, not for the
    architecture, or cannot be asked for.
    """
    with of_registry(image, architecture, mirror) as (source, found):
        return Found(found.digest, found.download_size, source.unpacked_size(found))


@contextmanager
def of_registry(image: str, architecture: str, mirror: str) -> Iterator[tuple[Source, ResolvedImage]]:
    """The image, and where its layers are had from. Raises as `resolve` does, also in the context."""
    from scar_oci.platform import Platform  # the registry's client is needed by few commands
    from scar_oci.reference import ImageReference
    from scar_oci.registry import Registry

    with told(), Registry(mirror or None) as registry:
        reference = ImageReference.parse(image)
        yield registry, registry.resolve(reference, Platform.of_lambda(architecture))


@contextmanager
def of_file(path: str, name: str, architecture: str) -> Iterator[tuple[Source, ResolvedImage]]:
    """The same out of a file or folder. ``name``, if not empty, chooses among several images in it."""
    from scar_oci.image_file import opened
    from scar_oci.platform import Platform
    from scar_oci.reference import ImageReference

    with told(), opened(path) as layout:
        reference = ImageReference.parse(name) if name else _name_in(layout, path)
        yield layout, layout.resolve(reference, Platform.of_lambda(architecture))


@contextmanager
def told() -> Iterator[None]:
    """Errors of images as the client's own."""
    from scar_oci.errors import ImageError, InvalidReference

    try:
        yield
    except InvalidReference as error:
        raise UsageError(str(error), hint=error.hint, kind="InvalidReference") from error
    except ImageError as error:
        raise ScarError(str(error), hint=error.hint, kind=type(error).__name__) from error


def _name_in(layout: Layout, path: str) -> ImageReference:
    """What the image in a file is called: as the file says, else as the file is called."""
    from scar_oci.errors import InvalidReference
    from scar_oci.reference import ImageReference

    names = [named.name for named in layout.images()]
    stem = os.path.basename(os.path.normpath(path)).partition(".")[0].lower()
    for name in (*names[:1], stem):
        try:
            return ImageReference.parse(name)
        except InvalidReference:
            continue
    return ImageReference.parse("image")
