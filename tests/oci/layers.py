"""Layers and images made by hand, and what it takes to push them: the tests' side of the distribution API."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import importlib
import io
import json
import sys
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
OCI_LAYER = f"{OCI}.layer.v1.tar"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Member:
    """One tar entry. Fields that are not given are what an ordinary builder writes."""

    name: str
    kind: bytes = tarfile.REGTYPE
    data: bytes = b""
    mode: int = 0o644
    link: str = ""
    mtime: float = 1_600_000_000
    pax: dict[str, str] = field(default_factory=dict)


def file(name: str, data: bytes = b"", **more: Any) -> Member:
    return Member(name, data=data, **more)


def folder(name: str, **more: Any) -> Member:
    return Member(name, tarfile.DIRTYPE, **{"mode": 0o755, **more})


def symlink(name: str, target: str) -> Member:
    return Member(name, tarfile.SYMTYPE, mode=0o777, link=target)


def hardlink(name: str, target: str) -> Member:
    return Member(name, tarfile.LNKTYPE, link=target)


def tar(*members: Member, format: int = tarfile.GNU_FORMAT) -> bytes:
    """An archive of these members, in this order."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=format, errors="surrogateescape") as archive:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type, info.mode, info.mtime = member.kind, member.mode, member.mtime
            info.linkname, info.size, info.pax_headers = member.link, len(member.data), dict(member.pax)
            archive.addfile(info, io.BytesIO(member.data))
    return output.getvalue()


def gz(data: bytes) -> bytes:
    return gzip.compress(data, 1, mtime=0)


def zst(data: bytes) -> bytes:
    module = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    compressed: bytes = module.compress(data)
    return compressed


@dataclass(frozen=True)
class Layer:
    """A blob and what a manifest says of it; size and digest may be made to lie."""

    blob: bytes
    media_type: str = f"{OCI_LAYER}+gzip"

    @property
    def descriptor(self) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": digest_of(self.blob), "size": len(self.blob)}

    @property
    def diff_id(self) -> str:
        """The digest of the tar stream, as far as there is one: broken layers are made, too."""
        try:
            return digest_of(gzip.decompress(self.blob))
        except (OSError, EOFError, zlib.error):
            return digest_of(self.blob)


def layer(*members: Member) -> Layer:
    return Layer(gz(tar(*members)))


@dataclass(frozen=True)
class Image:
    """All blobs of an image for one platform."""

    layers: tuple[Layer, ...]
    architecture: str = "amd64"
    process: dict[str, Any] = field(default_factory=dict)
    media_type: str = f"{OCI}.manifest.v1+json"
    config_type: str = f"{OCI}.config.v1+json"

    @property
    def config(self) -> bytes:
        document = {"os": "linux", "architecture": self.architecture, "config": self.process}
        return json.dumps(
            {**document, "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in self.layers]}}
        ).encode()

    @property
    def manifest(self) -> bytes:
        config = {"mediaType": self.config_type, "digest": digest_of(self.config), "size": len(self.config)}
        layers = [layer.descriptor for layer in self.layers]
        document = {"schemaVersion": 2, "mediaType": self.media_type, "config": config, "layers": layers}
        return json.dumps(document).encode()

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)

    @property
    def blobs(self) -> dict[str, bytes]:
        """Everything but the manifest, by digest."""
        return {digest_of(blob): blob for blob in (self.config, *(layer.blob for layer in self.layers))}


def image(*layers: Layer, **more: Any) -> Image:
    return Image(layers, **more)


def index(*images: Image, extra: list[dict[str, Any]] | None = None) -> bytes:
    """An OCI index of images for different architectures."""
    entries = [
        {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": len(image.manifest),
            "platform": {"os": "linux", "architecture": image.architecture},
        }
        for image in images
    ]
    document = {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.index.v1+json",
        "manifests": [*(extra or []), *entries],
    }
    return json.dumps(document).encode()


@contextmanager
def pushing(url: str) -> Iterator[Pusher]:
    """A pusher whose connection lives as long as the context."""
    pusher = Pusher(url)
    try:
        yield pusher
    finally:
        pusher.close()


class Pusher:
    """Puts blobs and manifests into a registry on loopback."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)

    def close(self) -> None:
        self._connection.close()

    def push(self, repository: str, tag: str, image: Image) -> str:
        """Push an image; its digest."""
        for blob in image.blobs.values():
            self.push_blob(repository, blob)
        self.push_manifest(repository, tag, image.manifest, image.media_type)
        return image.digest

    def push_blob(self, repository: str, blob: bytes) -> None:
        location = self._send("POST", f"/v2/{repository}/blobs/uploads/", b"", 202)
        parts = urlsplit(location)
        target = f"{parts.path}?{parts.query}&digest={digest_of(blob)}"
        self._send("PUT", target, blob, 201, "application/octet-stream")

    def push_manifest(self, repository: str, tag: str, manifest: bytes, media_type: str) -> None:
        self._send("PUT", f"/v2/{repository}/manifests/{tag}", manifest, 201, media_type)

    def _send(self, method: str, path: str, body: bytes, expected: int, content_type: str = "") -> str:
        headers = {"Content-Type": content_type} if content_type else {}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status == expected, (response.status, answer)
        return response.getheader("Location") or ""
