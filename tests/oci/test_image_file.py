"""Images in files: what skopeo and `docker save` write is unpacked as a pull from the registry is."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scar_oci import image_file
from scar_oci.errors import CorruptImage, ImageError, ImageNotFound, PlatformMissing, UnsupportedImage
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.store import ImageStore, StoredImage
from tests.oci.lab import AMD64, Lab
from tests.oci.layers import (
    OCI_LAYER,
    Image,
    Layer,
    digest_of,
    file,
    folder,
    gz,
    image,
    layer,
    symlink,
    tar,
    zst,
)
from tests.oci.trees import state

_IMAGE = image(
    layer(folder("bin"), file("bin/tool", b"old", mode=0o755), symlink("bin/link", "/bin/tool")),
    layer(file("bin/tool", b"new", mode=0o700), file("data", b"x" * 100_000)),
    process={"Cmd": ["/bin/tool"]},
)
_NAME = ImageReference.parse("test/filed:1")


def unpack(path: Path, store: ImageStore, reference: ImageReference = _NAME) -> StoredImage:
    with image_file.opened(str(path)) as layout:
        return store.pull(layout, layout.resolve(reference, AMD64))


def archive(path: Path, files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> Path:
    with tarfile.open(path, "w") as target:
        for name, target_name in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target_name
            target.addfile(info)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            target.addfile(info, io.BytesIO(content))
    return path


def saved(image: Image, tags: list[str] | None = None) -> dict[str, bytes]:
    """The files that Docker before 25 saves."""
    layers = {f"{number}/layer.tar": gzip.decompress(one.blob) for number, one in enumerate(image.layers)}
    entry = {"Config": "abc.json", "RepoTags": tags, "Layers": list(layers)}
    return {"manifest.json": json.dumps([entry]).encode(), "abc.json": image.config, **layers}


def laid_out(*images: tuple[Image, dict[str, Any]]) -> dict[str, bytes]:
    """The files of an OCI layout; beside each image what its entry in the index says."""
    blobs = {digest: blob for image, _ in images for digest, blob in image.blobs.items()}
    blobs |= {image.digest: image.manifest for image, _ in images}
    entries = [
        {"mediaType": one.media_type, "digest": one.digest, "size": len(one.manifest), **more}
        for one, more in images
    ]
    return {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": entries}).encode(),
        **{"blobs/" + digest.replace(":", "/"): blob for digest, blob in blobs.items()},
    }


def called(name: str) -> dict[str, Any]:
    return {"annotations": {"org.opencontainers.image.ref.name": name}}


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(str(tmp_path / "from-file"))


@pytest.fixture
def copied(lab: Lab, registry_url: str, tmp_path: Path) -> Callable[[str], Path]:
    """Let skopeo write the image in a format; the path of what it wrote."""

    def copy(kind: str) -> Path:
        lab.pusher.push("test/filed", "1", _IMAGE)
        source = registry_url.replace("http://", "docker://") + "/test/filed:1"
        target = tmp_path / "written"
        name = f"{kind}:{target}:test/filed:1"
        subprocess.run(["skopeo", "copy", "-q", "--src-tls-verify=false", source, name], check=True)
        return target

    return copy


@pytest.mark.parametrize("kind", ["oci", "oci-archive", "docker-archive"])
def test_what_skopeo_writes_is_the_image_of_the_registry(
    lab: Lab, store: ImageStore, copied: Callable[[str], Path], kind: str
) -> None:
    unpacked = unpack(copied(kind), store)
    pulled = lab.pull("test/filed:1")
    assert state(Path(unpacked.rootfs)) == state(Path(pulled.rootfs))
    assert unpacked.config == pulled.config
    assert (unpacked.digest == pulled.digest) == (kind != "docker-archive")  # that one keeps no manifest


@pytest.mark.parametrize("compress", [gz, zst, lambda data: data], ids=["gzip", "zstd", "plain"])
def test_what_old_dockers_save_is_unpacked(
    tmp_path: Path, store: ImageStore, compress: Callable[[bytes], bytes]
) -> None:
    path = archive(tmp_path / "saved.tar", saved(_IMAGE, ["test/filed:1"]))
    path.write_bytes(compress(path.read_bytes()))
    unpacked = unpack(path, store)
    assert Path(unpacked.rootfs, "bin/tool").read_bytes() == b"new"
    assert unpacked.config.cmd == ("/bin/tool",)


@pytest.mark.parametrize("compress", [gz, zst])
def test_a_compressed_archive_that_is_cut_short_is_refused(
    tmp_path: Path, store: ImageStore, compress: Callable[[bytes], bytes]
) -> None:
    path = archive(tmp_path / "saved.tar", saved(_IMAGE))
    content = compress(path.read_bytes())
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptImage, match="cut short"):
        unpack(path, store)


def test_a_layer_that_is_a_link_to_another_is_found(tmp_path: Path, store: ImageStore) -> None:
    twice = image(_IMAGE.layers[0], _IMAGE.layers[0])
    files = saved(twice)
    del files["1/layer.tar"]
    unpacked = unpack(archive(tmp_path / "a.tar", files, {"1/layer.tar": "../0/layer.tar"}), store)
    assert Path(unpacked.rootfs, "bin/tool").read_bytes() == b"old"


def test_compressed_layers_in_a_saved_image_are_read(tmp_path: Path, store: ImageStore) -> None:
    files = saved(_IMAGE)
    files["1/layer.tar"] = _IMAGE.layers[1].blob
    unpacked = unpack(archive(tmp_path / "a.tar", files), store)
    assert Path(unpacked.rootfs, "bin/tool").read_bytes() == b"new"


def test_of_several_images_the_named_one_is_taken(tmp_path: Path, store: ImageStore) -> None:
    other = image(layer(file("other")))
    path = archive(tmp_path / "a.tar", laid_out((other, called("two")), (_IMAGE, called("1"))))
    assert unpack(path, store).digest == _IMAGE.digest
    full = archive(
        tmp_path / "b.tar", laid_out((other, called("x/y:1")), (_IMAGE, called("docker.io/test/filed:1")))
    )
    assert unpack(full, store).digest == _IMAGE.digest


def test_of_several_platforms_ours_is_taken(tmp_path: Path, store: ImageStore) -> None:
    arm = image(layer(file("arm")), architecture="arm64")
    platform = {"platform": {"os": "linux", "architecture": "amd64"}}
    path = archive(
        tmp_path / "a.tar",
        laid_out((arm, {"platform": {"os": "linux", "architecture": "arm64"}}), (_IMAGE, platform)),
    )
    assert unpack(path, store).digest == _IMAGE.digest


def test_an_index_in_the_index_is_followed(tmp_path: Path, store: ImageStore) -> None:
    """As `docker save` of today writes it, with the attestations of BuildKit."""
    files = laid_out((_IMAGE, {}))
    attested = {
        "mediaType": _IMAGE.media_type,
        "digest": digest_of(b"attestation"),
        "size": 11,
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    index = json.loads(files["index.json"])
    index["mediaType"] = "application/vnd.oci.image.index.v1+json"
    index["manifests"][0]["platform"] = {"os": "linux", "architecture": "amd64"}
    index["manifests"].insert(0, attested)
    inner = json.dumps(index).encode()
    files["blobs/" + digest_of(inner).replace(":", "/")] = inner
    outer = {"mediaType": index["mediaType"], "digest": digest_of(inner), "size": len(inner)}
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [outer]}).encode()
    assert unpack(archive(tmp_path / "a.tar", files), store).digest == _IMAGE.digest


@pytest.mark.parametrize("by_digest", [False, True])
def test_a_manifest_need_not_say_what_it_is(tmp_path: Path, store: ImageStore, by_digest: bool) -> None:
    fields = json.loads(_IMAGE.manifest)
    del fields["mediaType"]
    manifest = json.dumps(fields).encode()
    digest = digest_of(manifest)
    files = laid_out((_IMAGE, {}))
    files["blobs/" + digest.replace(":", "/")] = manifest
    entry = {"mediaType": _IMAGE.media_type, "digest": digest, "size": len(manifest)}
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    reference = _NAME.with_digest(digest) if by_digest else _NAME
    assert unpack(archive(tmp_path / "a.tar", files), store, reference).digest == digest


def _altered(files: dict[str, bytes], name: str, content: bytes | None) -> dict[str, bytes]:
    changed = {key: value for key, value in files.items() if not (key == name and content is None)}
    return changed if content is None else {**changed, name: content}


_LAID_OUT = laid_out((_IMAGE, called("1")))
_LAYER_FILE = "blobs/" + digest_of(_IMAGE.layers[1].blob).replace(":", "/")
_MANIFEST_FILE = "blobs/" + _IMAGE.digest.replace(":", "/")

_BAD: dict[str, tuple[dict[str, bytes], type[ImageError], str]] = {
    "no index": (_altered(_LAID_OUT, "index.json", None), UnsupportedImage, "neither an OCI layout nor"),
    "no layer": (_altered(_LAID_OUT, _LAYER_FILE, None), CorruptImage, "not complete"),
    "an altered layer": (
        _altered(_LAID_OUT, _LAYER_FILE, gz(tar(file("evil")))),
        CorruptImage,
        "was altered: its digest",
    ),
    "an altered manifest": (
        _altered(_LAID_OUT, _MANIFEST_FILE, image(layer(file("evil"))).manifest),
        CorruptImage,
        "was altered",
    ),
    "a broken index": (_altered(_LAID_OUT, "index.json", b"[1"), CorruptImage, "not valid JSON"),
    "an index of another shape": (
        _altered(_LAID_OUT, "index.json", b'{"manifests": [{"digest": 5}]}'),
        CorruptImage,
        "malformed",
    ),
    "no image": (_altered(_LAID_OUT, "index.json", b'{"manifests": []}'), ImageNotFound, "no image"),
    "a digest that climbs": (
        _altered(
            _LAID_OUT,
            "index.json",
            _LAID_OUT["index.json"].replace(_IMAGE.digest.encode(), b"sha256:../../../etc/passwd"),
        ),
        CorruptImage,
        "not a digest",
    ),
    "another machine's": (
        laid_out((image(layer(file("arm")), architecture="arm64"), {})),
        PlatformMissing,
        "not built for linux/amd64, only for: linux/arm64",
    ),
    "other names": (
        laid_out((_IMAGE, called("two")), (image(layer(file("b"))), called("three"))),
        ImageNotFound,
        "three, two",
    ),
    "a saved image without its config": (_altered(saved(_IMAGE), "abc.json", None), CorruptImage, "abc.json"),
    "a saved image without a layer": (_altered(saved(_IMAGE), "0/layer.tar", None), CorruptImage, "0/layer"),
    "a saved image of too few layers": (
        _altered(saved(_IMAGE), "abc.json", image(_IMAGE.layers[0]).config),
        CorruptImage,
        "malformed",
    ),
    "a saved image with another layer": (
        _altered(saved(_IMAGE), "0/layer.tar", tar(file("evil"))),
        CorruptImage,
        "was altered",
    ),
}


@pytest.mark.parametrize("case", list(_BAD))
@pytest.mark.parametrize("folder", [False, True], ids=["archive", "folder"])
def test_a_bad_file_is_refused_and_leaves_nothing(
    tmp_path: Path, store: ImageStore, case: str, folder: bool
) -> None:
    files, kind, message = _BAD[case]
    path = tmp_path / "bad"
    if folder:
        if "manifest.json" in files:
            kind, message = UnsupportedImage, "no index.json"  # Docker saves no folders
        elif "no index" in case:
            message = "neither"
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
    else:
        archive(path, files)
    with pytest.raises(kind, match=message):
        unpack(path, store)
    assert not list(Path(store.root).glob("containers/*"))


@pytest.mark.parametrize("content", [b"", b"no archive at all" * 100, gz(b"nor this" * 1000)])
def test_what_is_no_archive_is_refused(tmp_path: Path, store: ImageStore, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnsupportedImage, match="neither an OCI layout"):
        unpack(path, store)


def test_a_file_that_is_not_there_is_said(tmp_path: Path, store: ImageStore) -> None:
    with pytest.raises(ImageNotFound, match="no file"):
        unpack(tmp_path / "absent", store)


def test_the_unpacked_size_is_told(tmp_path: Path) -> None:
    plain = Layer(tar(file("plain", bytes(5000))), OCI_LAYER)
    compressed = Layer(gz(tar(file("a", b"x" * 50_000))))
    both = image(plain, compressed)
    path = archive(tmp_path / "a.tar", laid_out((both, called("1"))))
    with image_file.opened(str(path)) as layout:
        size = layout.unpacked_size(layout.resolve(_NAME, Platform.of_lambda("x86_64")))
    # A trailer that says less than the compressed bytes would not be believed; this one says all.
    assert size == len(plain.blob) + len(gzip.decompress(compressed.blob))
    assert os.path.getsize(path) < (size or 0) + 30_000
