"""Manifests, indexes and platforms, from a real registry and from documents that no registry would take."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from scar_oci.errors import CorruptImage, ImageNotFound, PlatformMissing, UnsupportedImage
from scar_oci.manifest import Index, parse
from scar_oci.platform import Platform
from scar_oci.reference import ImageReference
from scar_oci.registry import Registry
from tests.oci.lab import AMD64, HASTY, Lab
from tests.oci.layers import (
    DOCKER,
    OCI,
    OCI_LAYER,
    Image,
    Layer,
    digest_of,
    file,
    gz,
    image,
    index,
    layer,
    tar,
)
from tests.oci.unreliable import UnreliableRegistry

ARM64 = Platform.of_lambda("arm64")
OCI_TYPE = f"{OCI}.{{}}.v1+json"
_INTEL = image(layer(file("intel")))
_ARM = image(layer(file("arm")), architecture="arm64")
_ATTESTATION = {
    "mediaType": f"{OCI}.manifest.v1+json",
    "digest": digest_of(b"attestation"),
    "size": 11,
    "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    "platform": {"os": "unknown", "architecture": "unknown"},
}


@pytest.fixture
def server() -> Iterator[UnreliableRegistry]:
    """Serves the documents that a test puts into it."""
    with UnreliableRegistry(_INTEL, _ARM).serving() as server:
        yield server


def resolve(server: UnreliableRegistry, platform: Platform = AMD64) -> str:
    with Registry(mirror=server.url, retry=HASTY) as registry:
        return registry.resolve(ImageReference.parse("test/image"), platform).digest


@pytest.mark.parametrize(("platform", "expected"), [(AMD64, _INTEL), (ARM64, _ARM)])
def test_an_index_offers_each_platform_its_image(lab: Lab, platform: Platform, expected: Image) -> None:
    for one in (_INTEL, _ARM):
        lab.pusher.push("test/both", one.architecture, one)
    lab.pusher.push_manifest("test/both", "latest", index(_INTEL, _ARM), f"{OCI}.index.v1+json")

    resolved = lab.registry.resolve(ImageReference.parse("test/both"), platform)

    assert resolved.digest == expected.digest
    assert resolved.platform == platform
    assert [layer.digest for layer in resolved.layers] == [expected.layers[0].descriptor["digest"]]
    assert lab.registry.config(resolved).architecture == platform.architecture


def test_an_unknown_repository_and_an_unknown_tag_are_not_found(lab: Lab) -> None:
    lab.pusher.push("test/known", "latest", _INTEL)
    for name in ("test/unknown", "test/known:unknown", f"test/known@{digest_of(b'unknown')}"):
        reference = ImageReference.parse(name)
        with pytest.raises(ImageNotFound, match=f"no image {reference.short}"):
            lab.registry.resolve(reference, AMD64)


def test_attestations_are_no_platforms(server: UnreliableRegistry) -> None:
    server.documents["latest"] = (f"{OCI}.index.v1+json", index(_INTEL, extra=[_ATTESTATION]))
    assert resolve(server) == _INTEL.digest
    with pytest.raises(PlatformMissing, match=r"not built for linux/arm64, only for: linux/amd64$"):
        resolve(server, ARM64)


def test_an_image_without_an_index_tells_its_platform_in_its_config(server: UnreliableRegistry) -> None:
    server.documents["latest"] = (_ARM.media_type, _ARM.manifest)
    assert resolve(server, ARM64) == _ARM.digest
    with pytest.raises(PlatformMissing, match="not built for linux/amd64, only for: linux/arm64/v8"):
        resolve(server, AMD64)


def without_type(document: bytes) -> bytes:
    fields = json.loads(document)
    del fields["mediaType"]
    return json.dumps(fields).encode()


@pytest.mark.parametrize("said", ["", "application/json", "text/plain; charset=utf-8", OCI_TYPE])
def test_documents_without_a_type_are_known_by_what_they_hold(server: UnreliableRegistry, said: str) -> None:
    plain = without_type(_INTEL.manifest)
    server.documents["latest"] = (said.format("manifest"), plain)
    assert resolve(server) == digest_of(plain)
    server.documents["latest"] = (said.format("index"), without_type(index(_INTEL, _ARM)))
    assert resolve(server) == _INTEL.digest


def test_an_entry_without_a_platform_is_for_what_its_config_says(server: UnreliableRegistry) -> None:
    document = json.loads(index(_INTEL))
    del document["manifests"][0]["platform"]
    server.documents["latest"] = (f"{OCI}.index.v1+json", json.dumps(document).encode())
    assert resolve(server) == _INTEL.digest
    with pytest.raises(PlatformMissing, match=r"not built for linux/arm64, only for: linux/amd64$"):
        resolve(server, ARM64)
    document["manifests"].append(json.loads(index(_ARM))["manifests"][0])
    server.documents["latest"] = (f"{OCI}.index.v1+json", json.dumps(document).encode())
    assert resolve(server, ARM64) == _ARM.digest


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"architecture": "amd64"}, ""),
        ({"os": "linux"}, ""),
        ({}, ""),
        ({"os": "windows"}, "windows"),
        ({"os": "windows", "architecture": "amd64"}, "windows/amd64"),
        ({"architecture": "arm64"}, "arm64/v8"),
    ],
)
def test_what_a_config_says_of_its_platform_is_compared(
    server: UnreliableRegistry, config: dict[str, str], found: str
) -> None:
    blob = json.dumps(config).encode()
    described = {"mediaType": f"{OCI}.config.v1+json", "digest": digest_of(blob), "size": len(blob)}
    server.documents[digest_of(blob)] = ("application/octet-stream", blob)
    server.documents["latest"] = (_INTEL.media_type, manifest(config=described))
    if not found:
        assert resolve(server)
        return
    with pytest.raises(PlatformMissing, match=f"only for: {found}$"):
        resolve(server)


def variants(*entries: tuple[str, str]) -> Index:
    platforms = [Platform.of_document({"os": "linux", "architecture": a, "variant": v}) for a, v in entries]
    document = json.loads(
        index(*[replace(_INTEL, architecture=f"a{number}") for number in range(len(entries))])
    )
    for entry, platform in zip(document["manifests"], platforms, strict=True):
        entry["platform"] = platform._asdict()
    parsed = parse(json.dumps(document).encode(), "", "test")
    assert isinstance(parsed, Index)
    return parsed


@pytest.mark.parametrize(
    ("offered", "wanted", "chosen"),
    [
        ([("arm64", "v8")], ARM64, 0),
        ([("arm64", "")], ARM64, 0),
        ([("aarch64", "8")], ARM64, 0),
        ([("arm", "v7"), ("arm64", "v8")], ARM64, 1),
        ([("amd64", "v3"), ("amd64", "")], AMD64, 1),
        ([("amd64", "v1")], AMD64, 0),
        ([("x86_64", "")], AMD64, 0),
        ([("amd64", "v4")], AMD64, None),
        ([("arm64", "v9")], ARM64, None),
        ([("386", "")], AMD64, None),
    ],
)
def test_the_right_variant_is_chosen(
    offered: list[tuple[str, str]], wanted: Platform, chosen: int | None
) -> None:
    choices = variants(*offered)
    if chosen is None:
        with pytest.raises(PlatformMissing):
            choices.choose(wanted, "test")
    else:
        assert choices.choose(wanted, "test") == choices.entries[chosen][1]


def test_lambda_has_two_architectures() -> None:
    assert [str(AMD64), str(ARM64)] == ["linux/amd64", "linux/arm64/v8"]
    with pytest.raises(ValueError, match="mips"):
        Platform.of_lambda("mips")


def test_dockers_own_media_types_are_read(lab: Lab) -> None:
    docker = image(
        Layer(gz(tar(file("f", b"docker"))), f"{DOCKER}.image.rootfs.diff.tar.gzip"),
        media_type=f"{DOCKER}.distribution.manifest.v2+json",
        config_type=f"{DOCKER}.container.image.v1+json",
    )
    pulled = lab.roundtrip(docker)
    with open(f"{pulled.rootfs}/f", "rb") as content:
        assert content.read() == b"docker"


def manifest(**changes: Any) -> bytes:
    return json.dumps({**json.loads(_INTEL.manifest), **changes}).encode()


def with_layer_type(media_type: str) -> bytes:
    return manifest(layers=[{**_INTEL.layers[0].descriptor, "mediaType": media_type}])


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b'{"schemaVersion": 1, "fsLayers": []}', "schema 1"),
        (manifest(mediaType="application/vnd.example+json"), "not a container image"),
        (
            manifest(config={**json.loads(_INTEL.manifest)["config"], "mediaType": "x/helm"}),
            "not a container image",
        ),
        (manifest(mediaType=5), "not a container image"),
        (manifest(mediaType=None, manifests=[]), "of the type 'unknown'"),
        (b"{}", "of the type 'unknown'"),
        (with_layer_type(f"{DOCKER}.image.rootfs.foreign.diff.tar.gzip"), "cannot be unpacked"),
        (with_layer_type(f"{OCI_LAYER}+encrypted"), "cannot be unpacked"),
    ],
)
def test_what_is_no_image_of_ours_is_refused(document: bytes, words: str) -> None:
    with pytest.raises(UnsupportedImage, match=words):
        parse(document, "", "test")


def described(**changes: Any) -> bytes:
    return manifest(layers=[{**_INTEL.layers[0].descriptor, **changes}])


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b"<html>",
        b"[" * 100_000,
        manifest(layers=None),
        manifest(layers=[{}]),
        manifest(layers={"a": 1}),
        manifest(config=7),
        described(size=-1),
        described(size="7"),
        described(size=True),
        described(digest="sha256:short"),
        described(digest="md5:" + "0" * 32),
        described(digest=5),
        described(mediaType=5),
        manifest(layers=[_INTEL.layers[0].descriptor] * 1001),
    ],
)
def test_malformed_manifests_are_refused(document: bytes) -> None:
    with pytest.raises(CorruptImage):
        parse(document, _INTEL.media_type, "test")


def test_an_index_in_an_index_is_refused(server: UnreliableRegistry) -> None:
    nested = index(_INTEL)
    outer = json.loads(index(_INTEL))
    outer["manifests"][0] |= {"digest": digest_of(nested), "size": len(nested)}
    server.documents |= {
        "latest": (f"{OCI}.index.v1+json", json.dumps(outer).encode()),
        digest_of(nested): (f"{OCI}.index.v1+json", nested),
    }
    with pytest.raises(CorruptImage, match="another index"):
        resolve(server)


@pytest.mark.parametrize("process", [{"Env": 7}, {"Cmd": [7]}, {"WorkingDir": []}, {"Labels": []}, []])
def test_a_malformed_config_is_refused(lab: Lab, process: Any) -> None:
    with pytest.raises(CorruptImage, match="config"):
        lab.roundtrip(image(layer(), process=process))


def test_a_config_that_claims_to_be_huge_is_not_fetched(server: UnreliableRegistry) -> None:
    config = {**json.loads(_INTEL.manifest)["config"], "size": 1 << 40}
    server.documents["latest"] = (_INTEL.media_type, manifest(config=config))
    with pytest.raises(CorruptImage, match="claims"):
        resolve(server)


def test_the_unpacked_size_is_read_from_the_layers_ends(lab: Lab) -> None:
    archives = [tar(file("a", b"x" * 100_000)), tar(file("b", b"y" * 5))]
    lab.pusher.push("test/size", "latest", image(Layer(gz(archives[0])), Layer(archives[1], OCI_LAYER)))
    resolved = lab.registry.resolve(ImageReference.parse("test/size"), AMD64)
    assert lab.registry.unpacked_size(resolved) == sum(map(len, archives))


def test_the_unpacked_size_is_unknown_where_the_ends_do_not_tell(lab: Lab) -> None:
    archive = tar(file("a", bytes(range(256)) * 40))
    members = gzip.compress(archive[:-10], mtime=0) + gzip.compress(archive[-10:], mtime=0)
    for number, odd in enumerate([Layer(members), Layer(archive, f"{OCI_LAYER}+zstd")]):
        lab.pusher.push("test/odd", str(number), image(odd))
        resolved = lab.registry.resolve(ImageReference.parse(f"test/odd:{number}"), AMD64)
        assert lab.registry.unpacked_size(resolved) is None
