"""The local cloud gets its own credentials, and AWS's settings of the user do not reach it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scar.aws.errors import BadCredentials
from scar.aws.session import Aws, Endpoint
from tests.cli import function_server
from tests.cli.function_server import NAME


@pytest.fixture
def users_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user with credentials, a profile that does not exist, a broken file, a proxy and an endpoint."""
    broken = tmp_path / "config"
    broken.write_text("not an INI file")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "REALKEY",
        "AWS_SECRET_ACCESS_KEY": "real-secret",
        "AWS_SESSION_TOKEN": "real-token",
        "AWS_PROFILE": "nobody",
        "AWS_CONFIG_FILE": str(broken),
        "AWS_SHARED_CREDENTIALS_FILE": str(broken),
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)


def test_the_users_settings_do_not_reach_another_endpoint(users_settings: None) -> None:
    with function_server.serving() as server:
        aws = Aws("us-east-1", endpoint=Endpoint(server.url, "LOCALKEY", "local-secret"))
        assert aws.functions.configuration(NAME) is not None
    (headers,) = server.headers
    assert "Credential=LOCALKEY/" in headers["Authorization"]
    assert not [value for value in headers.values() if "REALKEY" in value or "real-" in value]


def test_they_do_reach_aws(users_settings: None) -> None:
    with pytest.raises(BadCredentials, match="cannot use these AWS credentials: Unable to parse config file"):
        _ = Aws("us-east-1").functions


def test_an_endpoint_does_not_print_its_secret() -> None:
    assert "local-secret" not in repr(Endpoint("http://127.0.0.1:1", "LOCALKEY", "local-secret"))
