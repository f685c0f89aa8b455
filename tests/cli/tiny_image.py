"""A container image of one small file, pushed to a registry by hand: enough to be resolved."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import urllib.request
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def push(registry: str, repository: str, tag: str = "latest", architecture: str = "amd64") -> str:
    """Push the image; the digest of its manifest."""
    tar = _tar()
    layer = gzip.compress(tar, mtime=0)
    config = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Cmd": ["/hello"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar)]},
        }
    )
    for blob in (layer, config):
        _push_blob(registry, repository, blob)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(CONFIG, config),
            "layers": [_descriptor(LAYER, layer)],
        }
    )
    _request("PUT", f"{registry}/v2/{repository}/manifests/{tag}", manifest, MANIFEST)
    return _digest(manifest)


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("hello"), io.BytesIO())
    return buffer.getvalue()


def _push_blob(registry: str, repository: str, blob: bytes) -> None:
    location = _request("POST", f"{registry}/v2/{repository}/blobs/uploads/")
    joint = "&" if "?" in location else "?"
    _request("PUT", f"{location}{joint}digest={_digest(blob)}", blob, "application/octet-stream")


def _request(method: str, url: str, body: bytes = b"", kind: str = "application/octet-stream") -> str:
    request = urllib.request.Request(url, body, {"Content-Type": kind}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.headers.get("Location"))


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()
