"""Credentials for registries as `docker login` and `podman login --compat-auth-file` leave them.

They are in ``config.json`` of ``$DOCKER_CONFIG`` or ``~/.docker``, or with a program that the file names:
https://docs.docker.com/reference/cli/docker/login/#credential-stores. They are used on this machine only.
"""

from __future__ import annotations

import binascii
import json
import os
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

from scar.errors import ScarError
from scar_oci.auth import Credentials
from scar_oci.reference import DOCKER_HUB

_HUB_SERVER = "https://index.docker.io/v1/"
"""What Docker calls its Hub there."""
_NOT_FOUND = "credentials not found in native keychain"
"""The protocol's words for what is no error (github.com/docker/docker-credential-helpers)."""
_IDENTITY_TOKEN = "<token>"  # noqa: S105 - a user's name that says what the secret is
_PATIENCE = 60
"""Seconds for a program that may ask its user."""


class DockerLogin:
    """Looks credentials up when a registry asks for them.

    What is in the way of that (a program that was removed, a damaged file) is no error by itself: public
    images can be had all the same, as with Docker. It is kept in ``trouble``.
    """

    def __init__(self) -> None:
        self.trouble: ScarError | None = None

    def get(self, registry: str, /) -> Credentials | None:
        """Those for a registry, or None."""
        try:
            return self._find(_HUB_SERVER if registry == DOCKER_HUB else registry, registry)
        except ScarError as error:
            self.trouble = error
            return None

    def _find(self, server: str, registry: str) -> Credentials | None:
        program = self._config.get("credHelpers", {}).get(server) or self._config.get("credsStore")
        if program:
            return _ask(str(program), server)
        entries = self._config.get("auths", {})
        name = server if server in entries else next((one for one in entries if _host(one) == registry), "")
        return self._of_entry(entries[name], name) if name else None

    def _of_entry(self, entry: Any, server: str) -> Credentials | None:
        try:
            if entry.get("identitytoken"):
                raise _identity_token(server)
            if not entry.get("auth"):
                return None
            text = binascii.a2b_base64(entry["auth"], strict_mode=True).decode()
            username, password = text.split(":", 1)
        except (ValueError, TypeError, AttributeError) as error:
            raise ScarError(f"{self._path}: the entry of {server} is damaged", hint=_login(server)) from error
        return Credentials(username, password.rstrip("\0"), renewal=_login(server))

    @cached_property
    def _path(self) -> Path:
        return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"

    @cached_property
    def _config(self) -> dict[str, Any]:
        try:
            document = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ScarError(f"{self._path} cannot be read: {error}") from error
        if not isinstance(document, dict) or not all(
            isinstance(document.get(name, {}), dict) for name in ("auths", "credHelpers")
        ):
            raise ScarError(f"{self._path} is not as Docker writes it")
        return document


def _host(server: str) -> str:
    """Of a server as it is written in the file: with or without a scheme and a path."""
    return server.partition("://")[2].partition("/")[0] if "://" in server else server.partition("/")[0]


def _ask(name: str, server: str) -> Credentials | None:
    """The answer of a credential helper."""
    program = f"docker-credential-{name}"
    try:
        done = subprocess.run(
            [program, "get"],
            input=server.encode(),
            stdout=subprocess.PIPE,
            check=False,
            timeout=_PATIENCE,
        )
        if done.returncode != 0 and done.stdout.decode(errors="replace").strip() == _NOT_FOUND:
            return None
        answer = json.loads(done.stdout) if done.returncode == 0 else {}
        username, secret = _text(answer, "Username"), _text(answer, "Secret")
    except (OSError, subprocess.TimeoutExpired, ValueError, LookupError, TypeError) as error:
        # What it printed may hold a secret.
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise ScarError(
            f"{program}, which Docker's config.json names, gave no credentials for {server}: {reason}",
            hint=_login(server),
        ) from None
    if username == _IDENTITY_TOKEN:
        raise _identity_token(server)
    return Credentials(username, secret, renewal=_login(server))


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _login(server: str) -> str:
    return f"docker login {server}"


def _identity_token(server: str) -> ScarError:
    return ScarError(
        f"the login to {server} is an identity token, which SCAR cannot use",
        hint=f"docker login -u USER {server}, with a password or an access token",
    )
