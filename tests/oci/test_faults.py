"""Registries that fail, and what is left behind: a whole image, or nothing and an error that says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from scar_oci.errors import (
    CorruptImage,
    ImageError,
    RateLimited,
    RegistryUnreachable,
)
from scar_oci.store import ImageStore
from tests.oci.lab import HASTY
from tests.oci.layers import Layer, digest_of, file, gz, image, tar
from tests.oci.scene import CONTENT, IMAGE, PACKED, PLAIN, Scene, is_layer
from tests.oci.unreliable import Answer, Request, UnreliableRegistry, altered, cut, first, status

# --- Errors that pass ---


@pytest.mark.parametrize("code", [500, 502, 503, 504, 408, 429])
def test_temporary_errors_are_waited_out(scene: Scene, code: int) -> None:
    scene.server.plan = first(2, status(code, Retry_After="0"))
    scene.assert_whole(scene.pull())


@pytest.mark.parametrize("code", [500, 503])
def test_errors_that_stay_are_given_up(scene: Scene, code: int) -> None:
    scene.server.plan = first(99, status(code), only=is_layer)
    with pytest.raises(RegistryUnreachable, match=str(code)) as refusal:
        scene.pull()
    assert refusal.value.temporary
    assert len(scene.server.asked(PACKED.descriptor["digest"])) == HASTY.attempts
    scene.assert_nothing_left()


@pytest.mark.parametrize("asked", ["soon", "\xb2", "Wed, 21 Oct 2015 07:28:00 GMT", "-1"])
def test_a_wait_that_is_no_number_of_seconds_is_ours_to_choose(scene: Scene, asked: str) -> None:
    scene.server.plan = first(1, status(429, Retry_After=asked))
    scene.assert_whole(scene.pull())


def test_a_registry_that_asks_for_much_patience_gets_none(scene: Scene) -> None:
    scene.server.plan = first(99, status(429, Retry_After="3600"))
    with pytest.raises(RateLimited, match="3600 s") as refusal:
        scene.pull()
    assert len(scene.server.requests) == 1
    assert "mirror" in refusal.value.hint


def test_a_broken_connection_is_resumed_where_it_broke(scene: Scene) -> None:
    scene.server.plan = first(2, cut(200_000), only=is_layer)
    scene.assert_whole(scene.pull())
    ranges = [request.headers.get("range") for request in scene.server.asked(PACKED.descriptor["digest"])]
    assert ranges == [None, "bytes=200000-", "bytes=400000-"]


def test_a_server_without_ranges_sends_it_all_again(scene: Scene) -> None:
    scene.server.ranges = False
    scene.server.plan = first(2, cut(200_000), only=is_layer)
    scene.assert_whole(scene.pull())


def test_a_connection_that_breaks_in_a_document_is_retried(scene: Scene) -> None:
    scene.server.plan = first(1, cut(10))
    scene.assert_whole(scene.pull())


def test_a_connection_that_always_breaks_is_given_up(scene: Scene) -> None:
    scene.server.plan = first(99, cut(0), only=is_layer)
    with pytest.raises(ImageError) as refusal:
        scene.pull()
    assert refusal.value.temporary
    scene.assert_nothing_left()


# --- Bytes that are wrong ---


@pytest.mark.parametrize("at", [0, 5, 1000, 350_000, -5, -1])
def test_one_altered_bit_of_a_compressed_layer_is_noticed(scene: Scene, at: int) -> None:
    scene.server.plan = first(99, altered(at), only=is_layer)
    with pytest.raises(CorruptImage):
        scene.pull()
    scene.assert_nothing_left()


@pytest.mark.parametrize("at", [0, 700, 350_000, -1])
def test_one_altered_bit_of_a_plain_layer_is_noticed(tmp_path: Path, at: int) -> None:
    with UnreliableRegistry(image(PLAIN)).serving() as server:
        scene = Scene(server, ImageStore(str(tmp_path)))
        server.plan = first(99, altered(at), only=is_layer)
        with pytest.raises(CorruptImage):
            scene.pull()
        scene.assert_nothing_left()


def test_a_part_that_was_altered_before_the_connection_broke_is_noticed(tmp_path: Path) -> None:
    def plan(request: Request, answer: Answer) -> Answer:
        return cut(200_000)(request, altered(1000)(request, answer))

    with UnreliableRegistry(image(PLAIN)).serving() as server:
        scene = Scene(server, ImageStore(str(tmp_path)))
        server.plan = first(1, plan, only=is_layer)
        with pytest.raises(CorruptImage, match="altered"):
            scene.pull()


def test_a_layer_that_the_registry_holds_cut_short_is_refused_at_once(scene: Scene) -> None:
    digest = PACKED.descriptor["digest"]
    scene.server.documents[digest] = ("", PACKED.blob[:-100])
    with pytest.raises(CorruptImage, match="cut short"):
        scene.pull()
    assert len(scene.server.asked(digest)) == 1
    scene.assert_nothing_left()


def test_a_layer_that_is_longer_than_announced_is_refused(scene: Scene) -> None:
    scene.server.documents[PACKED.descriptor["digest"]] = ("", PACKED.blob + b"more")
    with pytest.raises(CorruptImage, match="longer"):
        scene.pull()
    scene.assert_nothing_left()


def test_an_archive_that_is_cut_short_before_it_was_packed_is_refused(tmp_path: Path) -> None:
    for blob in (gz(tar(file("data", CONTENT))[:-300_000]), PACKED.blob[:-20]):
        with UnreliableRegistry(image(Layer(blob))).serving() as server:
            scene = Scene(server, ImageStore(str(tmp_path)))
            with pytest.raises(CorruptImage, match="cut short"):
                scene.pull()
            scene.assert_nothing_left()


def test_altered_documents_are_noticed(scene: Scene) -> None:
    scene.server.plan = first(99, altered(-2), only=lambda request: request.path.endswith(IMAGE.digest))
    with pytest.raises(CorruptImage, match="altered"):
        scene.pull(f"test/image@{IMAGE.digest}")
    config = digest_of(IMAGE.config)
    scene.server.plan = first(99, altered(-2), only=lambda request: request.path.endswith(config))
    with pytest.raises(CorruptImage, match="altered"):
        scene.pull()


def test_a_tag_whose_announced_digest_is_another_is_noticed(scene: Scene) -> None:
    def plan(request: Request, answer: Answer) -> Answer:
        return Answer(answer.status, answer.body, {**answer.headers, "Docker-Content-Digest": digest_of(b"")})

    scene.server.plan = plan
    with pytest.raises(CorruptImage, match="altered"):
        scene.pull()


def test_a_manifest_without_end_is_not_read_to_its_end(scene: Scene) -> None:
    scene.server.documents["latest"] = (IMAGE.media_type, b" " * (4 * 1024 * 1024 + 1))
    with pytest.raises(CorruptImage, match="larger"):
        scene.pull()
