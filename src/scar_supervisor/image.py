"""The function's image on disk: found there, or fetched once for all calls of this environment."""

from __future__ import annotations

import functools
import json
import os
import time
from contextlib import nullcontext

from scar_oci.store import DESCRIPTION, ROOTFS, ImageStore

from . import contract
from .folder import remove_newer
from .function import WRITABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from scar_oci.config import ImageConfig
    from scar_oci.platform import Platform
    from scar_oci.source import Source
    from scar_oci.store import StoredImage

    from .function import Function
    from .output import Log

STORE = os.fsdecode(WRITABLE) + "/udocker"
"""A udocker repository: `UDOCKER_DIR=/tmp/udocker udocker ps` lists the image."""

SCRATCH = (b"tmp", b"var/tmp", b"dev/shm")
"""Folders of the image that programs take for temporary: what a call leaves there goes with the call.

So does what it leaves in a VOLUME, which Docker makes anew for each container.
"""

_SCRATCH_LIST = "scratch.json"
"""File beside the image that names the folders of the image in which calls may leave something."""


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
    _list_scratch(rootfs, config.volumes)


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
    return ImageStore(STORE).find(digest)


def tidy(image: StoredImage) -> None:
    """Remove what a call left in the image's temporary folders, and in the image's own folders in them."""
    pulled_ns = os.stat(_description(image.digest)).st_mtime_ns
    folders = _scratch(os.path.dirname(image.rootfs), pulled_ns)
    for folder in folders:
        remove_newer(folder, pulled_ns, kept=folders)


def _list_scratch(rootfs: str, volumes: Iterable[str]) -> None:
    rootfs = os.path.realpath(rootfs)
    folders = (*map(os.fsdecode, SCRATCH), *(volume.strip("/") for volume in volumes))
    tops = (os.path.realpath(os.path.join(rootfs, folder)) for folder in folders)
    inside = [parent for top in tops if top.startswith(rootfs + "/") for parent, _, _ in os.walk(top)]
    with open(os.path.join(os.path.dirname(rootfs), _SCRATCH_LIST), "w", encoding="utf-8") as file:
        json.dump([os.path.relpath(folder, rootfs) for folder in inside], file)


@functools.lru_cache(maxsize=1)
def _scratch(container: str, _pulled_ns: int) -> frozenset[bytes]:
    """The folders that may hold what calls leave."""
    rootfs = os.fsencode(os.path.join(container, ROOTFS))
    with open(os.path.join(container, _SCRATCH_LIST), encoding="utf-8") as file:
        listed = json.load(file)
    return frozenset(os.path.join(rootfs, folder) for folder in (*SCRATCH, *map(os.fsencode, listed)))


def _platform() -> Platform:
    from scar_oci.platform import Platform

    machine = os.uname().machine
    return Platform.of_lambda({"aarch64": "arm64"}.get(machine, machine))
