"""The walls of an execution environment: bubblewrap where the machine allows it, plain folders where not."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from scar.local.bubblewrap import Bubblewrap
from scar.local.host_files import HostFiles
from scar.local.layout import Layout
from scar.local.settings import Settings
from scar.local.unconfined import Unconfined


class Sandbox(Protocol):
    """How the first process of an environment is started, and what its function finds."""

    name: str
    wrapped: bool
    """Whether the command stays the parent of `sandbox_init`."""
    limitations: tuple[str, ...]
    """What is not enforced, one sentence each."""

    def layout(self, code: Path) -> Layout:
        """The paths of a function whose unzipped code is in `code`."""

    def tmp(self) -> AbstractContextManager[str]:
        """The /tmp of one environment while it lives, by the path that its function sees."""

    def command(self, code: Path, storage_mb: int) -> list[str]:
        """The program and arguments that start `sandbox_init` in a new environment."""


def choose(settings: Settings, files: HostFiles) -> Sandbox:
    """The best sandbox that this machine allows."""
    if settings.sandbox == "none":
        return _unconfined(settings, files, "SCAR_LOCAL_SANDBOX=none asks for none")
    program = shutil.which("bwrap")
    if program is None:
        reason = "bubblewrap is not installed (on Debian and Ubuntu: apt-get install bubblewrap)"
        return _unconfined(settings, files, reason)
    confined = Bubblewrap(files, program, ptrace=settings.ptrace)
    if refusal := confined.refusal():
        reason = f"bubblewrap, of which 0.8 or later is needed, does not work here: {refusal}"
        return _unconfined(settings, files, reason)
    return confined


def _unconfined(settings: Settings, files: HostFiles, reason: str) -> Sandbox:
    return Unconfined(files, reason, ptrace=settings.ptrace)
