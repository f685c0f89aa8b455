"""The JSON documents of a registry, read into values: descriptors, manifests and indexes.

OCI: https://github.com/opencontainers/image-spec; Docker's second schema, of the same shape:
https://distribution.github.io/distribution/spec/manifest-v2-2/.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from scar_oci.errors import CorruptImage, InvalidReference, PlatformMissing, UnsupportedImage
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference, check_digest

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"

ACCEPTED = (OCI_INDEX, OCI_MANIFEST, DOCKER_INDEX, DOCKER_MANIFEST)
"""What we ask a registry for."""

_TELL_NOTHING = ("", "application/json", "application/octet-stream", "text/plain")
"""Types that servers give to documents of which they know nothing."""

CONFIG_TYPES = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)

_LAYER_TYPES = {
    "application/vnd.oci.image.layer.v1.tar": "",
    "application/vnd.oci.image.layer.v1.tar+gzip": "gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd": "zstd",
    "application/vnd.docker.image.rootfs.diff.tar": "",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": "zstd",
}

LARGEST_DOCUMENT = 4 * 1024 * 1024
"""Bytes of a manifest, index or config: what registries themselves accept
(https://github.com/opencontainers/distribution-spec/blob/main/spec.md, pushing manifests)."""

_MOST_LAYERS = 1000
"""Far above the 127 that overlay file systems can stack."""


class Descriptor(NamedTuple):
    """What a document says of another blob."""

    media_type: str
    digest: str
    size: int
    """Bytes, as stored in the registry: compressed."""

    @property
    def compression(self) -> str:
        """Of a layer: ``gzip``, ``zstd``, or empty for none. Raises UnsupportedImage."""
        try:
            return _LAYER_TYPES[self.media_type]
        except KeyError:
            raise UnsupportedImage(
                f"layer {self.digest[:19]} is of a type that cannot be unpacked: {self.media_type}"
            ) from None


class ResolvedImage(NamedTuple):
    """An image for one platform, named by the digest of its manifest: it cannot change any more."""

    reference: ImageReference
    digest: str
    platform: Platform
    config: Descriptor
    layers: tuple[Descriptor, ...]
    """Lowest first."""

    @property
    def download_size(self) -> int:
        """Bytes to fetch for the layers."""
        return sum(layer.size for layer in self.layers)

    @property
    def compressions(self) -> frozenset[str]:
        """How its layers are compressed, as `Descriptor.compression` has it."""
        return frozenset(layer.compression for layer in self.layers)


class Manifest(NamedTuple):
    """An image for one platform."""

    config: Descriptor
    layers: tuple[Descriptor, ...]


class Index(NamedTuple):
    """The same image for several platforms."""

    entries: tuple[tuple[Platform, Descriptor], ...]

    def choose(self, wanted: Platform, name: str) -> Descriptor:
        """The entry for ``wanted``: of the same variant if there is one, else of none. Raises
        PlatformMissing.

        As Docker does: an image for another variant may use instructions that Lambda's machines lack. An
        entry without a platform comes last: what it is for, its image's config says.
        """
        for acceptable in (wanted, wanted._replace(variant=""), Platform("", "")):
            for platform, descriptor in self.entries:
                if platform == acceptable:
                    return descriptor
        raise platform_missing(name, wanted, [platform for platform, _ in self.entries])


def platform_missing(name: str, wanted: Platform, offered: list[Platform]) -> PlatformMissing:
    """The error that says what there is in place of what was wanted."""
    found = ", ".join(sorted({str(platform) or "unknown" for platform in offered})) or "none"
    return PlatformMissing(
        f"the image {name} is not built for {wanted.os}/{wanted.architecture}, only for: {found}",
        hint="Choose an image, or a tag, for the function's architecture.",
    )


def parse(data: bytes, media_type: str, name: str) -> Manifest | Index:
    """The manifest or index in ``data``. ``media_type`` is what the registry or an index says of it.

    The document's own type counts, which OCI's may lack; where neither tells, what is in it decides.
    Raises UnsupportedImage for other documents, CorruptImage for malformed ones.
    """
    document = load_object(data, f"the manifest of {name}")
    kind = str(document.get("mediaType") or media_type.partition(";")[0].strip())
    if kind in _TELL_NOTHING:
        kind = _shape(document)
    if document.get("schemaVersion") == 1:
        raise UnsupportedImage(
            f"the image {name} is stored in Docker's first format (schema 1), which is no longer read",
            hint="Push it again with a current Docker, or convert it: skopeo copy --format oci ...",
        )
    try:
        if kind in (OCI_INDEX, DOCKER_INDEX):
            return _index(document)
        if kind in (OCI_MANIFEST, DOCKER_MANIFEST):
            return _manifest(document, name)
    except (KeyError, TypeError, ValueError, InvalidReference) as error:
        raise CorruptImage(f"the manifest of {name} is malformed: {error}") from error
    raise UnsupportedImage(
        f"{name} is not a container image: its manifest is of the type {kind[:100] or 'unknown'!r}"
    )


def _shape(document: dict[str, Any]) -> str:
    """The media type of a document that looks like an index or a manifest; empty if like none, or both."""
    is_index, is_manifest = "manifests" in document, "layers" in document
    if is_index == is_manifest:
        return ""
    return OCI_INDEX if is_index else OCI_MANIFEST


def load_object(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object in ``data``. Raises CorruptImage, naming ``what``."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CorruptImage(f"{what} is not valid JSON: {error}") from error
    if not isinstance(document, dict):
        raise CorruptImage(f"{what} is not a JSON object")
    return document


def _manifest(document: dict[str, Any], name: str) -> Manifest:
    config = descriptor_of(document["config"])
    if config.media_type not in CONFIG_TYPES:
        raise UnsupportedImage(
            f"{name} is not a container image: its config is of the type {config.media_type!r}"
        )
    layers = tuple(descriptor_of(layer) for layer in document["layers"])
    if len(layers) > _MOST_LAYERS:
        raise ValueError(f"{len(layers)} layers")
    for layer in layers:
        _ = layer.compression  # refuse foreign and unknown layers before anything is fetched
    return Manifest(config, layers)


def _index(document: dict[str, Any]) -> Index:
    entries = []
    for entry in document["manifests"]:
        if is_attestation(entry):
            continue
        descriptor = descriptor_of(entry)
        if descriptor.media_type in (OCI_MANIFEST, DOCKER_MANIFEST):
            entries.append((Platform.of_document(entry.get("platform") or {}), descriptor))
    return Index(tuple(entries))


def is_attestation(entry: dict[str, Any]) -> bool:
    """Whether an index entry is one of BuildKit's attestations, which are no images.

    They are listed as manifests of the platform unknown/unknown.
    """
    return "vnd.docker.reference.type" in (entry.get("annotations") or {})


def descriptor_of(document: dict[str, Any]) -> Descriptor:
    """The descriptor in a document. Raises KeyError, TypeError, ValueError and InvalidReference."""
    media_type, digest, size = document["mediaType"], document["digest"], document["size"]
    if not isinstance(media_type, str) or not isinstance(digest, str):
        raise TypeError("a descriptor's type and digest must be strings")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(f"not a size: {size!r}")
    check_digest(digest, "descriptor")
    return Descriptor(media_type, digest, size)
