"""Registries that fail, and what is left behind: a whole image, or nothing and an error that says why."""

from __future__ import annotations

import os
import random
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scar_oci.errors import (
    CorruptImage,
    ImageError,
    ImageNotFound,
    InvalidReference,
    RateLimited,
    RegistryDenied,
    RegistryUnreachable,
)
from scar_oci.reference import ImageReference
from scar_oci.registry import Credentials, Registry
from scar_oci.store import ImageStore, StoredImage
from tests.oci.conftest import AMD64, HASTY
from tests.oci.layers import OCI_LAYER, Layer, digest_of, file, gz, image, tar
from tests.oci.unreliable import Answer, Plan, Request, UnreliableRegistry, altered, cut, first, status

_CONTENT = random.Random(1).randbytes(700_000)
_PACKED = Layer(gz(tar(file("data", _CONTENT))))
_PLAIN = Layer(tar(file("data", _CONTENT)), OCI_LAYER)
_IMAGE = image(_PACKED)


def is_layer(request: Request) -> bool:
    return request.path.endswith((_PACKED.descriptor["digest"], _PLAIN.descriptor["digest"]))


@dataclass
class Scene:
    server: UnreliableRegistry
    store: ImageStore

    def pull(self, name: str = "test/image", credentials: Credentials | None = None) -> StoredImage:
        rights = {"docker.io": credentials} if credentials else None
        with Registry(mirror=self.server.url, credentials=rights, retry=HASTY) as registry:
            return self.store.pull(registry, registry.resolve(ImageReference.parse(name), AMD64))

    def assert_whole(self, pulled: StoredImage) -> None:
        with open(os.path.join(pulled.rootfs, "data"), "rb") as data:
            assert data.read() == _CONTENT
        assert self.store.find(pulled.digest) == pulled

    def assert_nothing_left(self) -> None:
        root = Path(self.store.root)
        assert self.store.find(_IMAGE.digest) is None
        assert [path for folder in ("containers", "incoming") for path in (root / folder).glob("*")] == []


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with UnreliableRegistry(_IMAGE).serving() as server:
        yield Scene(server, ImageStore(str(tmp_path / "store")))


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
    assert len(scene.server.asked(_PACKED.descriptor["digest"])) == HASTY.attempts
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
    ranges = [request.headers.get("range") for request in scene.server.asked(_PACKED.descriptor["digest"])]
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
    with UnreliableRegistry(image(_PLAIN)).serving() as server:
        scene = Scene(server, ImageStore(str(tmp_path)))
        server.plan = first(99, altered(at), only=is_layer)
        with pytest.raises(CorruptImage):
            scene.pull()
        scene.assert_nothing_left()


def test_a_part_that_was_altered_before_the_connection_broke_is_noticed(tmp_path: Path) -> None:
    def plan(request: Request, answer: Answer) -> Answer:
        return cut(200_000)(request, altered(1000)(request, answer))

    with UnreliableRegistry(image(_PLAIN)).serving() as server:
        scene = Scene(server, ImageStore(str(tmp_path)))
        server.plan = first(1, plan, only=is_layer)
        with pytest.raises(CorruptImage, match="altered"):
            scene.pull()


def test_a_layer_that_the_registry_holds_cut_short_is_refused_at_once(scene: Scene) -> None:
    digest = _PACKED.descriptor["digest"]
    scene.server.documents[digest] = ("", _PACKED.blob[:-100])
    with pytest.raises(CorruptImage, match="cut short"):
        scene.pull()
    assert len(scene.server.asked(digest)) == 1
    scene.assert_nothing_left()


def test_a_layer_that_is_longer_than_announced_is_refused(scene: Scene) -> None:
    scene.server.documents[_PACKED.descriptor["digest"]] = ("", _PACKED.blob + b"more")
    with pytest.raises(CorruptImage, match="longer"):
        scene.pull()
    scene.assert_nothing_left()


def test_an_archive_that_is_cut_short_before_it_was_packed_is_refused(tmp_path: Path) -> None:
    for blob in (gz(tar(file("data", _CONTENT))[:-300_000]), _PACKED.blob[:-20]):
        with UnreliableRegistry(image(Layer(blob))).serving() as server:
            scene = Scene(server, ImageStore(str(tmp_path)))
            with pytest.raises(CorruptImage, match="cut short"):
                scene.pull()
            scene.assert_nothing_left()


def test_altered_documents_are_noticed(scene: Scene) -> None:
    scene.server.plan = first(99, altered(-2), only=lambda request: request.path.endswith(_IMAGE.digest))
    with pytest.raises(CorruptImage, match="altered"):
        scene.pull(f"test/image@{_IMAGE.digest}")
    config = digest_of(_IMAGE.config)
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
    scene.server.documents["latest"] = (_IMAGE.media_type, b" " * (4 * 1024 * 1024 + 1))
    with pytest.raises(CorruptImage, match="larger"):
        scene.pull()


# --- Registries that are not there, or refuse ---


def test_an_unknown_image_is_said_so_with_the_registrys_words(scene: Scene) -> None:
    with pytest.raises(ImageNotFound, match=r"no image test/image:missing \(manifest unknown\)"):
        scene.pull("test/image:missing")
    assert len(scene.server.requests) == 1


def test_a_registry_that_is_down_is_said_so_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: nobody else gets the port
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            pytest.raises(RegistryUnreachable, match="refused"),
            Registry(mirror=url, retry=HASTY) as registry,
        ):
            registry.resolve(ImageReference.parse("debian"), AMD64)


def test_a_mirror_is_asked_in_place_of_docker_hub_and_of_nobody_else(scene: Scene) -> None:
    with UnreliableRegistry(_IMAGE).serving() as other:
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
        assert registry.resolve(reference, AMD64).digest == _IMAGE.digest
    assert scene.server.requests[0].headers["host"] == "registry.invalid"
    assert scene.server.requests[0].headers["proxy-authorization"] == Credentials("user", "p@ss").basic
    monkeypatch.setenv("no_proxy", "registry.invalid")
    with (
        Registry(mirror="http://registry.invalid", retry=HASTY) as registry,
        pytest.raises(RegistryUnreachable),
    ):
        registry.resolve(reference, AMD64)


# --- Tokens ---


class TokenGuard:
    """Asks for a token as Docker Hub does; each token is good for so many requests."""

    def __init__(self, server: UnreliableRegistry, good_for: int = 1000) -> None:
        self._server = server
        self._good_for = good_for
        self._uses = 0
        self.issued: list[Request] = []

    def __call__(self, request: Request, answer: Answer) -> Answer:
        if request.path.startswith("/token"):
            self.issued.append(request)
            self._uses = 0
            return Answer(200, b'{"token": "T%d"}' % len(self.issued))
        self._uses += 1
        if (
            self._uses <= self._good_for
            and request.headers.get("authorization") == f"Bearer T{len(self.issued)}"
        ):
            return answer
        challenge = (
            f'Bearer realm="{self._server.url}/token",service="registry",scope="repository:test/image:pull"'
        )
        return Answer(401, b"", {"WWW-Authenticate": challenge})


def test_a_token_is_fetched_once_and_used(scene: Scene) -> None:
    scene.server.plan = guard = TokenGuard(scene.server)
    scene.assert_whole(scene.pull())
    [issued] = guard.issued
    assert issued.path == "/token?service=registry&scope=repository%3Atest%2Fimage%3Apull"
    assert "authorization" not in issued.headers


def test_an_expired_token_is_replaced(scene: Scene) -> None:
    scene.server.plan = guard = TokenGuard(scene.server, good_for=1)
    scene.assert_whole(scene.pull())
    assert len(guard.issued) == 3


def test_a_token_that_does_not_help_is_not_fetched_again_and_again(scene: Scene) -> None:
    scene.server.plan = guard = TokenGuard(scene.server, good_for=0)
    with pytest.raises(RegistryDenied, match="does not exist, or is private"):
        scene.pull()
    assert len(guard.issued) == 1


@pytest.mark.parametrize("realm", ["http://[", "http://x:port/", "http://registry.invalid/", "nowhere"])
def test_a_token_server_that_cannot_be_asked_is_an_error(scene: Scene, realm: str) -> None:
    scene.server.plan = lambda request, answer: Answer(
        401, b"", {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    )
    with pytest.raises(RegistryDenied if "invalid" not in realm else RegistryUnreachable):
        scene.pull()


def test_credentials_go_to_the_token_server_only(scene: Scene) -> None:
    scene.server.plan = guard = TokenGuard(scene.server)
    scene.pull(credentials=Credentials("user", "secret"))
    assert guard.issued[0].headers["authorization"] == Credentials("user", "secret").basic
    others = [request.headers.get("authorization", "") for request in scene.server.asked("/v2/")]
    assert not any(value.startswith("Basic") for value in others)


def test_basic_credentials_are_used_and_not_shown(scene: Scene) -> None:
    credentials = Credentials("user", "secret")

    def plan(request: Request, answer: Answer) -> Answer:
        if request.headers.get("authorization") == credentials.basic:
            return answer
        return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="here"'})

    scene.server.plan = plan
    scene.assert_whole(scene.pull(credentials=credentials))
    with pytest.raises(RegistryDenied) as refusal:
        scene.pull(f"test/image@{_IMAGE.digest}", Credentials("user", "wrong-secret"))
    assert "wrong-secret" not in f"{refusal.value} {refusal.value.hint}"
    with pytest.raises(RegistryDenied):
        scene.pull()


# --- Redirects ---


def redirected(to: str) -> Plan:
    return lambda request, answer: Answer(307, b"moved", {"Location": f"{to}{request.path}?signature=s"})


def test_a_redirect_to_another_server_is_followed_without_the_token(scene: Scene) -> None:
    guard = TokenGuard(scene.server)

    def plan(request: Request, answer: Answer) -> Answer:
        return redirected(elsewhere.url)(request, answer) if request.is_blob else guard(request, answer)

    with UnreliableRegistry(_IMAGE).serving() as elsewhere:
        # It does not look at queries, as a signed address would have it.
        elsewhere.documents |= {f"{name}?signature=s": value for name, value in elsewhere.documents.items()}
        elsewhere.plan = first(
            1, cut(200_000), only=lambda request: _PACKED.descriptor["digest"] in request.path
        )
        scene.server.plan = plan
        scene.assert_whole(scene.pull())
        assert all("authorization" not in request.headers for request in elsewhere.requests)
        assert len(scene.server.asked(_PACKED.descriptor["digest"])) == 2, (
            "each attempt needs a new signature"
        )


def test_a_redirect_on_the_same_server_keeps_the_token(scene: Scene) -> None:
    guard = TokenGuard(scene.server)

    def plan(request: Request, answer: Answer) -> Answer:
        if request.path.startswith("/v2/test/image/blobs/"):
            return Answer(302, b"", {"Location": request.path.replace("/v2/", "/elsewhere/")})
        return guard(request, answer)

    scene.server.plan = plan
    scene.assert_whole(scene.pull())


@pytest.mark.parametrize(
    "target",
    [
        *(
            "/v2/loop",
            "file:///etc/passwd",
            "http://",
            "",
            "http://[::1",
            "http://x:port/",
            "/caf\xe9",
            "/a b",
        ),
        f"http://{'a' * 64}.invalid/",
    ],
)
def test_redirects_to_nowhere_are_errors(scene: Scene, target: str) -> None:
    scene.server.plan = lambda request, answer: Answer(302, b"", {"Location": target})
    with pytest.raises(RegistryUnreachable):
        scene.pull()


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
    with UnreliableRegistry(_IMAGE).with_tls(certificate, key).serving() as server:
        reference = ImageReference.parse("test/image")
        with Registry(mirror=server.url, retry=HASTY) as registry:
            with pytest.raises(RegistryUnreachable, match="cannot be trusted") as refusal:
                registry.resolve(reference, AMD64)
            assert not refusal.value.temporary
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with Registry(mirror=server.url, retry=HASTY) as registry:
            assert registry.resolve(reference, AMD64).digest == _IMAGE.digest
