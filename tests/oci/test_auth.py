"""What registries ask for before they answer."""

from __future__ import annotations

import pytest

from scar_oci.auth import Challenge, Credentials, parse_challenges, read_token, token_url
from scar_oci.errors import ImageError, RegistryDenied


def test_docker_hubs_challenge_leads_to_its_token_server() -> None:
    header = (
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull"'
    )
    [challenge] = parse_challenges(header)
    assert challenge.scheme == "bearer"
    assert token_url(challenge, "other") == (
        "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Aa%2Fb%3Apull"
    )


def test_several_challenges_quotes_and_commas_are_told_apart() -> None:
    header = r'Basic realm="a, \"b\" = c", BEARER realm=https://x/t?y=z , service="s"'
    assert parse_challenges(header) == [
        Challenge("basic", {"realm": 'a, "b" = c'}),
        Challenge("bearer", {"realm": "https://x/t?y=z", "service": "s"}),
    ]


def test_a_challenge_without_scope_is_asked_for_the_one_we_need() -> None:
    challenge = Challenge("bearer", {"realm": "https://x/t?y=z"})
    assert token_url(challenge, "repository:a:pull") == "https://x/t?y=z&scope=repository%3Aa%3Apull"


@pytest.mark.parametrize("realm", ["", "ftp://x", "file:///etc/passwd"])
def test_a_challenge_without_a_server_is_refused(realm: str) -> None:
    with pytest.raises(RegistryDenied):
        token_url(Challenge("bearer", {"realm": realm}), "s")


@pytest.mark.parametrize(
    "answer", [b'{"token": "T"}', b'{"access_token": "T"}', b'{"token": "", "access_token": "T"}']
)
def test_both_names_of_a_token_are_read(answer: bytes) -> None:
    assert read_token(answer) == "T"


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"token": 1}', b'{"token": "a\\r\\nX: y"}'])
def test_an_answer_without_a_usable_token_is_refused(answer: bytes) -> None:
    with pytest.raises(ImageError):
        read_token(answer)


def test_a_password_is_not_shown() -> None:
    credentials = Credentials("user", "hunter2")
    assert "hunter2" not in repr(credentials)
    assert credentials.basic == "Basic dXNlcjpodW50ZXIy"
