"""The registry that a demo leaves running: found again, started once, ended without a rest."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import registry
from tools.cache import CACHE_VARIABLE
from tools.images import ROOT


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of the test's own, and no registry left in it."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    yield tmp_path
    registry.stop()


def answers(url: str) -> bool:
    with urllib.request.urlopen(f"{url}/v2/") as response:
        return bool(response.status == 200)


def command(verb: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "tools.registry", verb]
    return subprocess.run(call, cwd=ROOT, check=False, capture_output=True, text=True)


def test_start_finds_what_an_earlier_start_left() -> None:
    first = registry.start()
    assert answers(first.url)
    assert registry.start() == first


def test_stop_ends_it() -> None:
    pid = registry.start().pid
    assert registry.stop()
    os.waitpid(pid, 0)  # it was our child
    assert registry.status() is None
    assert not registry.stop()


def test_the_command_line_starts_one_that_outlives_it() -> None:
    url = command("start").stdout.strip()
    assert answers(url)
    assert command("status").stdout.strip() == url
    stopped = command("stop")
    assert (stopped.returncode, stopped.stdout) == (0, "The registry is stopped\n")
    assert command("status").returncode == 1


def test_another_port_is_taken_if_the_usual_one_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(registry, "PORT", taken.getsockname()[1])
        running = registry.start()
        assert running.port != registry.PORT
        assert answers(running.url)


def test_a_number_that_is_another_programs_by_now_is_not_ours(cache: Path) -> None:
    (cache / "registry.pid").write_text(f"{os.getpid()} 5555\n")
    assert registry.status() is None
    assert not registry.stop()
