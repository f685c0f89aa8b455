"""Images unpacked on disk, one folder each.

The store is a udocker repository, so that udocker runs what is unpacked here: an image is the udocker
container ``containers/<id>/``, its tree is ``containers/<id>/ROOT``, and ``containers/<id>/scar.json`` holds
what the warm path needs. An image appears under its name by one rename, after everything in it was verified:
what is there is complete.

This module is imported by every invocation. The network and the decompressors are imported when a pull
begins.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from scar_oci.config import ImageConfig
from scar_oci.runtime import Runtime

if TYPE_CHECKING:
    from collections.abc import Callable

    from scar_oci.manifest import ResolvedImage
    from scar_oci.source import Source

    Prepare = Callable[[str, ImageConfig], None]
    """Completes an image's tree, whose path it is given, for who runs it. May raise OSError."""

FORMAT = 1
"""Of ``scar.json``. An image stored in another format is garbage."""

DESCRIPTION = "scar.json"
ROOTFS = "ROOT"
CONTAINERS = "containers"


class StoredImage(NamedTuple):
    """A complete image on disk."""

    digest: str
    """Of the platform's manifest."""
    rootfs: str
    """Absolute path of the unpacked tree."""
    config: ImageConfig
    runtime: Runtime


class ImageStore:
    """The images below one folder. The folder need not exist yet."""

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)

    def find(self, digest: str) -> StoredImage | None:
        """The image whose manifest has this digest, if it is here. No network, one small file read."""
        folder = self.folder(digest)
        try:
            with open(os.path.join(folder, DESCRIPTION), encoding="utf-8") as file:
                document = json.load(file)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if document["format"] != FORMAT or document["digest"] != digest:
            return None
        return StoredImage(
            digest=digest,
            rootfs=os.path.join(folder, ROOTFS),
            config=ImageConfig.of_fields(document["config"]),
            runtime=Runtime.of_fields(document["runtime"]),
        )

    def pull(self, source: Source, image: ResolvedImage, prepare: Prepare | None = None) -> StoredImage:
        """Fetch, verify and unpack an image, in place of any other that is here. Raises ImageError.

        An image that is here already is found, not fetched. Processes that pull into one store take turns.
        ``prepare`` comes before the image appears: what is found was prepared.
        """
        from scar_oci import pull  # http.client, zlib, hashlib: 60 ms of CPU that a warm call must not pay

        return self.find(image.digest) or pull.pull(self, source, image, prepare)

    def folder(self, digest: str) -> str:
        """Absolute path of the image's udocker container, whether it exists or not."""
        return os.path.join(self.root, CONTAINERS, container_id(digest))


def container_id(digest: str) -> str:
    """The udocker container id of an image: the head of its digest, written as udocker writes a UUID."""
    head = digest.partition(":")[2][:32]
    return "-".join((head[:8], head[8:12], head[12:16], head[16:20], head[20:]))
