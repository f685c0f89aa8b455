"""One image from its source, a registry or files, to a complete folder in the store, in one pass.

    source -> blob stream (size, digest) -> decompressor -> tar entries -> files below a temporary name
                                                                             | survey, prepare, description
                                                                             v
                                                                             rename

Nothing compressed touches the disk, so the store never takes more than the tree. What a crash leaves behind
has a temporary name and is removed by the next pull.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scar_oci import udocker
from scar_oci.compression import decompressed
from scar_oci.config import ImageConfig
from scar_oci.errors import ImageError, NotEnoughSpace, UnsafeLayer
from scar_oci.manifest import ResolvedImage
from scar_oci.source import Source
from scar_oci.store import CONTAINERS, DESCRIPTION, FORMAT, ROOTFS, ImageStore, StoredImage, container_id
from scar_oci.survey import survey
from scar_oci.tar import Entry, TarReader
from scar_oci.tree import remove_tree
from scar_oci.unpack import Unpacker, disk_size

if TYPE_CHECKING:
    from scar_oci.store import Prepare

_INCOMING = "incoming"
"""Folder in the store for trees that are being made or removed: garbage to everybody who holds the lock."""

_LOCK = "lock"

_MOST = 10 * 1024 * 1024 * 1024
"""Bytes of /tmp that a Lambda function can have: what needs more fits nowhere."""

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_BAD_NAME = (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)

_LAMBDA_NAMES = {"amd64": "x86_64", "arm64": "arm64"}


def pull(
    store: ImageStore, source: Source, image: ResolvedImage, prepare: Prepare | None = None
) -> StoredImage:
    """Fetch an image that is not in the store, in place of those that are. Raises ImageError."""
    config = source.config(image)  # before anything is removed: it may be unreadable
    try:
        os.makedirs(store.root, exist_ok=True)
        with _locked(store.root):
            found = store.find(image.digest)  # somebody else may have had the lock until now
            if found is None:
                _make_room(store, source, image)
                found = _fill(store, source, image, config, prepare)
            return found
    except OSError as error:
        raise _of_system(error, image) from error


def _fill(
    store: ImageStore, source: Source, image: ResolvedImage, config: ImageConfig, prepare: Prepare | None
) -> StoredImage:
    """Unpack below a temporary name, prepare, describe, rename. On any error, leave nothing."""
    folder = os.path.join(store.root, _INCOMING, container_id(image.digest))
    final = store.folder(image.digest)
    available = _available(store.root)
    rootfs = os.fsencode(os.path.join(folder, ROOTFS))
    os.makedirs(rootfs)
    try:
        needed = _unpack(source, image, rootfs, available)
        architecture = _LAMBDA_NAMES.get(image.platform.architecture, image.platform.architecture)
        runtime = survey(rootfs, architecture, dict(config.env).get("PATH", ""))
        stored = StoredImage(image.digest, os.path.join(final, ROOTFS), config, runtime)
        try:
            if prepare is not None:
                prepare(os.fsdecode(rootfs), config)
            udocker.describe(folder, stored.rootfs, image, source.config_document(image), runtime)
            _describe(folder, stored)
        except OSError as error:
            if error.errno in _NO_SPACE:
                raise _not_enough(image, needed, available) from error
            raise
        os.rename(folder, final)
    except BaseException:
        remove_tree(os.fsencode(folder))
        raise
    udocker.name(store.root, image)
    return stored


def _describe(folder: str, stored: StoredImage) -> None:
    """Write what ``ImageStore.find`` reads."""
    document = {
        "format": FORMAT,
        "digest": stored.digest,
        "config": stored.config._asdict(),
        "runtime": stored.runtime._asdict(),
    }
    with open(os.path.join(folder, DESCRIPTION), "w", encoding="utf-8") as file:
        json.dump(document, file)


def _unpack(source: Source, image: ResolvedImage, rootfs: bytes, available: int) -> int:
    """All layers into ``rootfs``, and the bytes that they need there.

    If they do not fit, what is there is removed, and the rest is read only to say how much they would need,
    unless that is more than any function has.
    """
    unpacker = Unpacker(rootfs)
    needed = 0
    full = False
    for layer in image.layers:
        what = f"layer {layer.digest[:19]} of {image.reference.short}"
        reader = TarReader(decompressed(source.open_blob(image, layer), layer.compression, what), what)
        unpacker.begin_layer()
        for entry in reader:
            needed += disk_size(entry)
            if not full and not _fits(unpacker, entry, reader):
                full = True
                remove_tree(rootfs)
            if full and needed > _MOST:
                raise _not_enough(image, needed, available, "at least ")
    if full:
        raise _not_enough(image, needed, available)
    unpacker.finish()
    return needed


def _fits(unpacker: Unpacker, entry: Entry, reader: TarReader) -> bool:
    try:
        unpacker.add(entry, reader.data())
    except OSError as error:
        if error.errno in _NO_SPACE:
            return False
        raise
    return True


def _make_room(store: ImageStore, source: Source, image: ResolvedImage) -> None:
    """Remove what crashes left, and the images that this one replaces: together they might not fit.

    Images are renamed first, so that a half-removed one is not taken for an image.
    """
    udocker.lay_out(store.root)
    incoming = os.path.join(store.root, _INCOMING)
    containers = os.path.join(store.root, CONTAINERS)
    os.makedirs(incoming, exist_ok=True)
    for name in os.listdir(incoming):
        remove_tree(os.fsencode(os.path.join(incoming, name)))
    for name in os.listdir(containers):
        condemned = os.path.join(incoming, name)
        os.rename(os.path.join(containers, name), condemned)
        remove_tree(os.fsencode(condemned))
    available = _available(store.root)
    if image.download_size > available:  # the tree is larger still
        needed = source.unpacked_size(image) or image.download_size
        raise _not_enough(image, needed, available, "at least ")


@contextmanager
def _locked(root: str) -> Iterator[None]:
    """Wait until nobody else pulls into this store. The kernel releases the lock when a process dies."""
    descriptor = os.open(os.path.join(root, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _available(path: str) -> int:
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def _not_enough(image: ResolvedImage, needed: int, available: int, bound: str = "") -> NotEnoughSpace:
    return NotEnoughSpace(
        f"the image {image.reference.short} does not fit: it needs {bound}{_megabytes(needed)}, "
        f"there are {_megabytes(available)}",
        needed=needed,
        available=available,
        hint="Choose a smaller image, or give the function more space in /tmp.",
    )


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f} MB"


def _of_system(error: OSError, image: ResolvedImage) -> ImageError:
    """What the operating system refused, in words; its refusal of a name is the layer's fault."""
    message = f"the image {image.reference.short} cannot be unpacked: {error.strerror or error}"
    if error.errno in _BAD_NAME:
        return UnsafeLayer(message)
    where = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
    return ImageError(message + where)
