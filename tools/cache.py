"""Where test images and other things that are slow to make are kept between runs and between clones."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "SCAR_CACHE"


def cache() -> Path:
    """The folder ``$SCAR_CACHE``, or ``scar`` in the user's cache folder. Made if missing."""
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    folder = Path(os.environ.get(CACHE_VARIABLE) or user_cache / "scar").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
