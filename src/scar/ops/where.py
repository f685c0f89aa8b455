"""Which cloud the user means. In a module of its own: every command line has one, also `scar --version`."""

from __future__ import annotations

from typing import NamedTuple


class Where(NamedTuple):
    """What the user said; None leaves it to the environment and the configuration."""

    local: bool = False
    profile: str | None = None
    region: str | None = None
