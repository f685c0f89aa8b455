"""Ctrl-C ends a command, whatever it was doing, and what it had begun is waited for."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import batch_server
from tests.cli.batch_server import BUCKET, NAME

PATIENCE = 60


def test_ends_although_a_lock_was_left_locked(
    home: Path, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (
        "import atexit, signal, sys, threading\n"
        "from scar.cli.main import run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "locked = threading.Lock(); locked.acquire()\n"
        "atexit.register(locked.acquire)\n"  # as urllib3's finalizers, where Ctrl-C came in a queue
        "run()"
    )
    with batch_server.serving() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        server.keys, server.delay = ["input/a"], PATIENCE
        argv = [sys.executable, "-c", program, "run", "-es", BUCKET, NAME]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                while not server.in_flight:
                    assert process.poll() is None
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
    assert process.returncode == 130
    assert out.startswith("Files:     1 (1 may have been sent)\n")
    assert "scar: error: interrupted: " in err


def test_workers_are_waited_for_after_an_interrupted_wait() -> None:
    """`Thread.join` would say at once that they have ended."""
    program = (
        "import os, signal, threading, time\n"
        "from scar.ops.workers import Workers\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "done = []\n"
        "begun = threading.Event()\n"
        "def do(job):\n"
        "    begun.set(); workers.stopping.wait(); time.sleep(0.5); done.append(job)\n"
        "workers = Workers(do)\n"
        "workers.start([1, 2, 3], at_once=2)\n"
        "begun.wait()\n"
        "threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "try:\n"
        "    while not workers.wait(60): pass\n"
        "except KeyboardInterrupt:\n"
        "    workers.stop()\n"
        "print(sorted(done))"
    )
    argv = [sys.executable, "-c", program]
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ran.returncode, ran.stdout) == (0, "[1, 2]\n"), ran.stderr
