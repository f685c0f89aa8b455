"""From an object's key, which may be anything, to a path that stays in its folder."""

from __future__ import annotations

import os

from .contract import INPUT_PREFIX

KEY_MAX = 1024
"""Bytes of UTF-8: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

NAME_MAX = 255
"""Bytes of a file name on every file system of Linux."""


def is_folder_marker(key: str) -> bool:
    """Whether the key stands for a folder, as consoles make them."""
    return key.endswith("/")


def local_path(key: str) -> bytes:
    """The relative path at which an object is staged: its path under ``input/``.

    Slashes that follow a slash, or begin the path, mean nothing there and go. What no file can be called is
    percent-encoded: a NUL, and the dots of ``.`` and ``..``. A segment longer than a file name can be keeps
    its beginning and its extension.
    """
    relative = key.removeprefix(INPUT_PREFIX)
    return b"/".join(_segment(part) for part in relative.encode().split(b"/") if part)


def output_key(prefix: str, path: bytes) -> str:
    """The key at which a file of the output folder, given by its relative path, is kept.

    Bytes that are not UTF-8 become ``\\xNN``: two files may come to the same key.
    """
    return prefix + path.decode("utf-8", "backslashreplace")


def _segment(part: bytes) -> bytes:
    if part in (b".", b".."):
        return part.replace(b".", b"%2E")
    part = part.replace(b"\0", b"%00")
    if len(part) > NAME_MAX:
        stem, extension = os.path.splitext(part)
        extension = extension[:64]
        return _whole(stem[: NAME_MAX - len(extension)]) + _whole(extension)
    return part


def _whole(text: bytes) -> bytes:
    """Without the part of a character that a cut has left at the end."""
    return text.decode("utf-8", "ignore").encode()
