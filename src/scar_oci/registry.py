"""From a reference to an image's manifest, config and layers."""

from __future__ import annotations

import hashlib
from types import TracebackType
from typing import Self

from scar_oci.auth import Credentials, Keyring
from scar_oci.blob import BlobStream
from scar_oci.errors import CorruptImage, InvalidReference
from scar_oci.manifest import (
    ACCEPTED,
    LARGEST_DOCUMENT,
    Descriptor,
    Index,
    Manifest,
    ResolvedImage,
    parse,
)
from scar_oci.platform import Platform
from scar_oci.reference import DOCKER_HUB, ImageReference
from scar_oci.retry import RetryPolicy
from scar_oci.session import Session
from scar_oci.source import Source
from scar_oci.transport import Origin, Transport, is_loopback

__all__ = ["Credentials", "Keyring", "Registry", "ResolvedImage", "RetryPolicy"]

_HUB_HOST = "registry-1.docker.io"


class Registry(Source):
    """All registries, seen through one object that keeps their connections and tokens. Close it after use.

    ``mirror`` is the URL of a registry (http or https, host and port) that stands for docker.io. It is asked
    *in place of* Docker Hub, which is never asked then: falling back, as Docker does, would hide a mirror
    that is down, tell the Hub what somebody chose to keep from it, and spend its rate limit.

    TLS is used unless the mirror's URL says http, or the registry is on this machine.
    ``credentials`` are per registry, named as in references (``docker.io``, ``localhost:5000``); a mirror has
    its own, by its host and port.
    """

    def __init__(
        self,
        mirror: str | None = None,
        credentials: Keyring | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._mirror = _mirror_base(mirror) if mirror else None
        self._credentials: Keyring = credentials or {}
        self._retry = retry or RetryPolicy()
        self._transport = Transport()
        self._sessions: dict[str, Session] = {}
        self._documents: dict[str, bytes] = {}  # configs by digest: a few kilobytes each

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. The object stays usable."""
        self._transport.close()

    def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        """The image that ``reference`` names now, for ``platform``. Raises ImageError.

        Costs one to three small requests. The image's config is fetched too: an image without an index names
        its architecture nowhere else.
        """
        name = reference.short
        digest, document = self._manifest(reference, reference.digest)
        if isinstance(document, Index):
            chosen = document.choose(platform, name)
            digest, document = self._manifest(reference, chosen.digest)
        if not isinstance(document, Manifest):
            raise CorruptImage(f"the index of {name} names another index where an image should be")
        return self._checked(ResolvedImage(reference, digest, platform, document.config, document.layers))

    def open_blob(self, image: ResolvedImage, layer: Descriptor) -> BlobStream:
        """A stream of one of the image's layers, as stored. Nothing is asked before the first read."""
        return self._blob(image, layer, f"layer {layer.digest[:19]} of {image.reference.short}")

    def _config_blob(self, image: ResolvedImage) -> bytes:
        if image.config.digest not in self._documents:
            what = f"config of {image.reference.short}"
            self._documents[image.config.digest] = self._blob(image, image.config, what).read()
        return self._documents[image.config.digest]

    def _tail(self, image: ResolvedImage, layer: Descriptor, size: int) -> bytes | None:
        tail = self._session(image.reference).document(
            image.reference.repository,
            f"blobs/{layer.digest}",
            f"layer {layer.digest[:19]} of {image.reference.short}",
            {"Range": f"bytes={layer.size - size}-"},
            limit=size,
        )
        return tail.body if tail.status == 206 else None

    def _manifest(self, reference: ImageReference, digest: str | None) -> tuple[str, Manifest | Index]:
        """The digest and content of the manifest named by ``digest``, else by the reference's tag."""
        session, name = self._session(reference), reference.short
        answer = session.document(
            reference.repository,
            f"manifests/{digest or reference.tag}",
            f"image {name}",
            {"Accept": ", ".join(ACCEPTED)},
            limit=LARGEST_DOCUMENT + 1,
        )
        if len(answer.body) > LARGEST_DOCUMENT:
            raise CorruptImage(f"the manifest of {name} is larger than {LARGEST_DOCUMENT} bytes")
        expected = digest or answer.headers.get("Docker-Content-Digest") or ""
        algorithm = expected.partition(":")[0] if digest else "sha256"
        actual = f"{algorithm}:{hashlib.new(algorithm, answer.body).hexdigest()}"
        if expected.startswith(f"{algorithm}:") and actual != expected:
            raise CorruptImage(f"the manifest of {name} was altered: its digest is {actual}, not {expected}")
        return actual, parse(answer.body, answer.headers.get("Content-Type", ""), name)

    def _blob(self, image: ResolvedImage, descriptor: Descriptor, what: str) -> BlobStream:
        return BlobStream(self._session(image.reference), image.reference.repository, descriptor, what)

    def _session(self, reference: ImageReference) -> Session:
        registry = reference.registry
        if registry not in self._sessions:
            base = self._base(registry)
            asked = base.partition("://")[2] if registry == DOCKER_HUB and self._mirror else registry
            self._sessions[registry] = Session(
                base, self._transport, self._retry, lambda: self._credentials.get(asked)
            )
        return self._sessions[registry]

    def _base(self, registry: str) -> str:
        if registry == DOCKER_HUB:
            return self._mirror or f"https://{_HUB_HOST}"
        host = Origin.of(f"http://{registry}").host
        return f"{'http' if is_loopback(host) else 'https'}://{registry}"


def _mirror_base(url: str) -> str:
    try:
        return _bare_origin(url)
    except ValueError as error:
        raise InvalidReference(
            f"not the URL of a registry mirror: {url!r}",
            hint="It must be http://HOST[:PORT] or https://HOST[:PORT].",
        ) from error


def _bare_origin(url: str) -> str:
    origin = str(Origin.of(url))
    if "@" in url or url.lower().rstrip("/").removeprefix(origin) not in ("", ":80", ":443"):
        raise ValueError("more than scheme, host and port")
    return origin
