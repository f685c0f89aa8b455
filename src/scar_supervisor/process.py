"""Run one program and everything that it starts, until it ends or its deadline comes.

The calling process makes itself the reaper of orphans, so every descendant of the program is its own child
sooner or later: "no child left" then means that nothing runs on into the next call, whatever called setsid or
forked twice. The caller must have no other children.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import time
from contextlib import suppress
from typing import NamedTuple

from .contract import EXIT_TIMED_OUT
from .errors import ProgramNotExecutable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CHUNK = 65536
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_POLL_MS = 20


class Launch(NamedTuple):
    """How to start a program: all that exec needs."""

    path: bytes
    argv: tuple[bytes, ...]
    env: dict[bytes, bytes]
    cwd: bytes


class Ended(NamedTuple):
    """How it ended."""

    exit_code: int
    """The program's; 128 + N if signal N ended it; `EXIT_TIMED_OUT` at the deadline."""
    timed_out: bool


SUCCESS = Ended(0, timed_out=False)


def run(launch: Launch, sink: Callable[[bytes], None], deadline: float, grace: float) -> Ended:
    """Run a program, passing what it writes to `sink`, and leave no process of it behind.

    At `deadline` (of ``time.monotonic``) the whole tree gets SIGTERM and, `grace` seconds later, SIGKILL.
    When the program itself ends, what it left running is killed, as Docker does.
    Raises ProgramNotExecutable if the program cannot be started.
    """
    adopt_orphans()
    read_end, write_end = os.pipe()
    try:
        try:
            pid = _spawn(launch, write_end)
        finally:
            os.close(write_end)
        try:
            return _supervise(pid, read_end, sink, deadline, grace)
        finally:
            _kill_and_reap_all()
    finally:
        os.close(read_end)


def adopt_orphans() -> None:
    """Make this process the parent of the orphans among its descendants (once is enough)."""
    global _adopting  # noqa: PLW0603 - a property of the process, like the prctl itself
    if _adopting:
        return
    import ctypes  # 6 ms of CPU, and only the first call pays it

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, f"cannot become the reaper of orphans: {os.strerror(errno)}")
    _adopting = True


_adopting = False


def _spawn(launch: Launch, output: int) -> int:
    # posix_spawn takes no working directory, but costs 2 to 4 times less than fork in a process of our size.
    here = os.open(".", os.O_PATH | os.O_DIRECTORY)
    try:
        os.chdir(launch.cwd)
        return os.posix_spawn(
            launch.path,
            launch.argv,
            launch.env,
            file_actions=(
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ),
            setsid=True,
            setsigmask=(),
            # Python ignores these, and ignored signals stay ignored over exec.
            setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
        )
    except OSError as error:
        raise ProgramNotExecutable(
            f"{os.fsdecode(launch.argv[0])} cannot be started: {error.strerror}",
            "arguments and environment together may take 2 MB" if error.errno == errno.E2BIG else "",
        ) from error
    finally:
        os.fchdir(here)
        os.close(here)


def _supervise(
    pid: int, read_end: int, sink: Callable[[bytes], None], deadline: float, grace: float
) -> Ended:
    pidfd = os.pidfd_open(pid)
    try:
        ended = _pump(read_end, pidfd, sink, deadline)
        if ended:
            _, status = os.waitpid(pid, 0)
            _kill_and_reap_all()
        else:
            _ask_to_end(read_end, sink, time.monotonic() + grace)
            _kill_and_reap_all()
    finally:
        os.close(pidfd)
    _drain(read_end, sink)
    if not ended:
        return Ended(EXIT_TIMED_OUT, timed_out=True)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code if code >= 0 else 128 - code, timed_out=False)


def _pump(read_end: int, pidfd: int, sink: Callable[[bytes], None], deadline: float) -> bool:
    """Pass on output until the process ends (True) or the deadline comes (False)."""
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    poll.register(pidfd, select.POLLIN)
    while (left := deadline - time.monotonic()) > 0:
        ready = [fd for fd, _ in poll.poll(left * 1000)]
        if pidfd in ready:
            return True
        if read_end in ready:
            data = os.read(read_end, _CHUNK)
            if data:
                sink(data)
            else:
                poll.unregister(read_end)
    return False


def _ask_to_end(read_end: int, sink: Callable[[bytes], None], deadline: float) -> None:
    """Send SIGTERM to every descendant, and pass on output until all are gone or the deadline comes."""
    asked: set[int] = set()
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    while _reap() and time.monotonic() < deadline:
        for child in set(_descendants()) - asked:  # again and again: some were being forked the last time
            _signal(child, signal.SIGTERM)
            asked.add(child)
        if poll.poll(_POLL_MS):
            data = os.read(read_end, _CHUNK)
            if not data:  # nobody writes any more, so only the clock and the children remain to be watched
                poll.unregister(read_end)
            sink(data)


def _drain(read_end: int, sink: Callable[[bytes], None]) -> None:
    # Every writer is dead, so this ends.
    while data := os.read(read_end, _CHUNK):
        sink(data)


def _kill_and_reap_all() -> None:
    while _reap():
        for child in _descendants():
            _signal(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _reap() -> bool:
    """Collect the children that have ended; False if none is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _descendants() -> Iterator[int]:
    """Every process below this one, parents first."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(_parent(name), []).append(int(name))
    front = [os.getpid()]
    while front:
        front = [child for parent in front for child in children.get(parent, ())]
        yield from front


def _parent(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The command's name, in parentheses, may hold anything; state and parent follow the last one.
            return int(file.read().rpartition(b")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return -1
