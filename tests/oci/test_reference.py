"""Names of images, as Docker reads them."""

from __future__ import annotations

import pytest

from scar_oci.errors import InvalidReference
from scar_oci.reference import ImageReference

_DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "canonical", "familiar"),
    [
        ("debian", "docker.io/library/debian:latest", "debian:latest"),
        ("debian:bookworm-slim", "docker.io/library/debian:bookworm-slim", "debian:bookworm-slim"),
        ("grycap/cowsay", "docker.io/grycap/cowsay:latest", "grycap/cowsay:latest"),
        ("docker.io/debian", "docker.io/library/debian:latest", "debian:latest"),
        ("docker.io/grycap/cowsay:1", "docker.io/grycap/cowsay:1", "grycap/cowsay:1"),
        ("index.docker.io/debian", "docker.io/library/debian:latest", "debian:latest"),
        ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
        ("localhost:5000/a/b/c:T_1.x-y", "localhost:5000/a/b/c:T_1.x-y", "localhost:5000/a/b/c:T_1.x-y"),
        ("[::1]:5000/a", "[::1]:5000/a:latest", "[::1]:5000/a:latest"),
        ("Quay.io/a", "Quay.io/a:latest", "Quay.io/a:latest"),
        ("ghcr.io/a.b/c__d/e---f", "ghcr.io/a.b/c__d/e---f:latest", "ghcr.io/a.b/c__d/e---f:latest"),
        (f"debian@{_DIGEST}", f"docker.io/library/debian@{_DIGEST}", f"debian@{_DIGEST}"),
        (f"debian:12@{_DIGEST}", f"docker.io/library/debian:12@{_DIGEST}", f"debian:12@{_DIGEST}"),
    ],
)
def test_names_are_completed_as_docker_does(text: str, canonical: str, familiar: str) -> None:
    reference = ImageReference.parse(text)
    assert str(reference) == canonical
    assert reference.familiar == familiar
    assert ImageReference.parse(str(reference)) == reference


@pytest.mark.parametrize(
    "text",
    [
        "",
        " debian",
        "debian:",
        "debian:.x",
        "debian:" + "t" * 129,
        "debian@",
        "debian@sha256:abc",
        "debian@md5:" + "0" * 32,
        f"debian@{_DIGEST.upper()}",
        "-a",
        "a-",
        "a..b",
        "a___b",
        "a._b",
        "a//b",
        "/a",
        "a/",
        "localhost:port/a",
        "localhost:99999/a",
        "localhost:0/a",
        "exa_mple.com/a",
        "-example.com/a",
        "a" * 64 + ".com/a",
        "[::1/a",
        "[::1]x/a",
        "https://docker.io/debian",
        "döner",
        "a" * 256,
    ],
)
def test_what_docker_refuses_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        ImageReference.parse(text)


def test_upper_case_is_refused_with_the_name_that_was_meant() -> None:
    with pytest.raises(InvalidReference, match="lower case") as refusal:
        ImageReference.parse("Grycap/Cowsay:Latest")
    assert "'grycap/cowsay'" in refusal.value.hint


def test_messages_call_an_image_by_a_short_name() -> None:
    assert ImageReference.parse(f"debian:12@{_DIGEST}").short == "debian:12"
    assert ImageReference.parse(f"debian@{_DIGEST}").short == "debian@sha256:0123456789ab"


def test_a_reference_can_be_pinned_to_a_digest() -> None:
    assert (
        str(ImageReference.parse("debian:12").with_digest(_DIGEST))
        == f"docker.io/library/debian:12@{_DIGEST}"
    )
    with pytest.raises(InvalidReference):
        ImageReference.parse("debian").with_digest("sha256:short")
