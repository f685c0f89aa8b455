"""What the user asks `scar put` and `scar get` for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scar.ops.transfer.address import Address
from scar.ops.transfer.tally import Tally

AT_ONCE = 16
"""Files, or parts of them, unless the user says otherwise."""

Show = Callable[[Tally], None]
"""Takes note of how far a transfer is."""


@dataclass(frozen=True)
class PutRequest:
    """Files and folders, and where to."""

    paths: tuple[str, ...]
    target: Address
    at_once: int = AT_ONCE
    owner: str = ""
    """The account that the bucket must be of; empty: the caller's."""


@dataclass(frozen=True)
class GetRequest:
    """An object or a folder of objects, and where to."""

    source: Address
    local: str
    at_once: int = AT_ONCE
