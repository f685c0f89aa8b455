"""Tokens, credentials, and who gets to see them."""

from __future__ import annotations

import pytest

from scar_oci.errors import (
    RegistryDenied,
    RegistryUnreachable,
)
from scar_oci.registry import Credentials
from tests.oci.scene import IMAGE, PACKED, Scene
from tests.oci.unreliable import Answer, Plan, Request, UnreliableRegistry, cut, first

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
        scene.pull(f"test/image@{IMAGE.digest}", Credentials("user", "wrong-secret"))
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

    with UnreliableRegistry(IMAGE).serving() as elsewhere:
        # It does not look at queries, as a signed address would have it.
        elsewhere.documents |= {f"{name}?signature=s": value for name, value in elsewhere.documents.items()}
        elsewhere.plan = first(
            1, cut(200_000), only=lambda request: PACKED.descriptor["digest"] in request.path
        )
        scene.server.plan = plan
        scene.assert_whole(scene.pull())
        assert all("authorization" not in request.headers for request in elsewhere.requests)
        assert len(scene.server.asked(PACKED.descriptor["digest"])) == 2, "each attempt needs a new signature"


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
