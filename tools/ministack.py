"""MiniStack, an emulator of AWS that shares nothing with moto: the tests' second opinion.

``python -m tools.ministack`` installs it. It requires one exact botocore, so it has a Python of its own,
in the cache, which is made once for each version.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tools.cache import cache

VERSION = "1.5.33"
ACCOUNT = "123456789012"
"""The account's number, which the emulator also takes for the access key of its root."""

SERVICES = "s3,lambda,logs,iam,sts,sqs,secretsmanager,ssm"

PATIENCE = 30.0
"""Seconds for it to answer, or to end."""


def ensure() -> Path:
    """The Python that has MiniStack, installed if it is not there."""
    folder = cache() / f"ministack-{VERSION}-{sys.implementation.cache_tag}"
    python = folder / "bin" / "python"
    if not python.exists():
        _install(folder)
    return python


@contextmanager
def serving(folder: Path, *, auth: bool = False, endpoint: str = "") -> Iterator[str]:
    """URL of a MiniStack that lives as long as the context, with all that it writes in an empty folder.

    With ``auth`` it evaluates signatures and policies. Functions call ``endpoint`` for AWS, else itself.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    log_file = folder / "ministack.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [ensure(), "-m", "ministack"],
            env=_environment(port, folder, auth=auth, endpoint=endpoint or url),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
        )  # fmt: skip
    try:
        _await(f"{url}/_ministack/ready", process, log_file)
        yield url
    finally:
        _end(process)


def _install(folder: Path) -> None:
    """Everything under another name first: what has the right name is complete."""
    print(f"installing MiniStack {VERSION}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix=".ministack-", dir=folder.parent) as name:
        made = Path(name, "made")
        subprocess.run([sys.executable, "-m", "venv", made], check=True)
        subprocess.run(
            [made / "bin" / "python", "-m", "pip", "install", "--quiet", f"ministack=={VERSION}"], check=True
        )
        if not (folder / "bin" / "python").exists():  # another process may have been faster
            shutil.rmtree(folder, ignore_errors=True)  # of a Python that the machine has no more
            made.rename(folder)


def _environment(port: int, folder: Path, *, auth: bool, endpoint: str) -> dict[str, str]:
    """Its settings, and nothing of this machine's: its functions inherit what it has."""
    return {
        "PATH": os.defpath,
        "TMPDIR": str(folder),
        "GATEWAY_PORT": str(port),
        "EDGE_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "AWS_ENDPOINT_URL": endpoint,
        "AUTH": str(auth).lower(),
        "SERVICES": SERVICES,
        "LOG_LEVEL": "WARNING",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": "unix:///nonexistent",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def _await(url: str, process: subprocess.Popen[bytes], log_file: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"MiniStack did not start:\n{log_file.read_text()}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):  # noqa: S310 - the URL is ours
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """It leaves its functions' processes behind: they are in its process group."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    print(f"MiniStack {VERSION} for {ensure()}")
