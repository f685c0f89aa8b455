"""Changing one value of the configuration file; all else in it stays as the user wrote it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from scar import atomic, config
from scar.errors import ScarError

_CONTINUATION = re.compile(r"[ \t]+\S")


def set_value(file: Path, key: str, value: str) -> None:
    """Write ``key = value`` into the file, which exists. Raises ScarError, and has then changed nothing."""
    try:
        before = file.read_bytes().decode("utf-8-sig")
        after = with_value(before, key, value)
        _check(before, after, key, value, file)
        atomic.write(file, after.encode())
    except OSError as error:
        raise ScarError(
            f"{file}: cannot be written: {error.strerror}", hint=f"the line would be: {key} = {value}"
        ) from error


def with_value(text: str, key: str, value: str) -> str:
    """The text with ``key = value`` in place of the line that has the key, or after the last line."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if text.endswith("\r\n") else "\n"
    wanted = f"{key} = {value}{end}"
    has_key = re.compile(rf"{re.escape(key)}\s*[=:]", re.IGNORECASE)
    place = next((number for number, line in enumerate(lines) if has_key.match(line)), None)
    if place is None:
        ended = not lines or lines[-1].endswith(("\n", "\r"))
        return text + ("" if ended else end) + wanted
    rest = place + 1
    while rest < len(lines) and _CONTINUATION.match(lines[rest]):  # of a value of several lines
        rest += 1
    return "".join([*lines[:place], wanted, *lines[rest:]])


def _check(before: str, after: str, key: str, value: str, file: Path) -> None:
    """Whatever the file looks like, this value and no other is changed."""
    wanted = replace(config.parse(before, str(file)), **{key: value})  # type: ignore[arg-type]
    if config.parse(after, str(file)) != wanted:
        raise ScarError(
            f"{file}: {key} cannot be set without changing what else is there",
            hint=f"write it by hand: {key} = {value}",
        )
