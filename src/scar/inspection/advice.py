"""Which memory to give a function for an image: an estimate, from what fetching the image costs.

What the image's program itself needs nobody can read from it.
"""

from __future__ import annotations

from typing import Final

from scar import limits

CPU_SECONDS_PER_MB: Final = 0.0078
"""Of one processor, for each MB of an image unpacked. (Measured: 18 s for 167 MB at 128 MB of memory.)"""
MB_OF_A_PROCESSOR: Final = 1769
"""Lambda gives CPU in proportion to memory, and one processor at so much:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html"""
NETWORK_MB_PER_SECOND: Final = 625 / 8
"""What one environment gets."""
PATIENCE: Final = 15.0
"""Seconds that a first call should not wait longer for its image, if memory can help."""

_STEPS: Final = (128, 256, 512, 1024, MB_OF_A_PROCESSOR)
"""MB. Fetching an image uses one processor: more memory would not make it faster."""


def fetching_seconds(memory: int, compressed: int, stream: int) -> float:
    """What a first call waits for its image. Sizes are bytes of the layers, packed and unpacked."""
    share = min(memory / MB_OF_A_PROCESSOR, 1.0)
    unpacking = stream / limits.MIB * CPU_SECONDS_PER_MB / share
    return max(unpacking, compressed / limits.MIB / NETWORK_MB_PER_SECOND)


def memory(compressed: int, stream: int) -> int:
    """The least megabytes with which the image is there soon, else those of a whole processor."""
    fitting = (step for step in _STEPS if fetching_seconds(step, compressed, stream) <= PATIENCE)
    return next(fitting, MB_OF_A_PROCESSOR)
