"""The processes of one environment, seen from the daemon: start a runtime, end it, end everything."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from scar.local import memory

_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")
"""bubblewrap's --die-with-parent means the thread that started it: all are started by one that lives on."""

_KILL_SECONDS = 10


class EnvironmentProcesses:
    """The tree below one `sandbox_init`."""

    def __init__(
        self, command: list[str], output: int, on_exit: Callable[[int | None], None], *, wrapped: bool
    ) -> None:
        """Start it. Everything in it writes to the descriptor `output`; `on_exit` gets the wait status of a
        runtime that ended by itself, or None when the whole environment did. `wrapped`: the command stays the
        parent of `sandbox_init`, as bubblewrap does."""
        self._on_exit = on_exit
        self._wrapped = wrapped
        self._killed: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._control, other_end = socket.socketpair()
        with other_end:
            self._init = _STARTER.submit(_start, command, other_end, output).result()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def memory(self, look: Callable[[list[int]], memory.Sample]) -> memory.Sample:
        """What the runtime and all that it started take now, by one of the ways to look of `memory`."""
        return look(memory.children(self._init.pid) if self._wrapped else [self._init.pid])

    def start_runtime(self, argv: list[str], environment: dict[str, str], folder: str) -> None:
        """Run the language runtime. Its end is told by `on_exit`."""
        self._send({"start": {"argv": argv, "env": environment, "cwd": folder}})

    def kill_runtime(self) -> bool:
        """Kill it and all that it started; False if the environment itself is gone."""
        self._send({"kill": True})
        try:
            return self._killed.get(timeout=_KILL_SECONDS)
        except queue.Empty:
            self.close()
            return False

    def close(self) -> None:
        """End every process of the environment."""
        with contextlib.suppress(OSError):  # the other end may have been faster
            self._control.shutdown(socket.SHUT_WR)
        try:
            self._init.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._init.kill()
            self._init.wait()
        self._listener.join()
        self._control.close()

    def _send(self, document: dict[str, object]) -> None:
        with contextlib.suppress(OSError):  # the environment may have ended: the listener tells
            self._control.sendall(json.dumps(document).encode() + b"\n")

    def _listen(self) -> None:
        with self._control.makefile("rb") as messages:
            try:
                for line in messages:
                    message = json.loads(line)
                    if "exited" in message:
                        self._on_exit(message["exited"])
                    else:
                        self._killed.put(True)
            except ConnectionResetError:
                pass
        self._killed.put(False)
        self._on_exit(None)


def _start(command: list[str], control: socket.socket, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=control.fileno(),
        stdout=output,
        stderr=output,
        env={"LC_ALL": "C.UTF-8"},
        cwd=os.sep,
        start_new_session=True,
    )
