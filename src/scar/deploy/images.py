"""Images where the user has them: in a registry, or in a file on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scar.errors import ScarError, UsageError

if TYPE_CHECKING:
    from scar.deploy.docker_login import DockerLogin
    from scar_oci.layout import Layout
    from scar_oci.manifest import ResolvedImage
    from scar_oci.reference import ImageReference
    from scar_oci.source import Source


@contextmanager
def of_registry(image: str, architecture: str, mirror: str) -> Iterator[tuple[Source, ResolvedImage]]:
    """The image, and where its layers are had from. Errors are told as `told` does, also in the context."""
    from scar.deploy.docker_login import DockerLogin
    from scar_oci.platform import Platform  # the registry's client is needed by few commands
    from scar_oci.reference import ImageReference
    from scar_oci.registry import Registry

    login = DockerLogin()
    with told(), _with_reason(login), Registry(mirror or None, login) as registry:
        reference = ImageReference.parse(image)
        yield registry, registry.resolve(reference, Platform.of_lambda(architecture))


@contextmanager
def of_file(path: str, name: str, architecture: str) -> Iterator[tuple[Layout, ResolvedImage]]:
    """The same out of a file or folder. ``name``, if not empty, chooses among several images in it."""
    from scar_oci.platform import Platform
    from scar_oci.reference import ImageReference

    with opened(path) as layout:
        reference = ImageReference.parse(name) if name else _name_in(layout, path)
        yield layout, layout.resolve(reference, Platform.of_lambda(architecture))


@contextmanager
def opened(path: str) -> Iterator[Layout]:
    """The images in a file or folder. Errors are told as `told` does, also in the context."""
    from scar_oci import image_file

    with told(), image_file.opened(path) as layout:
        yield layout


@contextmanager
def told() -> Iterator[None]:
    """Raises UsageError for what is no image's name, and ScarError for other errors of images."""
    from scar_oci.errors import ImageError, InvalidReference

    try:
        yield
    except InvalidReference as error:
        raise UsageError(str(error), hint=error.hint, kind="InvalidReference") from error
    except ImageError as error:
        raise ScarError(str(error), hint=error.hint, kind=type(error).__name__) from error


@contextmanager
def _with_reason(login: DockerLogin) -> Iterator[None]:
    """Of an image that is refused, say also why there are no credentials for it."""
    from scar_oci.errors import RegistryDenied

    try:
        yield
    except RegistryDenied as error:
        if login.trouble is None:
            raise
        raise RegistryDenied(f"{error}; {login.trouble.message}", hint=login.trouble.hint) from error


def _name_in(layout: Layout, path: str) -> ImageReference:
    """What the image in a file is called: as the file says, else as the file is called."""
    from scar_oci.errors import InvalidReference
    from scar_oci.reference import ImageReference

    stem = os.path.basename(os.path.normpath(path)).partition(".")[0].lower()
    for name in (layout.name(), stem):
        try:
            return ImageReference.parse(name)
        except InvalidReference:
            continue
    return ImageReference.parse("image")
