"""Credentials out of what `docker login` leaves, found as Docker finds them and shown to nobody."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scar.deploy import images
from scar.deploy.docker_login import DockerLogin
from scar.errors import ScarError
from tests.cli.support import Scar
from tests.oci.layers import file, image, layer
from tests.oci.unreliable import Answer, Request, UnreliableRegistry
from tests.private_registry import PASSWORD, USER, serving

Write = Callable[[Any], Path]
HOST = "registry.example.org:5000"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write Docker's configuration."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))

    def write(document: Any) -> Path:
        path = tmp_path / "docker" / "config.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Install docker-credential-test, a shell script."""

    def install(script: str) -> None:
        program = tmp_path / "docker-credential-test"
        program.write_text(f"#!/bin/sh\nread server\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return install


def entry(user: str = USER, password: str = PASSWORD) -> dict[str, str]:
    return {"auth": b64encode(f"{user}:{password}".encode()).decode()}


def found(registry: str) -> tuple[str, ...] | None:
    """User and password that there are for a registry."""
    login = DockerLogin()
    credentials = login.get(registry)
    assert login.trouble is None
    return credentials and credentials[:2]


def trouble(registry: str) -> ScarError:
    """Why there are none."""
    login = DockerLogin()
    assert login.get(registry) is None
    assert login.trouble is not None
    return login.trouble


@pytest.mark.parametrize(
    ("name", "registry"),
    [
        (HOST, HOST),
        (f"https://{HOST}", HOST),
        (f"https://{HOST}/v2/", HOST),
        ("https://index.docker.io/v1/", "docker.io"),
    ],
)
def test_entries_by_their_names(write: Write, name: str, registry: str) -> None:
    write({"auths": {"elsewhere": entry("no", "no"), name: entry()}})
    assert found(registry) == (USER, PASSWORD)
    assert found("registry.example.org") is None


def test_the_exact_name_comes_first(write: Write) -> None:
    write({"auths": {f"https://{HOST}/a": entry("no", "no"), HOST: entry()}})
    assert found(HOST) == (USER, PASSWORD)


def test_a_password_may_hold_colons(write: Write) -> None:
    write({"auths": {HOST: entry("u", "a:b:c")}})
    assert found(HOST) == ("u", "a:b:c")


def test_no_file_and_an_empty_entry_are_no_credentials(write: Write) -> None:
    assert found(HOST) is None
    write({"auths": {HOST: {}}})
    assert found(HOST) is None


def test_a_helper_of_the_registry_comes_first(write: Write, helper: Callable[[str], None]) -> None:
    helper('echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$server\\",\\"Secret\\":\\"s\\"}"')
    write({"credHelpers": {HOST: "test"}, "auths": {HOST: entry(), "other": entry()}})
    assert found(HOST) == (HOST, "s")
    assert found("other") == (USER, PASSWORD)
    write({"credsStore": "test"})
    assert found("docker.io") == ("https://index.docker.io/v1/", "s")


def test_a_helper_that_knows_nothing_is_no_error(write: Write, helper: Callable[[str], None]) -> None:
    helper("echo credentials not found in native keychain; exit 1")
    write({"credsStore": "test"})
    assert found(HOST) is None


@pytest.mark.parametrize(
    "script",
    [
        "echo s3cret; exit 1",
        "echo s3cret",
        """echo '{"Username":"<token>","Secret":"s3cret"}'""",
        """echo '{"Secret":"s3cret"}'""",
        """echo '{"Username":"u","Secret":["s3cret"]}'""",
        """echo '["s3cret"]'""",
    ],
)
def test_a_helper_that_fails_is_told_without_what_it_said(
    write: Write, helper: Callable[[str], None], script: str
) -> None:
    helper(script)
    write({"credsStore": "test"})
    told = trouble(HOST)
    assert "s3cret" not in told.message + told.hint
    assert "docker login" in told.hint


def test_a_helper_that_is_missing(write: Write) -> None:
    write({"credsStore": "nosuch"})
    assert "docker-credential-nosuch" in trouble(HOST).message


@pytest.mark.parametrize(
    "document",
    [
        *("{", "[]", {"auths": []}, {"credHelpers": 1}),
        *({"auths": {HOST: one}} for one in ("text", {"auth": "%"}, {"auth": 1}, {"auth": "dXNlcg=="})),
    ],
)
def test_a_damaged_file(write: Write, document: Any) -> None:
    path = write(document)
    assert str(path) in trouble(HOST).message


def test_a_private_image_is_found_by_who_has_logged_in(
    scar: Scar, home: Path, write: Write, tmp_path: Path
) -> None:
    """A registry answers 401 to all without the password, so that 404 for an image shows it was let in."""
    with serving(tmp_path, tmp_path / "data") as url:
        host = url.removeprefix("http://")
        refusals = {
            "or is private": {},
            "refuses the credentials": {"auths": {host: entry(password="wrong")}},
            "which Docker's config.json names": {"credsStore": "nosuch"},
        }
        for said, document in refusals.items():
            write(document)
            refused = scar("check", f"{host}/private/image")
            assert (refused.status, said in refused.stderr) == (1, True), refused.stderr
            assert "docker login" in refused.stderr
        write({"auths": {host: entry()}})
        assert "has no image" in scar("check", f"{host}/private/image").stderr


def test_a_login_that_cannot_be_had_does_not_keep_public_images(write: Write) -> None:
    """Docker Hub wants a token for those, too, and gives it to everybody."""
    write({"credsStore": "nosuch"})
    public = image(layer(file("f")))
    with UnreliableRegistry(public).serving() as server:
        challenge = {"WWW-Authenticate": f'Bearer realm="{server.url}/token"'}

        def plan(request: Request, answer: Answer) -> Answer:
            if request.path.startswith("/token"):
                return Answer(200, b'{"token": "T"}')
            return answer if "authorization" in request.headers else Answer(401, b"", challenge)

        server.plan = plan
        with images.of_registry("test/image", "x86_64", server.url) as (_, resolved):
            assert resolved.digest == public.digest
