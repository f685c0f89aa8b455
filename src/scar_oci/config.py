"""How an image wants to be run: the part of its config document that concerns a container's process."""

from __future__ import annotations

from typing import Any, NamedTuple


class ImageConfig(NamedTuple):
    """The image's defaults (https://github.com/opencontainers/image-spec/blob/main/config.md)."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    working_dir: str = ""
    """Absolute path inside the image, or empty for ``/``."""
    user: str = ""
    stop_signal: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    volumes: tuple[str, ...] = ()
    os: str = ""
    architecture: str = ""
    """In Go's words: ``amd64``, ``arm64``."""
    variant: str = ""

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> ImageConfig:
        """The config in an image's config document. Raises TypeError if not of that shape."""
        process = _mapping(document.get("config"))
        return cls(
            entrypoint=_strings(process.get("Entrypoint")),
            cmd=_strings(process.get("Cmd")),
            env=tuple(_variable(entry) for entry in _strings(process.get("Env"))),
            working_dir=_string(process.get("WorkingDir")),
            user=_string(process.get("User")),
            stop_signal=_string(process.get("StopSignal")),
            labels=tuple((str(name), str(value)) for name, value in _mapping(process.get("Labels")).items()),
            volumes=tuple(_mapping(process.get("Volumes"))),
            os=_string(document.get("os")),
            architecture=_string(document.get("architecture")),
            variant=_string(document.get("variant")),
        )

    @classmethod
    def of_fields(cls, fields: dict[str, Any]) -> ImageConfig:
        """The inverse of ``_asdict()`` after a trip through JSON, which knows no tuples."""
        return cls(
            **{
                **fields,
                "entrypoint": tuple(fields["entrypoint"]),
                "cmd": tuple(fields["cmd"]),
                "env": tuple((name, value) for name, value in fields["env"]),
                "labels": tuple((name, value) for name, value in fields["labels"]),
                "volumes": tuple(fields["volumes"]),
            }
        )


def _variable(entry: str) -> tuple[str, str]:
    name, _, value = entry.partition("=")
    return name, value


def _string(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"a string was expected, not {value!r:.80}")
    return value


def _strings(value: Any) -> tuple[str, ...]:
    """Builders write null for an empty list, and very old ones a single string for a list of one."""
    if isinstance(value, str):
        return (value,)
    if value is not None and not isinstance(value, list):
        raise TypeError(f"a list was expected, not {value!r:.80}")
    return tuple(_string(item) for item in value or ())


def _mapping(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError(f"an object was expected, not {value!r:.80}")
    return value
