"""Credentials out of what `docker login` leaves, found as Docker finds them and shown to nobody."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scar.deploy.docker_login import DockerLogin
from scar.errors import ScarError
from scar_oci.auth import Credentials
from tests.cli.support import Scar
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
    assert DockerLogin().get(registry) == Credentials(USER, PASSWORD)
    assert DockerLogin().get("registry.example.org") is None


def test_a_password_may_hold_colons(write: Write) -> None:
    write({"auths": {HOST: entry("u", "a:b:c")}})
    assert DockerLogin().get(HOST) == Credentials("u", "a:b:c")


def test_no_file_and_an_empty_entry_are_no_credentials(write: Write) -> None:
    assert DockerLogin().get(HOST) is None
    write({"auths": {HOST: {}}})
    assert DockerLogin().get(HOST) is None


def test_a_helper_of_the_registry_comes_first(write: Write, helper: Callable[[str], None]) -> None:
    helper('echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"$server\\",\\"Secret\\":\\"s\\"}"')
    write({"credHelpers": {HOST: "test"}, "auths": {HOST: entry(), "other": entry()}})
    assert DockerLogin().get(HOST) == Credentials(HOST, "s")
    assert DockerLogin().get("other") == Credentials(USER, PASSWORD)
    write({"credsStore": "test"})
    assert DockerLogin().get("docker.io") == Credentials("https://index.docker.io/v1/", "s")


def test_a_helper_that_knows_nothing_is_no_error(write: Write, helper: Callable[[str], None]) -> None:
    helper("echo credentials not found in native keychain; exit 1")
    write({"credsStore": "test"})
    assert DockerLogin().get(HOST) is None


@pytest.mark.parametrize(
    "script",
    [
        "echo s3cret; exit 1",
        "echo s3cret",
        """echo '{"Username":"<token>","Secret":"s3cret"}'""",
        """echo '{"Secret":"s3cret"}'""",
        """echo '["s3cret"]'""",
    ],
)
def test_a_helper_that_fails_is_told_without_what_it_said(
    write: Write, helper: Callable[[str], None], script: str
) -> None:
    helper(script)
    write({"credsStore": "test"})
    with pytest.raises(ScarError) as caught:
        DockerLogin().get(HOST)
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert "docker login" in caught.value.hint


def test_a_helper_that_is_missing(write: Write) -> None:
    write({"credsStore": "nosuch"})
    with pytest.raises(ScarError, match="docker-credential-nosuch"):
        DockerLogin().get(HOST)


@pytest.mark.parametrize(
    "document", ["{", "[]", {"auths": []}, {"credHelpers": 1}, {"auths": {HOST: {"auth": "%"}}}]
)
def test_a_damaged_file(write: Write, document: Any) -> None:
    path = write(document)
    with pytest.raises(ScarError) as caught:
        DockerLogin().get(HOST)
    assert str(path) in caught.value.message


def test_a_private_image_is_found_by_who_has_logged_in(
    scar: Scar, home: Path, write: Write, tmp_path: Path
) -> None:
    """A registry answers 401 to all without the password, so that 404 for an image shows it was let in."""
    with serving(tmp_path, tmp_path / "data") as url:
        host = url.removeprefix("http://")
        for entries in ({}, {host: entry(password="wrong")}):
            write({"auths": entries})
            refused = scar("check", f"{host}/private/image")
            assert (refused.status, "docker login" in refused.stderr) == (1, True)
        write({"auths": {host: entry()}})
        assert "has no image" in scar("check", f"{host}/private/image").stderr
