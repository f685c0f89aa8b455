"""What an image must be built for."""

from __future__ import annotations

from typing import Any, NamedTuple

_OF_LAMBDA = {"x86_64": ("amd64", ""), "arm64": ("arm64", "v8")}

# Names that builders have written for the two architectures.
_ALIASES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}


class Platform(NamedTuple):
    """Operating system, architecture and variant in the words of Go, as registries use them."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def of_lambda(cls, architecture: str) -> Platform:
        """The platform of a Lambda architecture, ``x86_64`` or ``arm64``. Raises ValueError for others."""
        if architecture not in _OF_LAMBDA:
            raise ValueError(f"not an architecture of AWS Lambda: {architecture!r}")
        return cls("linux", *_OF_LAMBDA[architecture])

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> Platform:
        """The platform in an index entry or an image config; fields that are absent are empty.

        An architecture of arm64 without a variant is v8: there is no other 64-bit one before it
        (https://github.com/containerd/platforms, normalizeArch).
        """
        architecture = str(document.get("architecture") or "").lower()
        architecture = _ALIASES.get(architecture, architecture)
        variant = str(document.get("variant") or "").lower()
        if architecture == "arm64" and variant in ("", "8"):
            variant = "v8"
        if architecture == "amd64" and variant == "v1":
            variant = ""
        return cls(str(document.get("os") or "").lower(), architecture, variant)

    def __str__(self) -> str:
        """As `docker pull --platform` takes it: ``linux/arm64/v8``."""
        return "/".join(part for part in self if part)
