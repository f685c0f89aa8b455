"""What the options common to all commands say."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from scar.ops.where import Where


def _local_by_default() -> bool:
    return os.environ.get("SCAR_LOCAL", "").lower() in ("1", "true", "yes", "on")


@dataclass
class Settings:
    """Filled in while the command line is parsed: these options stand before and after a command's name."""

    local: bool = field(default_factory=_local_by_default)
    json: bool = False
    verbose: bool = False
    """More than `json`, and JSON too."""
    profile: str | None = None
    region: str | None = None
    debug: bool = False
    command: str = ""
    """The command's name, as soon as it is known."""

    @property
    def where(self) -> Where:
        return Where(self.local, self.profile, self.region)
