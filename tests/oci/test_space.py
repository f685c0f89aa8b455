"""A file system that is too small for an image, and one that is just large enough."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from scar_oci.errors import NotEnoughSpace
from scar_oci.reference import ImageReference
from scar_oci.store import ImageStore, StoredImage
from tests.oci.lab import AMD64, Lab
from tests.oci.layers import Image, file, folder, image, layer
from tests.small_disk import SmallDisk, mounted

_MB = 1024 * 1024
_BLOCK = 4096


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with mounted(tmp_path / "disk") as disk:
        yield disk


def compressible(size: int) -> bytes:
    """Bytes that shrink to about a third, as a program's do."""
    return bytes(random.Random(size).choices(range(6), k=size))


def push(lab: Lab, image: Image) -> ImageReference:
    return ImageReference.parse("test/big").with_digest(lab.pusher.push("test/big", "latest", image))


def pull(lab: Lab, disk: SmallDisk, reference: ImageReference) -> StoredImage:
    resolved = lab.registry.resolve(reference, AMD64)
    return ImageStore(str(disk.path / "store")).pull(lab.registry, resolved)


_SIZES = (1_500_000, 700_001, 1_000_000, 5)
_BIG = image(
    layer(folder("d"), file("d/0", compressible(_SIZES[0])), file("1", compressible(_SIZES[1]))),
    layer(file("d/2", compressible(_SIZES[2])), file("3", b"small")),
)
_NEEDED = sum(size + -size % _BLOCK for size in _SIZES) + _BLOCK


def test_both_numbers_are_said_and_nothing_is_left(lab: Lab, disk: SmallDisk) -> None:
    disk.resize(2 * _MB)
    before = disk.used()
    with pytest.raises(
        NotEnoughSpace, match=r"test/big.*does not fit: it needs 3\.1 MB, there are 2\.0 MB"
    ) as refusal:
        pull(lab, disk, push(lab, _BIG))
    assert refusal.value.needed == _NEEDED
    assert 0 <= 2 * _MB - before - refusal.value.available <= 2 * _BLOCK
    assert "/tmp" in refusal.value.hint
    store = disk.path / "store"
    assert os.listdir(store / "containers") == os.listdir(store / "incoming") == []
    assert disk.used() <= before + 2 * _BLOCK


def test_an_image_that_cannot_fit_is_not_even_begun(lab: Lab, disk: SmallDisk) -> None:
    noise = random.Random(1).randbytes(3 * _MB)
    with pytest.raises(NotEnoughSpace, match=r"needs at least 3\.0 MB") as refusal:
        pull(lab, disk, push(lab, image(layer(file("noise", noise)))))
    assert refusal.value.needed > 3 * _MB
    assert list((disk.path / "store/incoming").iterdir()) == []


def test_the_tree_and_two_hundredths_are_enough(lab: Lab, disk: SmallDisk) -> None:
    disk.resize(int(_NEEDED * 1.02))
    pulled = pull(lab, disk, push(lab, _BIG))
    assert os.path.getsize(os.path.join(pulled.rootfs, "d/2")) == _SIZES[2]


def test_the_old_image_makes_room_for_the_new_one(lab: Lab, disk: SmallDisk) -> None:
    disk.resize(int(_NEEDED * 1.02))
    pull(lab, disk, push(lab, _BIG))
    other = image(layer(file("other", compressible(3_000_000))))
    assert os.path.exists(os.path.join(pull(lab, disk, push(lab, other)).rootfs, "other"))
