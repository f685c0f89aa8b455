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

GRACE = 2.0
"""Seconds between the two signals at the deadline."""

DEFAULT_SIGNAL = int(signal.SIGTERM)

_CHUNK = 65536
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_POLL_MS = 20
_REAP_MS = 100
"""Orphans that have ended count among the 1,024 processes of a function until somebody collects them."""


class Launch(NamedTuple):
    """How to start a program: all that exec needs."""

    path: bytes
    argv: tuple[bytes, ...]
    env: dict[bytes, bytes]
    cwd: bytes


class Stop(NamedTuple):
    """How a program is ended whose deadline has come."""

    signal: int = DEFAULT_SIGNAL
    """That asks it, and all that it has started, to end."""
    grace: float = GRACE
    """Seconds until SIGKILL."""


class Ended(NamedTuple):
    """How it ended."""

    exit_code: int
    """The program's; 128 + N if signal N ended it; `EXIT_TIMED_OUT` at the deadline."""
    timed_out: bool


SUCCESS = Ended(0, timed_out=False)


def run(launch: Launch, sink: Callable[[bytes], None], deadline: float, stop: Stop) -> Ended:
    """Run a program, passing what it writes to `sink`, and leave no process of it behind.

    At `deadline` (of ``time.monotonic``) the whole tree is asked to end and, after a while, killed (`stop`).
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
            return _supervise(pid, read_end, sink, deadline, stop)
        finally:
            _kill_and_reap_all()
    finally:
        os.close(read_end)


def signal_number(name: str) -> int | None:
    """That of STOPSIGNAL's ``SIGQUIT``, ``quit``, ``3`` or ``SIGRTMIN+3``; None for no signal's name."""
    text = name.upper().removeprefix("SIG")
    base, _, offset = text.partition("+")
    named = signal.Signals.__members__.get(f"SIG{base}")
    if text.isdecimal():
        number = int(text)
    elif named is None or not (offset or "0").isdecimal():
        return None
    else:
        number = named + int(offset or 0)
    return number if 0 < number < signal.NSIG else None


def adopt_orphans() -> None:
    """Make this process the parent of the orphans among its descendants (once is enough)."""
    global _adopting  # noqa: PLW0603 - a property of the process, like the prctl itself
    if _adopting:
        return
    import ctypes  # 6 ms of CPU, and only the first call pays it

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot become the reaper of orphans: {os.strerror(number)}")
    _adopting = True


_adopting = False


def _spawn(launch: Launch, output: int) -> int:
    # posix_spawn takes no working directory, but costs 2 to 4 times less than fork in a process of our size.
    here = os.open(".", os.O_PATH | os.O_DIRECTORY)
    try:
        _keep_descriptors()
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
    except ValueError as error:  # a NUL byte, or a variable without a name: exec cannot pass them on
        raise ProgramNotExecutable(f"{os.fsdecode(launch.argv[0])} cannot be started: {error}") from error
    finally:
        os.fchdir(here)
        os.close(here)


def _keep_descriptors() -> None:
    """Let no program inherit what is open here: AWS's runtime client does not close its sockets on exec."""
    for name in os.listdir("/proc/self/fd"):
        if (descriptor := int(name)) > 2:
            try:  # noqa: SIM105 - suppress() costs more than the call
                os.set_inheritable(descriptor, False)
            except OSError:  # the one that listdir used is closed by now
                pass


def _supervise(pid: int, read_end: int, sink: Callable[[bytes], None], deadline: float, stop: Stop) -> Ended:
    pidfd = os.pidfd_open(pid)
    try:
        ended = _pump(pid, pidfd, read_end, sink, deadline)
        if ended:
            _, status = os.waitpid(pid, 0)
            _kill_and_reap_all()
        else:
            _ask_to_end(read_end, sink, stop)
            _kill_and_reap_all()
    finally:
        os.close(pidfd)
    _drain(read_end, sink)
    if not ended:
        return Ended(EXIT_TIMED_OUT, timed_out=True)
    code = os.waitstatus_to_exitcode(status)
    return Ended(code if code >= 0 else 128 - code, timed_out=False)


def _pump(pid: int, pidfd: int, read_end: int, sink: Callable[[bytes], None], deadline: float) -> bool:
    """Pass on output until the program ends (True) or the deadline comes (False)."""
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    poll.register(pidfd, select.POLLIN)
    reap_at = 0.0
    while (left := deadline - time.monotonic()) > 0:
        ready = [fd for fd, _ in poll.poll(min(left * 1000, _REAP_MS))]
        if pidfd in ready:
            return True
        if read_end in ready:
            data = os.read(read_end, _CHUNK)
            if data:
                sink(data)
            else:
                poll.unregister(read_end)
        if time.monotonic() >= reap_at:
            _reap_orphans(pid)
            reap_at = time.monotonic() + _REAP_MS / 1000
    return False


def _reap_orphans(program: int) -> None:
    """Collect the children that have ended, but not the program itself, whose status `_supervise` wants."""
    while True:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None or ended.si_pid == program:
            return
        os.waitpid(ended.si_pid, 0)


def _ask_to_end(read_end: int, sink: Callable[[bytes], None], stop: Stop) -> None:
    """Ask every descendant to end, and pass on output until all are gone or their time is over."""
    deadline = time.monotonic() + stop.grace
    asked: set[int] = set()
    poll = select.poll()
    poll.register(read_end, select.POLLIN)
    while _reap() and time.monotonic() < deadline:
        new = {child.pid for child in _descendants()} - asked
        for pid in new:  # again and again: some were being forked the last time
            _signal(pid, stop.signal)
        asked |= new
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
            _signal(child.pid, signal.SIGKILL)
            # One that forks and exits for ever is gone when its number is known; its group has the next one.
            # No group spans sessions, so none of theirs holds a process that is not below us.
            _signal(-child.group, signal.SIGKILL)
        time.sleep(0.001)  # no wait for a child: one that was born during the look at /proc is still alive


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


class _Process(NamedTuple):
    pid: int
    parent: int
    group: int


def _descendants() -> Iterator[_Process]:
    """Every process below this one, parents first."""
    children: dict[int, list[_Process]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (found := _process(int(name))):
            children.setdefault(found.parent, []).append(found)
    front = [os.getpid()]
    while front:
        below = [child for parent in front for child in children.get(parent, ())]
        yield from below
        front = [child.pid for child in below]


def _process(pid: int) -> _Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The command's name, in parentheses, may hold anything; state, parent and group follow it.
            _, parent, group = file.read().rpartition(b")")[2].split()[:3]
    except (FileNotFoundError, ProcessLookupError):
        return None
    return _Process(pid, int(parent), int(group))
