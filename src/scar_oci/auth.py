"""Bearer tokens for registries (https://distribution.github.io/distribution/spec/auth/token/)."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple, Protocol
from urllib.parse import urlencode

from scar_oci.errors import ImageError, RegistryDenied
from scar_oci.manifest import load_object

# RFC 9110, 11.6.1: a token alone begins a challenge, one with a value is a parameter of the challenge before
# it.
_PIECE = re.compile(r"""([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?""")


class Credentials(NamedTuple):
    """For one registry. The password stays out of tracebacks and logs."""

    username: str
    password: str
    renewal: str = ""
    """What to do if the registry refuses them, as a hint for the user."""

    def __repr__(self) -> str:
        return f"Credentials({self.username!r}, ...)"

    @property
    def basic(self) -> str:
        """The value of an Authorization header."""
        return "Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


class Keyring(Protocol):
    """Where credentials are looked up when a registry asks for them, and not before."""

    def get(self, registry: str, /) -> Credentials | None:
        """Those for a registry, named by its host as in references: ``docker.io``, ``localhost:5000``."""


class Challenge(NamedTuple):
    """One way to authenticate that a server offers."""

    scheme: str
    """In lower case: ``bearer``, ``basic``."""
    parameters: dict[str, str]


def parse_challenges(header: str) -> list[Challenge]:
    """The challenges in the value of a WWW-Authenticate header."""
    challenges: list[Challenge] = []
    for match in _PIECE.finditer(header):
        name, quoted, plain = match.groups()
        if quoted is None and plain is None:
            challenges.append(Challenge(name.lower(), {}))
        elif challenges:
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            challenges[-1].parameters[name.lower()] = value
    return challenges


def token_url(challenge: Challenge, scope: str) -> str:
    """Where to ask for a token for ``scope``. Raises RegistryDenied if the challenge does not say."""
    realm = challenge.parameters.get("realm", "")
    if not realm.startswith(("https://", "http://")):
        raise RegistryDenied("the registry wants a token and does not say where to get it")
    query = {
        "service": challenge.parameters.get("service"),
        "scope": challenge.parameters.get("scope") or scope,
    }
    separator = "&" if "?" in realm else "?"
    return realm + separator + urlencode({name: value for name, value in query.items() if value})


def read_token(answer: bytes) -> str:
    """The token in a token server's answer. Raises ImageError."""
    document = load_object(answer, "the token server's answer")
    token = document.get("token") or document.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise ImageError("the token server's answer holds no token")
    return token
