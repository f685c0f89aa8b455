"""What the options common to all commands say."""

from __future__ import annotations

import os

from scar.ops.where import Where


def _local_by_default() -> bool:
    return os.environ.get("SCAR_LOCAL", "").lower() in ("1", "true", "yes", "on")


class Settings:
    """Filled in while the command line is parsed: these options stand before and after a command's name.

    No dataclass: every command line pays for what this module imports, `scar --version` too.
    """

    def __init__(self) -> None:
        self.local: bool = _local_by_default()
        self.json: bool = False
        self.verbose: bool = False
        """More than `json`, and JSON too."""
        self.profile: str | None = None
        self.region: str | None = None
        self.debug: bool = False
        self.command: str = ""
        """The command's name, as soon as it is known."""

    @property
    def where(self) -> Where:
        return Where(self.local, self.profile, self.region)
