"""Layers that are compressed with zstd: whether a function's Python reads them, asked before it is made."""

from __future__ import annotations

import sys

from scar.errors import ScarError
from scar.ops.image import Found
from scar.ops.where import Where

REMEDY = "--runtime python3.14"
"""Of `scar init`. Lambda's older Pythons have no module for zstd, and its builds fit no package for all."""

_SINCE = (3, 14)  # https://docs.python.org/3.14/library/compression.zstd.html
_OTHERWISE = "or push the image with gzip layers"


def is_read_by(runtime: str) -> bool:
    """Whether one of Lambda's Pythons, such as ``python3.13``, reads zstd."""
    version = runtime.removeprefix("python").split(".")
    return tuple(int(part) for part in version if part.isdecimal()) >= _SINCE


def check_new(found: Found, runtime: str, where: Where) -> None:
    """Raise ScarError if a new function with this runtime could not unpack the image."""
    _check(found, runtime, where, f"scar init {REMEDY}, {_OTHERWISE}")


def check_existing(found: Found, runtime: str, where: Where) -> None:
    """Raise ScarError if a function that has this runtime could not unpack the image."""
    _check(found, runtime, where, f"make it anew: scar rm, then scar init {REMEDY}; {_OTHERWISE}")


def _check(found: Found, runtime: str, where: Where, hint: str) -> None:
    if where.local:
        runtime = _own()
        hint = f"in the local cloud the Python of SCAR itself counts: run SCAR with Python 3.14, {_OTHERWISE}"
    if found.has_zstd and not is_read_by(runtime):
        raise ScarError(
            f"image {found.name} is compressed with zstd, which {runtime} cannot read",
            hint=hint,
            kind="UnsupportedImage",
        )


def _own() -> str:
    """The Python that runs SCAR and local functions. Those see nothing of what is installed in it."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"
