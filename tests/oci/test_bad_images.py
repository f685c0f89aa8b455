"""Images that are bad by mistake or by intent, pulled from a registry as a user gets them.

Each is refused for a reason that is said, or contained. Nothing is left of one that is refused, and whatever
happens, what lies outside the store (`outside`) stays as it was.
"""

from __future__ import annotations

import contextlib
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from scar_oci.errors import (
    CorruptImage,
    ImageError,
    NotEnoughSpace,
    PlatformMissing,
    UnsafeLayer,
    UnsupportedImage,
)
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry
from scar_oci.store import ImageStore
from scar_oci.tree import remove_tree
from tests.oci import attacks
from tests.oci.lab import AMD64, HASTY, Lab
from tests.oci.layers import (
    DOCKER,
    OCI,
    Image,
    Layer,
    Member,
    digest_of,
    file,
    folder,
    gz,
    image,
    index,
    layer,
    symlink,
    tar,
)
from tests.oci.outside import guarded
from tests.oci.trees import State, state
from tests.oci.unreliable import UnreliableRegistry
from tests.small_disk import SmallDisk, mounted

_MB = 1024 * 1024
_BILLION = 1_000_000_000

pytestmark = pytest.mark.usefixtures("outside")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """As small as a function's /tmp is beside an image that inflates."""
    with mounted(tmp_path / "disk") as disk:
        disk.resize(2 * _MB)
        yield disk


def assert_nothing_left(store: ImageStore) -> None:
    root = Path(store.root)
    assert [path for part in ("containers", "incoming") for path in (root / part).glob("*")] == []


# --- Layers ---


@pytest.mark.parametrize("name", attacks.NAMES)
def test_an_attack_is_refused_or_contained(lab: Lab, outside: Path, name: str) -> None:
    root = Path(lab.store.root) / "incoming" / "id" / "ROOT"  # as deep as the tree is while it is made
    layers = attacks.aimed(name, root, outside)
    with contextlib.suppress(ImageError):
        lab.roundtrip(image(*(layer(*members) for members in layers)))


_LONG_NAME = b"\xe9\xff" * 127 + b"\xfe"
_BASE = (folder("d"), file("d/old", b"old"), file("f", b"old"))
_ODD: dict[str, tuple[list[tuple[Member, ...]], State]] = {
    "a name from the root": ([(file("/f", b"x"),)], {"f": ("file", "x")}),
    "a name of 255 bytes that is not UTF-8": (
        [(file(os.fsdecode(_LONG_NAME), b"x"),)],
        {os.fsdecode(_LONG_NAME): ("file", "x")},
    ),
    "devices": (
        [
            (
                folder("dev"),
                Member("dev/null", tarfile.CHRTYPE),
                Member("dev/sda", tarfile.BLKTYPE),
                Member("dev/pipe", tarfile.FIFOTYPE),
            )
        ],
        {"dev": ("folder", "")},
    ),
    "a whiteout in the root": (
        [_BASE, (file(".wh.f"),)],
        {"d": ("folder", ""), "d/old": ("file", "old")},
    ),
    "an opaque folder": (
        [_BASE, (file("d/.wh..wh..opq"), file("d/new", b"new"))],
        {"d": ("folder", ""), "d/new": ("file", "new"), "f": ("file", "old")},
    ),
    "a file over a folder": (
        [_BASE, (file("d", b"new"),)],
        {"d": ("file", "new"), "f": ("file", "old")},
    ),
    "a folder over a file": (
        [_BASE, (folder("f"), file("f/new", b"new"))],
        {
            "d": ("folder", ""),
            "d/old": ("file", "old"),
            "f": ("folder", ""),
            "f/new": ("file", "new"),
        },
    ),
    "a file over a link to a folder": (
        [(folder("d"), file("d/old", b"old"), symlink("l", "d")), (file("l", b"new"),)],
        {"d": ("folder", ""), "d/old": ("file", "old"), "l": ("file", "new")},
    ),
}


@pytest.mark.parametrize("case", list(_ODD))
def test_what_is_odd_and_allowed_is_unpacked(lab: Lab, case: str) -> None:
    layers, expected = _ODD[case]
    pulled = lab.roundtrip(image(*(layer(*members) for members in layers)))
    assert state(Path(pulled.rootfs)) == expected


_REFUSED: dict[str, tuple[Member, type[ImageError], str]] = {
    "a name of 256 bytes": (file("n" * 256), UnsafeLayer, "File name too long"),
    "a name above the root": (file("a/../../f"), UnsafeLayer, "leads out of the image"),
    "a sparse file of GNU": (
        Member("holes", tarfile.GNUTYPE_SPARSE),
        UnsupportedImage,
        "'holes' is a sparse",
    ),
}


@pytest.mark.parametrize("case", list(_REFUSED))
def test_what_cannot_be_unpacked_is_refused(lab: Lab, case: str) -> None:
    member, kind, said = _REFUSED[case]
    with pytest.raises(kind, match=said):
        lab.roundtrip(image(layer(file("before", b"x"), member)))
    assert_nothing_left(lab.store)


def test_a_hundred_thousand_entries_are_unpacked(lab: Lab) -> None:
    members = (Member(f"{number % 100}/{number}") for number in range(100_000))
    pulled = lab.roundtrip(image(layer(*members)))
    assert sum(len(files) for _, _, files in os.walk(pulled.rootfs)) == 100_000
    remove_tree(os.fsencode(lab.store.root))


# --- More than there is room for ---


@dataclass(frozen=True)
class _Inflating(Layer):
    """A layer that is not worth to be inflated for its diff id, which nobody reads here."""

    @property
    def diff_id(self) -> str:
        return digest_of(b"")


def header(name: str, size: int) -> bytes:
    """A file's, which claims so many bytes."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def zeros(size: int) -> bytes:
    """A compressed archive with a file of so many zeros, as builders store sparse files."""
    compressor = zlib.compressobj(1, wbits=31)
    parts = [compressor.compress(header("zeros", size))]
    whole, rest = divmod(size + -size % 512 + 1024, _MB)
    parts += [compressor.compress(bytes(_MB)) for _ in range(whole)]
    return b"".join([*parts, compressor.compress(bytes(rest)), compressor.flush()])


def refused_for_space(lab: Lab, disk: SmallDisk, bomb: Layer) -> tuple[NotEnoughSpace, int | None]:
    """The refusal, and the size that was told before anything was fetched."""
    digest = lab.pusher.push("test/bomb", "latest", image(bomb))
    resolved = lab.registry.resolve(ImageReference.parse(f"test/bomb@{digest}"), AMD64)
    told = lab.registry.unpacked_size(resolved)
    store = ImageStore(str(disk.path / "store"))
    used = disk.used()
    with guarded(disk.path), pytest.raises(NotEnoughSpace) as refusal:
        store.pull(lab.registry, resolved)
    assert_nothing_left(store)
    assert disk.used() <= used + _MB // 8
    return refusal.value, told


def test_a_billion_bytes_of_nothing_are_told_in_advance_and_refused_where_they_do_not_fit(
    lab: Lab, disk: SmallDisk
) -> None:
    refusal, told = refused_for_space(lab, disk, _Inflating(zeros(_BILLION)))
    assert told is not None
    assert _BILLION <= told <= _BILLION + _MB
    assert _BILLION <= refusal.needed <= _BILLION + _MB
    assert "953.7 MB" in str(refusal)


def test_an_entry_that_claims_more_than_any_function_has_room_for_is_not_waited_for(
    lab: Lab, disk: SmallDisk
) -> None:
    """The layer says that it is 16 TB long: what follows need not be read to know that it does not fit."""
    archive = header("zeros", 4 * _MB) + bytes(4 * _MB) + header("claims", 1 << 44)
    refusal, _ = refused_for_space(lab, disk, Layer(gz(archive)))
    assert refusal.needed > 1 << 44
    assert "at least" in str(refusal)


@pytest.mark.parametrize("space", [2 * _MB, 16 * _MB])
def test_a_layer_that_inflates_to_more_than_it_told_is_refused(lab: Lab, disk: SmallDisk, space: int) -> None:
    """The size that was told is the stream's own trailer: one that lies is found out at the end."""
    disk.resize(space)
    blob = zeros(8 * _MB)
    claim = len(blob) + 1
    bomb = _Inflating(blob[:-4] + claim.to_bytes(4, "little"))
    digest = lab.pusher.push("test/bomb", "latest", image(bomb))
    resolved = lab.registry.resolve(ImageReference.parse(f"test/bomb@{digest}"), AMD64)
    assert lab.registry.unpacked_size(resolved) == claim
    store = ImageStore(str(disk.path / "store"))
    with pytest.raises(CorruptImage, match="damaged"):
        store.pull(lab.registry, resolved)
    assert_nothing_left(store)
    assert disk.used() < _MB


# --- Documents ---


_GOOD = image(layer(file("f", b"x")))
_ARM = image(layer(file("f", b"arm")), architecture="arm64")
_ATTESTATION = replace(image(layer(file("statement"))), architecture="unknown")


def _with_layer_size(change: int) -> Image:
    """An image whose manifest lies about the size of its layer."""

    @dataclass(frozen=True)
    class Lying(Layer):
        @property
        def descriptor(self) -> dict[str, Any]:
            honest = super().descriptor
            return {**honest, "size": honest["size"] + change}

    return image(Lying(gz(tar(file("f", b"x" * 5000)))))


@pytest.mark.parametrize(
    ("change", "said"), [(-1, "longer|cut short"), (1, "cut short"), (1 << 40, "less of layer")]
)
def test_a_manifest_that_lies_about_sizes_is_found_out(lab: Lab, change: int, said: str) -> None:
    with pytest.raises(CorruptImage, match=said):
        lab.roundtrip(_with_layer_size(change))
    assert_nothing_left(lab.store)


def test_an_index_without_our_platform_is_refused(lab: Lab) -> None:
    lab.pusher.push("test/arm", "arm", _ARM)
    lab.pusher.push_manifest("test/arm", "latest", index(_ARM), f"{OCI}.index.v1+json")
    with pytest.raises(PlatformMissing, match=r"not built for linux/amd64, only for: linux/arm64/v8$"):
        lab.pull("test/arm")


def test_attestations_in_an_index_are_no_images(lab: Lab) -> None:
    for one in (_GOOD, _ATTESTATION):
        lab.pusher.push("test/attested", one.architecture, one)
    attested = {
        "mediaType": _ATTESTATION.media_type,
        "digest": _ATTESTATION.digest,
        "size": len(_ATTESTATION.manifest),
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    lab.pusher.push_manifest(
        "test/attested", "latest", index(_GOOD, extra=[attested]), f"{OCI}.index.v1+json"
    )
    assert lab.pull("test/attested").digest == _GOOD.digest


@pytest.mark.parametrize("kind", ["manifest.v1+json", "manifest.v1+prettyjws"])
def test_a_manifest_of_schema_1_is_refused(tmp_path: Path, kind: str) -> None:
    """From a registry that speaks the protocol: those of today take no such image any more."""
    document = json.dumps({"schemaVersion": 1, "name": "test/image", "fsLayers": [], "history": []}).encode()
    with UnreliableRegistry(_GOOD).serving() as server:
        server.documents["latest"] = (f"{DOCKER}.distribution.{kind}", document)
        with Registry(mirror=server.url, retry=HASTY) as registry:
            lab = Lab(None, registry, ImageStore(str(tmp_path / "store")))  # type: ignore[arg-type]
            with pytest.raises(UnsupportedImage, match="schema 1"):
                lab.pull("test/image")
    assert not (tmp_path / "store").exists()
