"""The image of a new function: asked of its registry, so that a wrong one is found first."""

from __future__ import annotations

from scar.errors import ScarError, UsageError


def resolve(image: str, architecture: str, mirror: str) -> str:
    """The digest of the image's manifest for a Lambda architecture.

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
            return registry.resolve(reference, Platform.of_lambda(architecture)).digest
    except InvalidReference as error:
        raise UsageError(str(error), hint=error.hint, kind="InvalidReference") from error
    except ImageError as error:
        raise ScarError(str(error), hint=error.hint, kind=type(error).__name__) from error
