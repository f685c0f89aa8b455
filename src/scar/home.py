"""Where SCAR keeps what is the user's: configuration, the kit, the local cloud's state."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The folder ``$SCAR_HOME``, or ``~/.scar``. It need not exist."""
    return Path(os.environ.get("SCAR_HOME") or "~/.scar").expanduser()
