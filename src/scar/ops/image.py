"""The image of a new function: asked of its registry, so that a wrong one is found first."""

from __future__ import annotations

from dataclasses import dataclass

from scar.errors import ScarError, UsageError


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
    from scar_oci.errors import ImageError, InvalidReference  # the registry's client is needed by init alone
    from scar_oci.platform import Platform
    from scar_oci.reference import ImageReference
    from scar_oci.registry import Registry

    try:
        reference = ImageReference.parse(image)
        with Registry(mirror or None) as registry:
            found = registry.resolve(reference, Platform.of_lambda(architecture))
            size = sum(layer.size for layer in found.layers)
            return Found(found.digest, size, registry.unpacked_size(found))
    except InvalidReference as error:
        raise UsageError(str(error), hint=error.hint, kind="InvalidReference") from error
    except ImageError as error:
        raise ScarError(str(error), hint=error.hint, kind=type(error).__name__) from error
