"""A real registry, its client and a store, and what tests ask of them."""

from __future__ import annotations

from dataclasses import dataclass

from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry, RetryPolicy
from scar_oci.store import ImageStore, StoredImage
from tests.oci.layers import Image, Pusher

AMD64 = Platform.of_lambda("x86_64")
HASTY = RetryPolicy(attempts=4, first_delay=0.01, longest_wait=1.0)


@dataclass(frozen=True)
class Lab:
    """A registry to push to, a client of it, and a store to pull into."""

    pusher: Pusher
    registry: Registry
    store: ImageStore

    def pull(self, name: str) -> StoredImage:
        """What a user gets who names an image."""
        image = self.registry.resolve(ImageReference.parse(name), AMD64)
        return self.store.pull(self.registry, image)

    def roundtrip(self, image: Image, repository: str = "test/image") -> StoredImage:
        """Push an image and pull it."""
        digest = self.pusher.push(repository, "latest", image)
        return self.pull(f"{repository}@{digest}")
