"""The function's image on disk: found there, or fetched once for all calls of this environment."""

from __future__ import annotations

import functools
import os
import time
from contextlib import nullcontext, suppress

from scar_oci.store import DESCRIPTION, ImageStore

from . import contract
from .function import WRITABLE
from .scratch import NotRestorable, Scratch, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from scar_oci.config import ImageConfig
    from scar_oci.platform import Platform
    from scar_oci.source import Source
    from scar_oci.store import StoredImage

    from .function import Function
    from .output import Log

STORE = os.fsdecode(WRITABLE) + "/udocker"
"""A udocker repository: `UDOCKER_DIR=/tmp/udocker udocker ps` lists the image."""


def obtain(function: Function, log: Log, deadline: float) -> tuple[StoredImage, bool]:
    """The image, and whether it had to be pulled, before a deadline of ``time.monotonic``.

    Raises ImageError, and NoTimeLeft.
    """
    image = _find(function.image_digest)
    if image is not None:
        return image, False
    # All that a pull needs is imported here: warm calls have no use for it.
    from scar_oci.reference import ImageReference

    from .f1 import disregarded

    started = time.monotonic()
    reference = ImageReference.parse(function.image).with_digest(function.image_digest)
    with _source(function, deadline) as source:
        image = ImageStore(STORE).pull(source, source.resolve(reference, _platform()), _prepare)
    log.note(f"pulled {function.image} ({function.image_digest}) in {time.monotonic() - started:.1f} s")
    if wish := disregarded(image.config):
        log.note(wish)
    return image, True


def _prepare(rootfs: str, config: ImageConfig) -> None:
    """Complete a tree that was just unpacked. Raises OSError."""
    from .furnish import furnish

    furnish(os.fsencode(rootfs), config.volumes)
    record(os.fsencode(rootfs), config.volumes)


def _source(function: Function, deadline: float) -> AbstractContextManager[Source]:
    """Where the function's image is fetched from."""
    if not function.image_source:
        from scar_oci.registry import Registry

        if not function.registry_secret:
            return Registry(mirror=function.registry_mirror)
        from .secret import Secret

        return Registry(mirror=function.registry_mirror, credentials=Secret(function.registry_secret))
    if function.image_source == contract.IMAGE_IN_PACKAGE:
        from scar_oci.layout import Folder, Layout

        folder = os.path.join(function.task_root, contract.IMAGE_FOLDER)
        return nullcontext(Layout(Folder(folder), "the function's package"))
    from .image_bucket import opened

    return opened(function.image_source, deadline)


def _find(digest: str) -> StoredImage | None:
    try:
        return _read(digest, os.stat(_description(digest)).st_ctime_ns)
    except (FileNotFoundError, NotADirectoryError):
        return None


@functools.cache
def _description(digest: str) -> str:
    return os.path.join(ImageStore(STORE).folder(digest), DESCRIPTION)


@functools.lru_cache(maxsize=1)  # parsing it was a third of what a warm call does before its program
def _read(digest: str, _ctime_ns: int) -> StoredImage | None:
    image = ImageStore(STORE).find(digest)
    # A call that Lambda killed, and its process with it, has left what it had.
    return None if image is None or _restore(image) else image


def tidy(image: StoredImage, log: Log) -> None:
    """Leave nothing of a call in the image's temporary folders and volumes, or give the image up."""
    if reason := _restore(image):
        log.note(f"the next call fetches the image anew: {reason}")


def _restore(image: StoredImage) -> str:
    """Make temporary folders and volumes as the image has them. Else take it from the store, and say why."""
    description = _description(image.digest)
    try:
        _scratch(image.rootfs, os.stat(description).st_ctime_ns).tidy()
    except (NotRestorable, OSError) as error:
        with suppress(FileNotFoundError):
            os.unlink(description)
        return str(error)
    return ""


@functools.lru_cache(maxsize=1)
def _scratch(rootfs: str, _ctime_ns: int) -> Scratch:
    return Scratch.load(os.fsencode(rootfs))


def _platform() -> Platform:
    from scar_oci.platform import Platform

    machine = os.uname().machine
    return Platform.of_lambda({"aarch64": "arm64"}.get(machine, machine))
