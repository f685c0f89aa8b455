"""How much of /tmp a function needs for its image: megabytes, as Lambda counts them."""

from __future__ import annotations

import math

from scar import limits
from scar.errors import ScarError

ON_DISK = 1.3
"""Bytes on disk for each byte of a tar stream. Files take whole blocks of 4 KB there, and of 512 bytes in the
stream: 1.08 was measured for a Debian image; a tree whose files have 4 KB on average comes to 1.3."""

COMPRESSION = 3
"""Bytes of a tar stream for each byte of a layer, where the registry does not tell. (2.8 was measured.)"""

SPARE_MB = 128
"""For the files of a call, and SCAR's own."""


def for_image(image: str, compressed: int, unpacked: int | None) -> int:
    """The megabytes for an image with so many bytes in its layers. Raises ScarError if that is too much.

    An image of which nobody knows the size is never refused: that would be on the strength of a guess.
    """
    stream = unpacked if unpacked is not None else compressed * COMPRESSION
    needed = math.ceil(stream * ON_DISK / limits.MIB) + SPARE_MB
    least, most = limits.STORAGE_MB[0], limits.STORAGE_MB[-1]
    if unpacked is not None and unpacked > most * limits.MIB:
        raise ScarError(
            f"image {image} has {unpacked // limits.MIB:,} MB unpacked; AWS Lambda gives a function at most"
            f" {most:,} MB for files",
            hint="a smaller image: leave out what its program does not need",
        )
    return min(max(needed, least), most)
