"""What `make images` leaves in the registry, and when it builds again."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from tools import images


def platform(registry: str, repository: str) -> tuple[str, list[str]]:
    """Architecture and command of an image."""
    manifest = fetch(f"{registry}/v2/{repository}/manifests/latest")
    config = fetch(f"{registry}/v2/{repository}/blobs/{json.loads(manifest)['config']['digest']}")
    document = json.loads(config)
    return document["architecture"], document["config"].get("Cmd", [])


def fetch(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"Accept": images.MANIFEST_TYPE})
    with urllib.request.urlopen(request) as response:
        return bytes(response.read())


def cowsay() -> images.Image:
    return next(image for image in images.known() if image.name == "grycap/cowsay:latest")


@pytest.mark.parametrize(
    ("repository", "architecture", "command"),
    [
        ("grycap/cowsay", "amd64", "/bin/sh"),
        ("scar-test/static", "amd64", "/bin/busybox"),
        ("scar-test/musl", "amd64", "/bin/hello"),
        ("scar-test/arm64only", "arm64", "/hello"),
    ],
)
def test_images_are_for_their_platform(
    registry: str, repository: str, architecture: str, command: str
) -> None:
    found, arguments = platform(registry, repository)
    assert (found, arguments[0]) == (architecture, command)


def test_tests_do_not_wait_for_the_images_of_examples() -> None:
    tested = {image.name for image in images.known() if image.name.startswith(images.TESTED)}
    others = {name for name in tested if not name.startswith(("library/", "scar-test/"))}
    assert others == {"grycap/cowsay:latest"}


def test_an_image_brings_the_bases_that_it_needs_and_no_others() -> None:
    names = [image.name for image in images.chosen(("grycap/cowsay:",))]
    assert names == ["library/debian:bookworm-slim", "grycap/cowsay:latest"]
    assert set(images.BASES) < {image.name for image in images.chosen(images.TESTED)}


def test_an_image_is_current_until_what_it_is_made_of_changes(registry: str) -> None:
    image = cowsay()
    assert images.is_current(registry, image)
    assert not images.is_current(registry, image._replace(key="another"))


def test_an_image_that_the_registry_lost_is_not_current(registry: str) -> None:
    assert not images.is_current(registry, cowsay()._replace(name="scar-test/lost:latest"))


@pytest.mark.parametrize(
    ("dockerfile", "counts"),
    [
        ("FROM scratch\nCOPY hello /\n", True),
        ("FROM scratch\nADD hello /\n", True),
        ("FROM debian AS build\nFROM scratch\nCOPY --from=build /bin/sh /\n", False),
    ],
)
def test_other_files_count_if_the_dockerfile_copies_any(
    tmp_path: Path, dockerfile: str, counts: bool
) -> None:
    (tmp_path / "Dockerfile").write_text(dockerfile)
    (tmp_path / "hello").write_text("one")
    first = images.sources(tmp_path)
    (tmp_path / "hello").write_text("two")
    assert (images.sources(tmp_path) != first) == counts
