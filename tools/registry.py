"""The loopback registry that stands in for Docker Hub: ``python -m tools.registry start|stop|status``.

It is Debian's docker-registry over one folder of the cache. Any number of processes may serve that folder at
once, so builds and tests run one of their own on a free port (`serving`), and `start` leaves one running.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tools.cache import cache

PORT = int(os.environ.get("SCAR_REGISTRY_PORT", "5555"))
"""Where `start` listens if nobody else does. Not 5000: Debian's own service of the package takes that."""

PATIENCE = 10.0
"""Seconds for the registry to answer, or to end."""

CONFIG = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  filesystem: {{rootdirectory: "{data}"}}
  maintenance: {{uploadpurging: {{enabled: false}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class Running(NamedTuple):
    """A registry that `start` left running."""

    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(data: Path | None = None, more: str = "") -> Iterator[str]:
    """The URL of a registry that lives as long as the context, over a folder of its own or the cache's.

    ``more`` is added to its configuration.
    """
    with tempfile.TemporaryDirectory(prefix="scar-registry-") as folder:
        process, port = _launch(Path(folder), _free_port(0), data or _data(), more)
        try:
            yield Running(process.pid, port).url
        finally:
            process.terminate()
            process.wait()


def start() -> Running:
    """The registry that is left running, started if need be."""
    running = status()
    if running is None:
        process, port = _launch(cache(), _free_port(PORT), _data())
        process.returncode = 0  # it outlives this process: not ours to wait for
        running = Running(process.pid, port)
        _state().write_text(f"{running.pid} {running.port}\n")
    return running


def stop() -> bool:
    """Ends what `start` started. False if there was nothing to end."""
    running = status()
    if running is not None:
        os.kill(running.pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        while status() is not None:
            if time.monotonic() > deadline:
                raise SystemExit(f"the registry (process {running.pid}) does not end")
            time.sleep(0.02)
    _state().unlink(missing_ok=True)
    return running is not None


def status() -> Running | None:
    """What `start` left running, if it still runs."""
    try:
        pid, port = map(int, _state().read_text().split())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return None
    # The number may be another program's by now: a registry of ours has the path of our configuration.
    return Running(pid, port) if os.fsencode(_config(cache())) in command else None


def _launch(folder: Path, port: int, data: Path, more: str = "") -> tuple[subprocess.Popen[bytes], int]:
    """A registry that answers, in a session of its own so that a Ctrl-C in the terminal does not end it."""
    _config(folder).write_text(CONFIG.format(data=data, port=port) + more)
    log_file = folder / "registry.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", _config(folder)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env=environment,
        )  # fmt: skip
    deadline = time.monotonic() + PATIENCE
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise SystemExit(f"docker-registry did not start:\n{log_file.read_text()}")
        time.sleep(0.02)
    return process, port


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=PATIENCE):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 401  # one that wants credentials
    except (urllib.error.URLError, ConnectionError):
        return False


def _free_port(wanted: int) -> int:
    """The wanted port, or any if another program has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _data() -> Path:
    return cache() / "registry"


def _config(folder: Path) -> Path:
    return folder / "registry.yml"


def _state() -> Path:
    return cache() / "registry.pid"


def main() -> None:
    """The command line. `status` ends with 1 if no registry runs."""
    match sys.argv[1:]:
        case ["start"]:
            print(start().url)
        case ["stop"]:
            print("The registry is stopped" if stop() else "The registry was not running")
        case ["status"]:
            running = status()
            print(running.url if running else "no registry runs")
            raise SystemExit(0 if running else 1)
        case _:
            raise SystemExit("usage: python -m tools.registry start|stop|status")


if __name__ == "__main__":
    main()
