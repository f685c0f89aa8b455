"""Registries that are not there, or are not those that were meant."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from scar_oci.errors import (
    ImageNotFound,
    InvalidReference,
    RegistryUnreachable,
)
from scar_oci.reference import ImageReference
from scar_oci.registry import Credentials, Registry
from tests.oci.lab import AMD64, HASTY
from tests.oci.scene import IMAGE, Scene
from tests.oci.unreliable import UnreliableRegistry


def test_an_unknown_image_is_said_so_with_the_registrys_words(scene: Scene) -> None:
    with pytest.raises(ImageNotFound, match=r"no image test/image:missing \(manifest unknown\)"):
        scene.pull("test/image:missing")
    assert len(scene.server.requests) == 1


def test_a_registry_that_is_down_is_said_so_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(RegistryUnreachable, match="refused") as caught,
            Registry(mirror=url, retry=HASTY) as registry,
        ):
            registry.resolve(ImageReference.parse("debian"), AMD64)
    assert "`make registry`" in caught.value.hint


def test_a_registry_that_nobody_knows_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with (
        pytest.raises(RegistryUnreachable, match=r"registry\.invalid cannot be found: ") as caught,
        Registry(mirror="https://registry.invalid", retry=HASTY) as registry,
    ):
        registry.resolve(ImageReference.parse("debian"), AMD64)
    assert "Check the network and the proxy." in caught.value.hint
    assert "SCAR_REGISTRY_MIRROR" in caught.value.hint


def test_a_mirror_is_asked_in_place_of_docker_hub_and_of_nobody_else(scene: Scene) -> None:
    with UnreliableRegistry(IMAGE).serving() as other:
        scene.pull("docker.io/test/image")
        assert scene.server.asked("/v2/test/image/manifests/latest")
        seen = len(scene.server.requests)
        scene.pull(f"{other.host}/test/image")
        assert other.asked("/v2/test/image/manifests/latest")
        assert len(scene.server.requests) == seen


@pytest.mark.parametrize(
    "url", ["127.0.0.1:5000", "ftp://x", "http://", "http://x/path", "http://u:p@x", "http://x:y"]
)
def test_a_mirror_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidReference, match="mirror"):
        Registry(mirror=url)


def test_the_environments_proxy_is_used_and_its_exceptions_are_not(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", scene.server.url.replace("http://", "http://user:p%40ss@"))
    reference = ImageReference.parse("test/image")
    with Registry(mirror="http://registry.invalid", retry=HASTY) as registry:
        assert registry.resolve(reference, AMD64).digest == IMAGE.digest
    assert scene.server.requests[0].headers["host"] == "registry.invalid"
    assert scene.server.requests[0].headers["proxy-authorization"] == Credentials("user", "p@ss").basic
    monkeypatch.setenv("no_proxy", "registry.invalid")
    with (
        Registry(mirror="http://registry.invalid", retry=HASTY) as registry,
        pytest.raises(RegistryUnreachable),
    ):
        registry.resolve(reference, AMD64)


# --- TLS ---


def test_a_plain_server_is_not_taken_for_one_with_tls(scene: Scene) -> None:
    url = scene.server.url.replace("http://", "https://")
    with pytest.raises(RegistryUnreachable, match="TLS"), Registry(mirror=url, retry=HASTY) as registry:
        registry.resolve(ImageReference.parse("debian"), AMD64)


def test_certificates_are_verified(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=localhost",
            ),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    with UnreliableRegistry(IMAGE).with_tls(certificate, key).serving() as server:
        reference = ImageReference.parse("test/image")
        with Registry(mirror=server.url, retry=HASTY) as registry:
            with pytest.raises(RegistryUnreachable, match="cannot be trusted") as refusal:
                registry.resolve(reference, AMD64)
            assert not refusal.value.temporary
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with Registry(mirror=server.url, retry=HASTY) as registry:
            assert registry.resolve(reference, AMD64).digest == IMAGE.digest
