"""From an object's key, which may be anything, to a path that stays in its folder."""

from __future__ import annotations

import os

INPUT_PREFIX = "input/"
OUTPUT_PREFIX = "output/"

NAME_MAX = 255
"""Bytes of a file name on every file system of Linux."""


def is_folder_marker(key: str) -> bool:
    """Whether the key stands for a folder, as consoles make them."""
    return key.endswith("/")


def local_path(key: str) -> bytes:
    """The relative path at which an object is staged: its path under ``input/``.

    Segments that are no file names (empty, ``.``, ``..``) have their dots and slashes percent-encoded;
    one that is longer than a file name can be keeps its beginning and its extension.
    """
    relative = key.removeprefix(INPUT_PREFIX)
    return b"/".join(_segment(part) for part in relative.encode().split(b"/"))


def output_key(path: bytes) -> str:
    """The key at which a file of the output folder, given by its relative path, is kept."""
    return OUTPUT_PREFIX + path.decode("utf-8", "backslashreplace")


def _segment(part: bytes) -> bytes:
    if part == b"":
        return b"%2F"
    if part in (b".", b".."):
        return part.replace(b".", b"%2E")
    if len(part) > NAME_MAX:
        stem, extension = os.path.splitext(part)
        extension = extension[-64:]
        return stem[: NAME_MAX - len(extension)] + extension
    return part
