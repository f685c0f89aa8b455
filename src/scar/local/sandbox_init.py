"""The first process of an execution environment: starts the runtime, reaps and kills what it leaves behind.

It outlives the runtime, so that a time-out or a crash ends every process of a call but keeps the environment,
and with it /tmp, as on AWS. Standard input is a socket to the daemon with one JSON document per line:

    daemon to init:  {"start": {"argv": [...], "env": {...}, "cwd": "..."}}     {"kill": true}
    init to daemon:  {"exited": <wait status>}                                  {"killed": true}

When that socket ends, because the daemon closed it or was killed itself, everything here ends with it.

Runs as ``python -I -S sandbox_init.py FILES PROCESSES PTRACE`` (limits, 0 for none; 1 to allow ptrace), on
the standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import select
import signal
import struct
import sys
from typing import Any

CONTROL = 0
PR_SET_SECCOMP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 22, 36, 38
SECCOMP_MODE_FILTER = 2
SECCOMP_RET_ERRNO, SECCOMP_RET_ALLOW = 0x00050000, 0x7FFF0000
PTRACE = {"x86_64": (0xC000003E, 101), "aarch64": (0xC00000B7, 117)}
"""By machine: how seccomp names its kind of system calls (linux/audit.h), and ptrace's number among them."""


def main() -> None:
    """Serve the daemon until it goes away."""
    files, processes, ptrace = map(int, sys.argv[1:])
    if os.getpid() != 1:
        _adopt_orphans()
    _limit(resource.RLIMIT_NOFILE, files)
    _limit(resource.RLIMIT_NPROC, processes)
    _limit(resource.RLIMIT_CORE, -1)
    if not ptrace and os.uname().machine in PTRACE:
        _forbid(*PTRACE[os.uname().machine])
    Init(_child_signals()).serve()


class Init:
    """Commands and deaths, one at a time."""

    def __init__(self, deaths: int) -> None:
        self._deaths = deaths
        self._received = b""
        self._runtime: int | None = None

    def serve(self) -> None:
        """Return when the daemon has gone and nothing of the environment runs."""
        while True:
            readable, _, _ = select.select([CONTROL, self._deaths], [], [])
            if self._deaths in readable:
                os.read(self._deaths, 4096)
                self._reap(os.WNOHANG)
            if CONTROL in readable and not self._obey():
                self._kill_everything()
                return

    def _obey(self) -> bool:
        received = _read_control()
        self._received += received
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            command = json.loads(line)
            if "start" in command:
                self._start(command["start"])
            else:
                self._kill_everything()
                _send({"killed": True})
        return bool(received)

    def _start(self, runtime: dict[str, Any]) -> None:
        os.chdir(runtime["cwd"])
        self._runtime = os.posix_spawn(
            runtime["argv"][0],
            runtime["argv"],
            runtime["env"],
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)],
            setsid=True,
            setsigdef=[signal.SIGPIPE],
        )

    def _kill_everything(self) -> None:
        """Kill until no child is left: orphans become our children and are killed in a later round."""
        self._runtime = None
        while True:
            _kill_others()
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return

    def _reap(self, options: int) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, options)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._runtime:
                self._runtime = None
                _send({"exited": status})


def _kill_others() -> None:
    if os.getpid() == 1:
        try:
            os.kill(-1, signal.SIGKILL)  # all of the process namespace but ourselves
        except ProcessLookupError:
            return
        return
    for pid in _descendants(os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
        for thread in threads:
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                found += [int(child) for child in children.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return found
    return found + [grandchild for child in found for grandchild in _descendants(child)]


def _read_control() -> bytes:
    try:
        return os.read(CONTROL, 65536)
    except ConnectionResetError:
        return b""


def _send(document: dict[str, Any]) -> None:
    try:
        os.write(CONTROL, json.dumps(document).encode() + b"\n")
    except BrokenPipeError:
        return  # the daemon has gone: the next read says so


def _limit(what: int, value: int) -> None:
    """Set a limit that cannot be raised again. 0: leave it, -1: nothing at all."""
    if value:
        resource.setrlimit(what, (max(value, 0), max(value, 0)))


def _child_signals() -> int:
    """A descriptor that is readable when a child has ended."""
    readable, writable = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    return readable


def _adopt_orphans() -> None:
    """Without a process namespace, processes whose parent died become ours, not the machine's init's."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


class Filter(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def _forbid(architecture: int, number: int) -> None:
    """Answer EPERM to one system call, here and in all children."""
    load, equal, answer = 0x20, 0x15, 0x06  # linux/bpf_common.h
    instructions = (
        (load, 0, 0, 4),  # struct seccomp_data: the architecture is at 4, the call's number at 0
        (equal, 0, 3, architecture),
        (load, 0, 0, 0),
        (equal, 0, 1, number),
        (answer, 0, 0, SECCOMP_RET_ERRNO | errno.EPERM),
        (answer, 0, 0, SECCOMP_RET_ALLOW),
    )
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Filter(len(instructions), program)))


def _prctl(option: int, value: int, pointer: Any = None) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, pointer, None, None) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


if __name__ == "__main__":
    main()
