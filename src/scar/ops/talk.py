"""How long operations speak while they work: to whoever called them, never to a terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Talk:
    """Each takes one line, without the end of line."""

    say: Callable[[str], None]
    """What is being done."""
    warn: Callable[[str], None]
    """What the user should know, whatever else is silent."""
