"""Start, find and stop the local cloud: the face of `scar.local` to the rest of SCAR."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from scar.errors import ScarError
from scar.local import state
from scar.local.settings import Settings

PACKAGES = ("moto", "flask", "flask_cors", "awslambdaric")
"""What the daemon imports and SCAR itself does not require."""

_MOTO_SETTINGS = {"MOTO_DISABLE_GLOBAL_CORS": "true", "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true"}
"""What no client of the local cloud needs (answers for web pages, buckets as parts of host names) and what
costs a tenth of each request: http://docs.getmoto.org/en/latest/docs/configuration/environment_variables.html"""
_START_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True)
class LocalCloud:
    """A local cloud that runs."""

    endpoint: str
    """URL of all its services, on loopback."""
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str
    """Made up: it checks no signatures."""
    role_arn: str
    """A role that Lambda may assume."""
    pid: int
    sandbox: str
    """``bubblewrap`` or ``none``."""
    ptrace: bool
    """Whether functions may trace."""
    limitations: tuple[str, ...]
    """What this machine does not let it enforce, and the way out, a sentence each. None under bubblewrap."""


def start() -> LocalCloud:
    """The local cloud, started if none runs. Raises ScarError."""
    running = status()
    if running is not None:
        return running
    _check_machine()
    Settings.from_environment(os.environ)
    with state.command_lock():
        return status() or _start()


def stop() -> bool:
    """End the local cloud and every process of its functions. False if none ran. Raises ScarError."""
    with state.command_lock():
        running = status()
        if running is None:
            state.clear()
            return False
        os.kill(running.pid, signal.SIGTERM)
        if not _wait(lambda: not state.daemon_lives(), _STOP_SECONDS):
            os.kill(running.pid, signal.SIGKILL)  # its environments follow it
            _wait(lambda: not state.daemon_lives(), _STOP_SECONDS)
            state.clear()
    return True


def status() -> LocalCloud | None:
    """The local cloud that runs, if one does."""
    found = state.read()
    return None if found is None else LocalCloud(**{**found, "limitations": tuple(found["limitations"])})


def _start() -> LocalCloud:
    state.clear()
    log = os.open(state.log_file(), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        subprocess.run(  # returns when the daemon that it leaves behind is ready
            [sys.executable, "-P", "-m", "scar.local.server"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=os.environ | _MOTO_SETTINGS,
            cwd=state.folder(),
            start_new_session=True,
            timeout=_START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ScarError(f"the local cloud did not start within {_START_SECONDS} seconds") from error
    finally:
        os.close(log)
    started = status()
    if started is None:
        raise ScarError(f"the local cloud did not start: {_last_words()}", hint=f"see {state.log_file()}")
    return started


def _check_machine() -> None:
    if sys.platform != "linux":
        raise ScarError("the local cloud needs Linux: it watches and ends its functions through /proc")
    for name in PACKAGES:
        if importlib.util.find_spec(name) is None:
            raise ScarError(
                f"the local cloud needs the Python package {name.replace('_', '-')}, which is not installed",
                hint="pip install 'scar-serverless[local]'",
            )


def _last_words() -> str:
    lines = state.log_file().read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
