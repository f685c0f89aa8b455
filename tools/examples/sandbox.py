"""A local cloud that knows nothing of the user's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from scar.deploy import kit
from scar.local import cloud
from scar_supervisor.contract import ENV_REGISTRY_MIRROR
from tools.cache import CACHE_VARIABLE


def forget_settings(mirror: str) -> None:
    """Take the user's settings and credentials out of this process's environment, and name the registry.

    The environment is what reaches the commands, the local cloud and its functions alike.
    """
    builds = kit.folder().expanduser().absolute()
    for name in [name for name in os.environ if name.startswith(("AWS_", "SCAR_"))]:
        if name != CACHE_VARIABLE:
            del os.environ[name]
    os.environ |= {"SCAR_KIT": str(builds), ENV_REGISTRY_MIRROR: mirror}


@contextmanager
def local_cloud() -> Iterator[None]:
    """A local cloud with a home of its own, as long as the context lives."""
    with tempfile.TemporaryDirectory(prefix="scar-examples-") as home:
        os.environ["SCAR_HOME"] = home
        try:
            cloud.start()
            yield
        finally:
            cloud.stop()
            del os.environ["SCAR_HOME"]
