"""The local cloud, started and stopped by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scar.local.cloud import LocalCloud


def start() -> LocalCloud:
    """Start the local cloud, unless it runs. Raises ScarError if this machine cannot."""
    from scar.local import cloud

    return cloud.start()


def stop() -> bool:
    """Stop the local cloud and all that runs in it; False if it did not run."""
    from scar.local import cloud

    return cloud.stop()


def status() -> LocalCloud | None:
    """The local cloud, or None if it does not run."""
    from scar.local import cloud

    return cloud.status()
