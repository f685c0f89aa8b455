"""One image, a registry that may misbehave, and a store: what the tests of failures play with."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

from scar_oci.reference import ImageReference
from scar_oci.registry import Credentials, Registry
from scar_oci.store import ImageStore, StoredImage
from tests.oci.lab import AMD64, HASTY
from tests.oci.layers import OCI_LAYER, Layer, file, gz, image, tar
from tests.oci.unreliable import Request, UnreliableRegistry

CONTENT = random.Random(1).randbytes(700_000)
PACKED = Layer(gz(tar(file("data", CONTENT))))
PLAIN = Layer(tar(file("data", CONTENT)), OCI_LAYER)
IMAGE = image(PACKED)


def is_layer(request: Request) -> bool:
    return request.path.endswith((PACKED.descriptor["digest"], PLAIN.descriptor["digest"]))


@dataclass
class Scene:
    server: UnreliableRegistry
    store: ImageStore

    def pull(self, name: str = "test/image", credentials: Credentials | None = None) -> StoredImage:
        rights = {self.server.host: credentials} if credentials else None
        with Registry(mirror=self.server.url, credentials=rights, retry=HASTY) as registry:
            return self.store.pull(registry, registry.resolve(ImageReference.parse(name), AMD64))

    def assert_whole(self, pulled: StoredImage) -> None:
        with open(os.path.join(pulled.rootfs, "data"), "rb") as data:
            assert data.read() == CONTENT
        assert self.store.find(pulled.digest) == pulled

    def assert_nothing_left(self) -> None:
        root = Path(self.store.root)
        assert self.store.find(IMAGE.digest) is None
        assert [path for folder in ("containers", "incoming") for path in (root / folder).glob("*")] == []
