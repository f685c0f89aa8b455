"""Names of images as Docker writes them.

Grammar: https://github.com/distribution/reference/blob/main/reference.go. The short forms are Docker's: no
registry means docker.io, no namespace on docker.io means ``library/``, neither tag nor digest means
``latest``.
"""

from __future__ import annotations

from typing import NamedTuple

from scar_oci.errors import InvalidReference

DOCKER_HUB = "docker.io"
_HUB_ALIASES = (DOCKER_HUB, "index.docker.io", "registry-1.docker.io")

_LOWER = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_WORD = _LOWER | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_HEX = frozenset("0123456789abcdef")

DIGEST_LENGTHS = {"sha256": 64, "sha512": 128}
"""Hexadecimal digits per algorithm (https://github.com/opencontainers/image-spec/blob/main/descriptor.md)."""


class ImageReference(NamedTuple):
    """An image's full name. ``tag`` is None only if there is a digest; with both, the digest counts."""

    registry: str
    """Host, and port if any: ``docker.io``, ``localhost:5000``, ``[::1]:5000``."""
    repository: str
    """Without the registry: ``library/debian``."""
    tag: str | None
    digest: str | None = None
    """Such as ``sha256:`` and 64 hexadecimal digits."""

    @classmethod
    def parse(cls, text: str) -> ImageReference:
        """The reference that ``text`` names. Raises InvalidReference."""
        if not text:
            raise InvalidReference("the name of the image is empty")
        if "://" in text:
            raise InvalidReference(
                f"{text!r} is not the name of an image: it begins like a URL",
                hint="Leave out the scheme: REGISTRY/REPOSITORY:TAG.",
            )
        name, at, digest = text.partition("@")
        if at:
            check_digest(digest, text)
        registry, rest = _split_registry(name)
        repository, colon, tag = rest.partition(":")
        if colon:
            _check_tag(tag, text)
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        _check_repository(repository, text)
        if len(registry) + 1 + len(repository) > 255:
            raise InvalidReference(f"the name of the image is longer than 255 characters: {text[:60]!r}...")
        return cls(registry, repository, tag or (None if at else "latest"), digest or None)

    def __str__(self) -> str:
        """The canonical form, which names everything: ``docker.io/library/debian:latest``."""
        return f"{self.registry}/{self.repository}{self._suffix()}"

    @property
    def familiar(self) -> str:
        """The short form that users know: ``debian:latest``, ``grycap/cowsay:latest``."""
        if self.registry != DOCKER_HUB:
            return str(self)
        return self.repository.removeprefix("library/") + self._suffix()

    @property
    def short(self) -> str:
        """What messages call the image: its tag, or the head of its digest if it has none."""
        if self.tag:
            return self._replace(digest=None).familiar
        return self._replace(digest=self.digest and self.digest[:19]).familiar

    def with_digest(self, digest: str) -> ImageReference:
        """The same repository and tag, pinned to one manifest. Raises InvalidReference."""
        check_digest(digest, digest)
        return self._replace(digest=digest)

    def _suffix(self) -> str:
        return (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def check_digest(digest: str, text: str) -> None:
    """Raise InvalidReference, naming ``text``, unless ``digest`` is one that can be verified."""
    algorithm, _, value = digest.partition(":")
    if len(value) != DIGEST_LENGTHS.get(algorithm) or not _HEX.issuperset(value):
        raise InvalidReference(
            f"{text!r}: not a digest: {digest!r}",
            hint="A digest is 'sha256:' and 64 hexadecimal digits in lower case.",
        )


def _split_registry(name: str) -> tuple[str, str]:
    """Docker's rule: what precedes a slash is a registry if it has a dot or a port, or is localhost."""
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost"):
        return DOCKER_HUB, name
    _check_registry(first, name)
    return (DOCKER_HUB if first.lower() in _HUB_ALIASES else first), rest


def _check_registry(registry: str, text: str) -> None:
    host, port = _host_and_port(registry)
    labels = host.split(".")
    if not _is_port(port) or not (_is_ipv6(host) or all(_is_label(label) for label in labels)):
        raise InvalidReference(f"{text!r}: not the name of a registry: {registry!r}")


def _host_and_port(registry: str) -> tuple[str, str | None]:
    if registry.startswith("["):
        host, bracket, rest = registry.partition("]")
        return host + bracket, rest[1:] if rest.startswith(":") else (rest or None)
    host, colon, port = registry.partition(":")
    return host, port if colon else None


def _is_port(port: str | None) -> bool:
    """True for none, and for one to five ASCII digits up to 65535."""
    return port is None or (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= 65535)


def _is_ipv6(host: str) -> bool:
    inner = host[1:-1]
    return host[:1] == "[" and host[-1:] == "]" and ":" in inner and set(inner.lower()) <= _HEX | {":"}


def _is_label(label: str) -> bool:
    return (
        0 < len(label) <= 63
        and set(label) <= (_WORD | {"-"}) - {"_"}
        and label[0] != "-"
        and label[-1] != "-"
    )


def _check_tag(tag: str, text: str) -> None:
    if not (0 < len(tag) <= 128 and tag[0] in _WORD and set(tag) <= _WORD | {".", "-"}):
        raise InvalidReference(
            f"{text!r}: not a tag: {tag!r}",
            hint="A tag has up to 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'.",
        )


def _check_repository(repository: str, text: str) -> None:
    if repository != repository.lower():
        raise InvalidReference(
            f"{text!r}: the name of a repository must be in lower case",
            hint=f"Did you mean {repository.removeprefix('library/').lower()!r}?",
        )
    if not all(_is_component(part) for part in repository.split("/")):
        raise InvalidReference(
            f"{text!r}: not the name of a repository: {repository!r}",
            hint="Parts between slashes hold lower-case letters and digits, with single '.', one or two '_', "
            "or '-' between them.",
        )


def _is_component(part: str) -> bool:
    """Letters and digits, joined by one of ``.``, ``_``, ``__`` or any number of ``-``."""
    if not part or part[0] not in _LOWER or part[-1] not in _LOWER:
        return False
    separator = ""
    for character in part:
        if character in _LOWER:
            if separator not in ("", ".", "_", "__") and set(separator) != {"-"}:
                return False
            separator = ""
        else:
            separator += character
    return True
