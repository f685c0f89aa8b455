"""`init --image-file` with files that are not what they should be: nothing is made, and nothing is left."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scar import limits
from scar.deploy import images
from scar.errors import ScarError
from scar.ops import zstd
from scar.ops.image import Found
from scar.ops.where import Where
from tests.cli.support import NOTHING, Account, Scar
from tests.oci import layers
from tests.oci.test_image_file import archive, called, laid_out

MIB = 1024 * 1024
LARGE = layers.Layer(bytes(46 * MIB), layers.OCI_LAYER)
"""Too large for a package."""


def folder(path: Path, *blobs: layers.Layer) -> Path:
    """An OCI layout of an image with these layers."""
    for name, content in laid_out((layers.image(*blobs), called("cow:1"))).items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


Refused = Callable[[Path], str]


@pytest.fixture
def refused(scar: Scar, account: Account) -> Refused:
    """Make a function of a large image in a file, which must fail and leave nothing: what was said."""

    def init(path: Path) -> str:
        account.s3.create_bucket(Bucket="images")
        before = account.contents()
        ran = scar("init", "-n", "cow", "--package-bucket", "images", "--image-file", str(path))
        assert ran.status == 1, ran.stderr
        assert account.contents() == before
        assert "Contents" not in account.s3.list_objects_v2(Bucket="images")
        assert "Uploads" not in account.s3.list_multipart_uploads(Bucket="images")
        return ran.stderr

    return init


@pytest.mark.parametrize("at", [0, 20 * MIB, -1])
@pytest.mark.parametrize("change", ["altered", "cut short"])
def test_a_layer_that_changes_after_its_manifest_was_read_is_not_put(
    refused: Refused, tmp_path: Path, at: int, change: str
) -> None:
    path = folder(tmp_path / "layout", layers.layer(layers.file("f", b"x")), LARGE)
    blob = path / "blobs" / LARGE.descriptor["digest"].replace(":", "/")
    content = bytearray(LARGE.blob)
    content[at] ^= 1
    blob.write_bytes(content if change == "altered" else content[:at])
    assert "was altered: its digest is" in refused(path)


@pytest.mark.parametrize("length", [600, 5000, 20 * MIB])
def test_an_archive_that_is_cut_short_is_refused(refused: Refused, tmp_path: Path, length: int) -> None:
    path = archive(tmp_path / "image.tar", laid_out((layers.image(LARGE), called("cow:1"))))
    path.write_bytes(path.read_bytes()[:length])
    assert "is cut short" in refused(path)


def test_an_image_that_no_function_has_room_for_is_refused_before_anything_is_made(
    scar: Scar, account: Account, tmp_path: Path
) -> None:
    """Three layers that claim 4 GB each, as far as a gzip trailer can claim."""
    claim = (2**32 - 1).to_bytes(4, "little")
    blobs = (layers.Layer(layers.gz(bytes([number]))[:-4] + claim) for number in range(3))
    ran = scar("init", "-n", "cow", "--image-file", str(folder(tmp_path / "layout", *blobs)))
    assert (ran.status, "at most 10,240 MB" in ran.stderr) == (1, True), ran.stderr
    assert account.contents() == NOTHING


ZSTD = layers.Layer(layers.zst(layers.tar(layers.file("f", b"x"))), f"{layers.OCI_LAYER}+zstd")
REFUSAL = "is compressed with zstd, which python3.13 cannot read"


def test_zstd_is_refused_before_anything_is_made_unless_the_function_reads_it(
    scar: Scar, account: Account, tmp_path: Path
) -> None:
    options = ("-n", "cow", "--image-file", str(folder(tmp_path / "layout", ZSTD)))
    ran = scar("init", *options)
    assert (ran.status, REFUSAL in ran.stderr, "--runtime python3.14" in ran.stderr) == (1, True, True)
    assert account.contents() == NOTHING
    assert scar("init", "--runtime", "python3.14", *options).status == 0


def test_zstd_is_refused_for_a_function_that_does_not_read_it(
    scar: Scar, account: Account, hub: str, tmp_path: Path
) -> None:
    with layers.pushing(hub) as pusher:
        pusher.push("test/zstd", "latest", layers.image(ZSTD))
    path = str(folder(tmp_path / "layout", ZSTD))
    for runtime, status in (("python3.13", 1), ("python3.14", 0)):
        assert scar("init", "--runtime", runtime, "-n", runtime[-2:], "grycap/cowsay").status == 0
        before = account.configuration(runtime[-2:])["Environment"]
        for options in (("--image", "test/zstd"), ("--image-file", path)):
            ran = scar("update", *options, runtime[-2:])
            assert (ran.status, REFUSAL in ran.stderr) == (status, bool(status)), ran.stderr
        assert (account.configuration(runtime[-2:])["Environment"] == before) == bool(status)


def test_in_the_local_cloud_the_python_that_runs_scar_reads_zstd_or_not() -> None:
    found = Found("cow", ZSTD.descriptor["digest"], 1, None, has_zstd=True)
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    expected = contextlib.nullcontext() if zstd.is_read_by(own) else pytest.raises(ScarError, match=own)
    for runtime in limits.RUNTIMES:
        with expected:
            zstd.check_new(found, runtime, Where(local=True))
    zstd.check_new(replace(found, has_zstd=False), "python3.12", Where(local=True))


def test_of_several_images_one_must_be_named(scar: Scar, account: Account, tmp_path: Path) -> None:
    cow, pig = (layers.image(layers.layer(layers.file(name))) for name in ("cow", "pig"))
    path = archive(tmp_path / "both.tar", laid_out((cow, called("x/cow:1")), (pig, called("x/pig:1"))))
    init = ("init", "-n", "cow", "--image-file", str(path))
    ran = scar(*init)
    assert (ran.status, "holds several images: x/cow:1, x/pig:1" in ran.stderr) == (1, True), ran.stderr
    assert scar(*init, "x/dog:1").status == 1
    with images.of_file(str(path), "x/pig:1", "x86_64") as (_, found):
        assert found.digest == pig.digest
    assert account.contents() == NOTHING


def test_one_image_may_have_two_names(tmp_path: Path) -> None:
    cow = layers.image(layers.layer(layers.file("cow")))
    path = archive(tmp_path / "cow.tar", laid_out((cow, called("x/cow:1")), (cow, called("x/cow:2"))))
    with images.of_file(str(path), "", "x86_64") as (_, found):
        assert (found.reference.familiar, found.digest) == ("x/cow:1", cow.digest)
