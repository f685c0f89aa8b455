"""A local cloud that knows nothing of the user's settings."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from scar.deploy import kit
from scar.local import cloud
from scar_supervisor.contract import ENV_REGISTRY_MIRROR
from tools.cache import CACHE_VARIABLE


@contextmanager
def own_cloud(mirror: str) -> Iterator[None]:
    """A local cloud with a home of its own, whose functions pull from this registry.

    Its settings are in this process's environment meanwhile, without the user's: so they reach commands, the
    local cloud and its functions alike.
    """
    users = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="scar-own-") as home:
        builds = str(kit.folder().expanduser().absolute())
        ours = {"SCAR_HOME": home, "SCAR_KIT": builds, ENV_REGISTRY_MIRROR: mirror}
        try:
            _replace({name: text for name, text in users.items() if not _is_foreign(name)} | ours)
            cloud.start()
            yield
        finally:
            cloud.stop()
            _replace(users)


def _is_foreign(name: str) -> bool:
    """True for the variables with which the user's settings and credentials would reach it."""
    return name.startswith(("AWS_", "SCAR_")) and name != CACHE_VARIABLE


def _replace(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
