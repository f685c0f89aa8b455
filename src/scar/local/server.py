"""The daemon: moto's server with the local Lambda behind it. Started by `scar.local.cloud`, not by hand."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import threading
from collections.abc import Callable

from moto.core.models import DEFAULT_ACCOUNT_ID

from scar.local import backends, hook, sandbox, state
from scar.local.code_cache import CodeCache
from scar.local.environment import Surroundings
from scar.local.host_files import HostFiles
from scar.local.http import Server
from scar.local.service import LocalLambda
from scar.local.settings import Settings

REGION = "us-east-1"


def main() -> None:
    """Leave a daemon behind, and return when it is ready. Exit status 1 if it ended before."""
    readable, writable = os.pipe()
    if os.fork() != 0:
        os.close(writable)
        os._exit(0 if os.read(readable, 1) else 1)
    os.close(readable)
    serve(lambda: _tell(writable))


def serve(ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = Settings.from_environment(os.environ)
    with state.daemon_lock():
        service = _serve(settings)
        ready()
        ended.wait()
        service.close()
        state.clear()


def _tell(descriptor: int) -> None:
    os.write(descriptor, b"\n")
    os.close(descriptor)


def _serve(settings: Settings) -> LocalLambda:
    server = Server()
    walls = sandbox.choose(settings, HostFiles.prepare(state.folder() / "host"))
    around = Surroundings(server.url, walls, backends.MotoLogs, backends.assume_role)
    service = LocalLambda(settings, CodeCache(state.folder() / "code"), around, backends.send_record)
    hook.install(service, around.cloud)
    state.write(
        {
            "endpoint": around.cloud,
            "region": REGION,
            "account_id": DEFAULT_ACCOUNT_ID,
            "access_key_id": f"LOCAL{secrets.token_hex(6).upper()}",
            "secret_access_key": secrets.token_hex(20),
            "role_arn": backends.make_role(DEFAULT_ACCOUNT_ID, REGION),
            "pid": os.getpid(),
            "sandbox": walls.name,
            "ptrace": settings.ptrace,
            "limitations": walls.limitations,
        }
    )
    return service


if __name__ == "__main__":
    main()
