"""Images in files: the OCI image layout, in a folder or wherever else its files can be opened.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md: ``index.json`` names manifests, and
every document and layer is the file ``blobs/<algorithm>/<hex digits of its digest>``.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from scar_oci.errors import CorruptImage, ImageError, ImageNotFound, InvalidReference
from scar_oci.manifest import (
    LARGEST_DOCUMENT,
    Descriptor,
    Index,
    Manifest,
    ResolvedImage,
    descriptor_of,
    is_attestation,
    load_object,
    parse,
    platform_missing,
)
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.source import Blob, Source

INDEX = "index.json"
MARKER = "oci-layout"
MARKER_CONTENT = b'{"imageLayoutVersion": "1.0.0"}'

_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")
"""Annotations that hold an image's name, the fuller one first; the second is often a tag alone."""

_CHUNK = 256 * 1024


class File(Protocol):
    """One file of a layout, open."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer as far as bytes come; 0 at the end."""

    def seek(self, position: int, /) -> int:
        """Go to a byte of the file."""

    def close(self) -> None:
        """No more is read."""


class Files(Protocol):
    """The files of a layout, by their paths in it."""

    def open(self, path: str) -> File:
        """The file, to be read. Raises FileNotFoundError."""


class Folder:
    """A layout in a folder."""

    def __init__(self, path: str) -> None:
        self._path = path

    def open(self, path: str) -> File:
        return open(os.path.join(self._path, path), "rb", buffering=0)


class Named(NamedTuple):
    """An image that a layout's index names."""

    name: str
    """As an annotation has it: a full name, a tag alone, or empty."""
    descriptor: Descriptor
    platform: Platform


class Layout(Source):
    """The images of one layout. ``what`` is the layout's name in messages."""

    def __init__(self, files: Files, what: str) -> None:
        self._files = files
        self._what = what

    def images(self) -> tuple[Named, ...]:
        """What the index names, in its order. Raises ImageError."""
        document = load_object(self._read(INDEX, LARGEST_DOCUMENT), f"{INDEX} of {self._what}")
        try:
            return tuple(_named(entry) for entry in document["manifests"] if not is_attestation(entry))
        except (KeyError, TypeError, ValueError, AttributeError, InvalidReference) as error:
            raise CorruptImage(f"{INDEX} of {self._what} is malformed: {error}") from error

    def name(self) -> str:
        """What its image is called, if the index says; else empty. Raises ImageNotFound if it holds several.

        The same image may have several names, and a name several images, each for another platform.
        """
        digests: dict[str, set[str]] = {}
        for image in self.images():
            digests.setdefault(image.name, set()).add(image.descriptor.digest)
        if len({frozenset(one) for one in digests.values()}) > 1:
            raise ImageNotFound(
                f"{self._what} holds several images: {_listed(digests)}", hint="name one of them"
            )
        return next(iter(digests), "")

    def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        """The image with the reference's digest, else the one of its name, else the only one there is.

        Raises ImageError.
        """
        if reference.digest:
            digest, document = self._manifest(reference.digest, "")
        else:
            digest, document = self._choose(self._of_name(reference), platform)
        if isinstance(document, Index):  # as `docker save` lists an image for several platforms
            chosen = document.choose(platform, reference.short)
            digest, document = self._manifest(chosen.digest, chosen.media_type)
        if not isinstance(document, Manifest):
            raise CorruptImage(f"{self._what} holds an index where an image should be")
        return self._checked(ResolvedImage(reference, digest, platform, document.config, document.layers))

    def open_blob(self, image: ResolvedImage, layer: Descriptor) -> Blob:
        """A stream of one of the image's layers, as stored."""
        what = f"layer {layer.digest[:19]} of {image.reference.short}"
        return VerifiedFile(self._open(_path(layer.digest)), layer, what)

    def _config_blob(self, image: ResolvedImage) -> bytes:
        return self.document(image.config.digest)

    def _tail(self, image: ResolvedImage, layer: Descriptor, size: int) -> bytes | None:
        del image
        file = self._open(_path(layer.digest))
        try:
            file.seek(layer.size - size)
            return _all(file, size)
        except OSError as error:
            raise ImageError(f"{self._what} cannot be read: {error.strerror or error}") from error
        finally:
            file.close()

    def document(self, digest: str) -> bytes:
        """A small blob as a whole, verified. Raises ImageError."""
        content = self._read(_path(digest), LARGEST_DOCUMENT)
        algorithm = digest.partition(":")[0]
        actual = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
        if actual != digest:
            raise CorruptImage(f"a file of {self._what} was altered: its digest is {actual}, not {digest}")
        return content

    def _of_name(self, reference: ImageReference) -> list[Named]:
        images = list(self.images())
        named = [image for image in images if _is_called(image.name, reference)]
        if named or len({image.name for image in images}) <= 1:
            return named or images
        raise ImageNotFound(
            f"{self._what} holds several images, and none is {reference.familiar}: "
            + _listed({image.name for image in images}),
            hint="name one of them",
        )

    def _choose(self, images: list[Named], platform: Platform) -> tuple[str, Manifest | Index]:
        """The document of the one for the platform; images without one are for whatever they say inside."""
        if not images:
            raise ImageNotFound(f"{self._what} holds no image")
        candidates = [image for image in images if image.platform[:2] in (platform[:2], ("", ""))]
        if not candidates:
            raise platform_missing(self._what, platform, [image.platform for image in images])
        exact = [image for image in candidates if image.platform == platform]
        chosen = (exact or candidates)[0].descriptor
        return self._manifest(chosen.digest, chosen.media_type)

    def _manifest(self, digest: str, media_type: str) -> tuple[str, Manifest | Index]:
        return digest, parse(self.document(digest), media_type, self._what)

    def _read(self, path: str, limit: int) -> bytes:
        file = self._open(path)
        try:
            content = _all(file, limit + 1)
        except OSError as error:
            raise ImageError(f"{path} of {self._what} cannot be read: {error.strerror or error}") from error
        finally:
            file.close()
        if len(content) > limit:
            raise CorruptImage(f"{path} of {self._what} is larger than {limit} bytes")
        return content

    def _open(self, path: str) -> File:
        try:
            return self._files.open(path)
        except FileNotFoundError as error:
            raise CorruptImage(f"{self._what} is not complete: it has no {path}") from error
        except OSError as error:
            raise ImageError(f"{path} of {self._what} cannot be read: {error.strerror or error}") from error


class VerifiedFile:
    """A blob out of a file, verified when its last byte is read, as a ``BlobStream`` is."""

    def __init__(self, file: File, descriptor: Descriptor, what: str) -> None:
        self._file = file
        self._descriptor = descriptor
        self._what = what
        self._hash = hashlib.new(descriptor.digest.partition(":")[0])
        self._position = 0
        self._ended = False

    def readinto(self, buffer: memoryview) -> int:
        """Fill ``buffer`` as far as bytes come; 0 at the end, once all is verified. Raises ImageError."""
        if self._ended:
            return 0
        try:
            count = self._file.readinto(buffer) or 0
        except OSError as error:
            raise ImageError(f"{self._what} cannot be read: {error.strerror or error}") from error
        if count:
            self._hash.update(buffer[:count])
            self._position += count
            return count
        self._file.close()
        self._verify()
        self._ended = True
        return 0

    def _verify(self) -> None:
        algorithm, _, expected = self._descriptor.digest.partition(":")
        actual = self._hash.hexdigest()
        if actual != expected:
            raise CorruptImage(f"{self._what} was altered: its digest is {algorithm}:{actual}")
        if self._position != self._descriptor.size:
            raise CorruptImage(
                f"{self._what} has {self._position} bytes, {self._descriptor.size} were announced"
            )


def _named(entry: dict[str, Any]) -> Named:
    annotations = entry.get("annotations") or {}
    name = next((str(annotations[key]) for key in _NAMES if annotations.get(key)), "")
    return Named(name, descriptor_of(entry), Platform.of_document(entry.get("platform") or {}))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(name or "one without a name" for name in names))


def _is_called(name: str, reference: ImageReference) -> bool:
    if name == reference.tag:
        return True
    try:
        return ImageReference.parse(name)._replace(digest=None) == reference._replace(digest=None)
    except InvalidReference:
        return False


def _path(digest: str) -> str:
    algorithm, _, value = digest.partition(":")
    return f"blobs/{algorithm}/{value}"


def _all(file: File, limit: int) -> bytes:
    content = bytearray()
    buffer = memoryview(bytearray(min(limit, _CHUNK)))
    while len(content) < limit:
        count = file.readinto(buffer[: limit - len(content)]) or 0
        if not count:
            break
        content += buffer[:count]
    return bytes(content)
