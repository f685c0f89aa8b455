"""The function's image on disk: found there, or fetched once for all calls of this environment."""

from __future__ import annotations

import os
import time

from scar_oci.store import DESCRIPTION, ImageStore

from .folder import remove_newer
from .function import WRITABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scar_oci.platform import Platform
    from scar_oci.store import StoredImage

    from .function import Function
    from .output import Log

STORE = os.fsdecode(WRITABLE) + "/udocker"
"""A udocker repository: `UDOCKER_DIR=/tmp/udocker udocker ps` lists the image."""

SCRATCH = (b"tmp", b"var/tmp")
"""Folders of the image that programs take for temporary: what a call leaves there goes with the call."""


def obtain(function: Function, log: Log) -> tuple[StoredImage, bool]:
    """The image, and whether it had to be pulled. Raises ImageError."""
    store = ImageStore(STORE)
    image = store.find(function.image_digest)
    if image is not None:
        return image, False
    # All that a pull needs is imported here: warm calls have no use for it.
    from scar_oci.reference import ImageReference
    from scar_oci.registry import Registry

    started = time.monotonic()
    reference = ImageReference.parse(function.image).with_digest(function.image_digest)
    with Registry(mirror=function.registry_mirror) as registry:
        image = store.pull(registry, registry.resolve(reference, _platform()))
    log.note(f"pulled {function.image} ({function.image_digest}) in {time.monotonic() - started:.1f} s")
    return image, True


def tidy(image: StoredImage) -> None:
    """Remove what a call left in the image's temporary folders."""
    pulled_ns = os.stat(os.path.join(os.path.dirname(image.rootfs), DESCRIPTION)).st_mtime_ns
    for folder in SCRATCH:
        remove_newer(os.path.join(os.fsencode(image.rootfs), folder), pulled_ns)


def _platform() -> Platform:
    from scar_oci.platform import Platform

    machine = os.uname().machine
    return Platform.of_lambda({"aarch64": "arm64"}.get(machine, machine))
