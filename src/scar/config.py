"""The user's configuration file, ``scar.cfg`` in SCAR's folder: read, checked, made with defaults if missing.

It is an INI file with one section, ``[scar]``, whose header may be left out. Values are taken as they are
written: no interpolation, no quoting.
"""

from __future__ import annotations

import configparser
import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scar import limits
from scar.errors import UsageError
from scar.home import home
from scar_supervisor.contract import EXEC_MODES

FILE_NAME = "scar.cfg"
_SECTION = "scar"


@dataclass(frozen=True)
class Config:
    """The values of the file, each valid; keys that it lacks have their defaults."""

    lambda_description: str = "Automatically generated lambda function"
    lambda_memory: int = 128
    """Megabytes."""
    lambda_time: int = 300
    """Seconds."""
    lambda_region: str = "us-east-1"
    lambda_role: str = ""
    """ARN of the role that functions assume; empty: not set."""
    lambda_timeout_threshold: int = 10
    """Seconds before the time-out at which the container is stopped."""
    lambda_runtime: str = "python3.13"
    """AWS supports it until June 2029."""
    lambda_architecture: str = ""
    """``x86_64`` or ``arm64``; empty: x86_64 on AWS, this machine's in the local cloud."""
    lambda_storage: int | None = None
    """Megabytes of /tmp; None, in the file empty: chosen from the image's size."""
    lambda_exec_mode: str = EXEC_MODES[0]
    """How functions run the programs of their image."""
    lambda_package_bucket: str = ""
    """The bucket through which packages go that are too large for direct upload; empty: none."""
    registry_mirror: str = ""
    """URL of a registry that is asked in place of docker.io; empty: docker.io itself."""


@dataclass(frozen=True)
class Key:
    """A key of the file."""

    check: Callable[[Any, str], object]
    meaning: str
    """For docs/configuration.md, in Markdown."""
    option: str = ""
    """That of the command line which beats it; empty: none."""
    is_number: bool = False
    may_be_empty: bool = False

    def parse(self, text: str, source: str) -> str | int | None:
        """Raises UsageError with a message that begins with ``source``."""
        if not text:
            if self.may_be_empty:
                return None if self.is_number else ""
            raise UsageError(f"{source}: the value is empty", hint="remove the line to have the default")
        value = _number(text, source) if self.is_number else text
        self.check(value, source)
        return value


KEYS: Mapping[str, Key] = {
    "lambda_description": Key(
        limits.description,
        "Description of new functions: 256 characters at most.",
        option="-d",
        may_be_empty=True,
    ),
    "lambda_memory": Key(
        limits.memory,
        "Memory of new functions in MB: 128 to 10240. CPU comes with it: one processor at 1,769 MB.",
        option="-m",
        is_number=True,
    ),
    "lambda_time": Key(
        limits.time,
        "Time-out of new functions in seconds: 1 to 900.",
        option="-t",
        is_number=True,
    ),
    "lambda_region": Key(
        limits.region,
        "AWS region. `AWS_REGION` and `AWS_DEFAULT_REGION` come before it, and before its variable.",
        option="--region",
    ),
    "lambda_role": Key(
        limits.role,
        "ARN of the role that functions assume. `scar role create` makes one and writes it here.",
        option="-lr",
        may_be_empty=True,
    ),
    "lambda_timeout_threshold": Key(
        limits.threshold,
        "Seconds before a function's time-out at which its container is stopped, so that its output is kept.",
        option="-tt",
        is_number=True,
    ),
    "lambda_runtime": Key(
        limits.runtime,
        "Lambda's Python, in which SCAR itself runs: `python3.12`, `python3.13` or `python3.14`.",
        option="--runtime",
    ),
    "lambda_architecture": Key(
        limits.architecture,
        "`x86_64` or `arm64`. Empty: `x86_64` on AWS, this machine's in the local cloud.",
        option="--architecture",
        may_be_empty=True,
    ),
    "lambda_storage": Key(
        limits.storage,
        "Room in /tmp in MB: 512 to 10240. AWS charges for more than 512. Empty: what the image needs.",
        option="--storage",
        is_number=True,
        may_be_empty=True,
    ),
    "lambda_exec_mode": Key(
        limits.exec_mode,
        "How functions run the programs of their image: `F1`, or another mode of udocker.",
        option="--exec-mode",
    ),
    "lambda_package_bucket": Key(
        limits.bucket,
        "Bucket for packages above 50 MB, which are removed again, and for images of files.",
        option="--package-bucket",
        may_be_empty=True,
    ),
    "registry_mirror": Key(
        limits.registry_mirror,
        "URL of a registry that is asked in place of docker.io, such as `https://mirror.example.org`."
        " Functions ask it too.",
        may_be_empty=True,
    ),
}
"""In the order of the file."""


def path() -> Path:
    """Where the file is, or would be."""
    return home() / FILE_NAME


def load() -> Config:
    """The configuration; a missing file is made with the defaults. Raises UsageError, naming file and key.

    A variable SCAR_<KEY> in the environment, such as SCAR_LAMBDA_MEMORY, beats the file's key.
    """
    file = path()
    try:
        text = file.read_bytes().decode("utf-8-sig")  # Windows editors begin it with a mark
    except FileNotFoundError:
        _create(file)
        return _with_environment(Config())
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file}: not a text in UTF-8: {error.reason} at byte {error.start}",
            hint="save it in that encoding, or remove it to have the defaults",
        ) from error
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}") from error
    return _with_environment(parse(text, str(file)))


def _with_environment(config: Config) -> Config:
    """What SCAR's own variables say beats the file."""
    given: dict[str, Any] = {
        key: KEYS[key].parse(os.environ[variable(key)], variable(key))
        for key in KEYS
        if variable(key) in os.environ
    }
    if not given:
        return config
    merged = replace(config, **given)
    both = ("lambda_timeout_threshold", "lambda_time")
    sources = [variable(key) if key in given else f"{path()}, key {key}" for key in both]
    limits.threshold_below_time(merged.lambda_timeout_threshold, merged.lambda_time, " and ".join(sources))
    return merged


def variable(key: str) -> str:
    """The environment variable that beats a key of the file."""
    return f"SCAR_{key.upper()}"


def parse(text: str, name: str) -> Config:
    """The configuration in ``text``; ``name`` is what messages call it. Raises UsageError."""
    pairs = _read_ini(text, name)
    values: dict[str, Any] = {}
    for key, value in pairs.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            raise UsageError(f"{name}: unknown key {key}", hint=f"did you mean {near[0]}?" if near else "")
        values[key] = KEYS[key].parse(value, f"{name}, key {key}")
    config = Config(**values)
    limits.threshold_below_time(
        config.lambda_timeout_threshold,
        config.lambda_time,
        f"{name}, keys lambda_timeout_threshold and lambda_time",
    )
    return config


def render(config: Config) -> str:
    """The text of a file that holds ``config``."""
    values = {key: getattr(config, key) for key in KEYS}
    lines = [f"{key} = {'' if value is None else value}".rstrip() for key, value in values.items()]
    return "\n".join([f"[{_SECTION}]", *lines, ""])


def _read_ini(text: str, name: str, *, header_lines: int = 0) -> dict[str, str]:
    """Keys and values. ``header_lines``: how many lines of ``text`` are ours, not the file's."""
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError:
        return _read_ini(f"[{_SECTION}]\n{text}", name, header_lines=1)
    except configparser.DuplicateOptionError as error:
        raise UsageError(
            f"{name}, line {(error.lineno or 0) - header_lines}: key {error.option} again"
        ) from error
    except configparser.DuplicateSectionError as error:
        raise UsageError(f"{name}, line {error.lineno}: section [{error.section}] again") from error
    except configparser.ParsingError as error:
        line, content = error.errors[0]
        raise UsageError(
            f"{name}, line {line - header_lines}: not of the form KEY = VALUE: {content}"
        ) from error
    others = [section for section in parser.sections() if section != _SECTION]
    if others:
        raise UsageError(f"{name}: unknown section [{others[0]}]", hint=f"the only section is [{_SECTION}]")
    return dict(parser[_SECTION]) if parser.has_section(_SECTION) else {}


def _number(text: str, source: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"{source}: not a whole number: {text!r}")
    return int(text)


def _create(file: Path) -> None:
    """Write the defaults, readable by the user alone: later keys may be worth hiding."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return  # another command was faster
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be made: {error.strerror}", hint="SCAR_HOME names another folder"
        ) from error
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(render(Config()))
