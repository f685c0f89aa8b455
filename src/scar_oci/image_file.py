"""An image in a file of the user's: an OCI layout in a folder or an archive, or what ``docker save`` writes.

Archives may be compressed with gzip or zstd. `docker save` of Docker 25 and later writes an OCI layout; older
ones, Podman and others write ``manifest.json``, which names each image's config and layers
(https://github.com/moby/docker-image-spec/blob/main/v1.2.md): of that a layout is made, file by file, without
a copy. For the user's machine: a function gets a layout.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import posixpath
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

from scar_oci.compression import decompressed
from scar_oci.errors import CorruptImage, ImageError, ImageNotFound, UnsupportedImage
from scar_oci.layout import INDEX, File, Folder, Layout
from scar_oci.manifest import LARGEST_DOCUMENT, OCI_MANIFEST, load_object
from scar_oci.reference import check_digest

_DOCKER_MANIFEST = "manifest.json"
_OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
_OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"

_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_LINK_DEPTH = 8  # `docker save` writes a layer that occurs twice as a link to the first
_CHUNK = 1024 * 1024


@contextmanager
def opened(path: str) -> Iterator[Layout]:
    """The images in a file or folder, as a layout. Raises ImageError."""
    try:
        if os.path.isdir(path):
            yield _folder(path)
            return
        with _uncompressed(path) as file:
            yield Layout(_files_of(file, path), path)
    except FileNotFoundError as error:
        raise ImageNotFound(f"there is no file {error.filename}") from error
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror or error}") from error


def _folder(path: str) -> Layout:
    if not os.path.isfile(os.path.join(path, INDEX)):
        raise _unknown(path, f"the folder has no {INDEX}")
    return Layout(Folder(path), path)


def _unknown(path: str, why: str) -> UnsupportedImage:
    return UnsupportedImage(
        f"{path} is neither an OCI layout nor an archive of `docker save`: {why}",
        hint="`docker save -o FILE IMAGE` and `skopeo copy docker://IMAGE oci-archive:FILE` write such files",
    )


@contextmanager
def _uncompressed(path: str) -> Iterator[IO[bytes]]:
    """The archive in which any byte can be gone to: if it is compressed, a nameless copy that is not."""
    with open(path, "rb") as file:
        magic = file.read(4)
        file.seek(0)
        compression = next((name for start, name in _MAGIC.items() if magic.startswith(start)), "")
        if not compression:
            yield file
            return
        with tempfile.TemporaryFile() as copy:
            for piece in decompressed(_Reading(file), compression, path):
                copy.write(piece)
            copy.seek(0)
            yield copy


class _Reading:
    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def readinto(self, buffer: memoryview) -> int:
        return self._file.readinto(buffer)


class _Part(NamedTuple):
    """Where a file of the layout is in the archive."""

    start: int
    size: int


class _Archive:
    """A layout's files in an archive that is not compressed, and documents that are made of it."""

    def __init__(self, file: IO[bytes], parts: Mapping[str, _Part], made: Mapping[str, bytes]) -> None:
        self._file, self._parts, self._made = file, parts, made

    def open(self, path: str) -> File:
        if path in self._made:
            return io.BytesIO(self._made[path])
        if path not in self._parts:
            raise FileNotFoundError(path)
        return _Window(self._file, self._parts[path])


class _Window:
    """A part of a file that others read, too."""

    def __init__(self, file: IO[bytes], part: _Part) -> None:
        self._file, self._part, self._position = file, part, 0

    def readinto(self, buffer: memoryview, /) -> int:
        wanted = min(len(buffer), self._part.size - self._position)
        self._file.seek(self._part.start + self._position)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def seek(self, position: int, /) -> int:
        self._position = position
        return position

    def close(self) -> None:
        """The file stays open for others."""


def _files_of(file: IO[bytes], path: str) -> _Archive:
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            parts = _parts(archive, path)
    except tarfile.TarError as error:
        raise _unknown(path, str(error)) from error
    files = _Archive(file, parts, {})
    if INDEX in parts:
        return files
    if _DOCKER_MANIFEST not in parts:
        raise _unknown(path, f"the archive has neither {INDEX} nor {_DOCKER_MANIFEST}")
    try:
        return _converted(file, parts, path)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CorruptImage(f"{_DOCKER_MANIFEST} of {path} is malformed: {error!r}") from error


def _parts(archive: tarfile.TarFile, path: str) -> dict[str, _Part]:
    """The files of the archive by their paths, links to others of them resolved."""
    parts, links = {}, {}
    for member in _members(archive, path):
        name = posixpath.normpath(member.name)
        if member.isreg():
            parts[name] = _Part(member.offset_data, member.size)
        elif member.issym():
            links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
        elif member.islnk():
            links[name] = posixpath.normpath(member.linkname)
    for name, target in links.items():
        for _ in range(_LINK_DEPTH):
            if target in parts:
                parts[name] = parts[target]
                break
            target = links.get(target, "")  # noqa: PLW2901 - from link to link
    return parts


def _members(archive: tarfile.TarFile, path: str) -> Iterator[tarfile.TarInfo]:
    """All of them. Raises CorruptImage if the first is there, and the last is not whole."""
    members = iter(archive)
    yield next(members)
    try:
        yield from members
    except tarfile.ReadError as error:
        raise CorruptImage(
            f"{path} is cut short: the archive ends in the middle of a file", hint="save the image again"
        ) from error


def _converted(file: IO[bytes], parts: dict[str, _Part], path: str) -> _Archive:
    """The images of ``manifest.json`` as a layout whose index and manifests are made here."""
    made: dict[str, bytes] = {}
    blobs = dict(parts)
    entries: list[dict[str, Any]] = []
    for image in json.loads(_content(file, parts, _DOCKER_MANIFEST, path)):
        config = _content(file, parts, image["Config"], path)
        document = load_object(config, f"the config {image['Config']} of {path}")
        layers = [
            _layer(file, blobs, name, diff_id, path)
            for name, diff_id in zip(image["Layers"], document["rootfs"]["diff_ids"], strict=True)
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _keep(made, config, _OCI_CONFIG),
            "layers": layers,
        }
        descriptor = _keep(made, json.dumps(manifest).encode(), OCI_MANIFEST)
        platform = {key: document[key] for key in ("os", "architecture", "variant") if document.get(key)}
        for name in image.get("RepoTags") or [""]:
            annotations = {"io.containerd.image.name": name} if name else {}
            entries.append({**descriptor, "platform": platform, "annotations": annotations})
    made[INDEX] = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    return _Archive(file, blobs, made)


def _content(file: IO[bytes], parts: Mapping[str, _Part], name: str, path: str) -> bytes:
    part = parts.get(posixpath.normpath(name))
    if part is None:
        raise CorruptImage(f"{path} is not complete: it has no {name}")
    if part.size > LARGEST_DOCUMENT:
        raise CorruptImage(f"{name} of {path} is larger than {LARGEST_DOCUMENT} bytes")
    file.seek(part.start)
    return file.read(part.size)


def _layer(file: IO[bytes], blobs: dict[str, _Part], name: str, diff_id: str, path: str) -> dict[str, object]:
    """The descriptor of a layer, which is made a blob. Plain tar has the digest that the config says."""
    part = blobs.get(posixpath.normpath(name))
    if part is None:
        raise CorruptImage(f"{path} is not complete: it has no {name}")
    file.seek(part.start)
    magic = file.read(min(part.size, 4))
    compression = next((name for start, name in _MAGIC.items() if magic.startswith(start)), "")
    digest = _digest(file, part) if compression else str(diff_id)
    check_digest(digest, path)
    blobs["blobs/" + digest.replace(":", "/")] = part
    media_type = f"{_OCI_LAYER}+{compression}" if compression else _OCI_LAYER
    return {"mediaType": media_type, "digest": digest, "size": part.size}


def _digest(file: IO[bytes], part: _Part) -> str:
    window, digest = _Window(file, part), hashlib.sha256()
    buffer = memoryview(bytearray(_CHUNK))
    while count := window.readinto(buffer):
        digest.update(buffer[:count])
    return f"sha256:{digest.hexdigest()}"


def _keep(made: dict[str, bytes], content: bytes, media_type: str) -> dict[str, object]:
    """The descriptor of a document that is made here."""
    value = hashlib.sha256(content).hexdigest()
    made[f"blobs/sha256/{value}"] = content
    return {"mediaType": media_type, "digest": f"sha256:{value}", "size": len(content)}
