"""What the place where the function runs allows to the execution modes that are not built in.

There are many ways to forbid tracing and namespaces (seccomp, Yama, AppArmor, limits of the kernel), and none
tells beforehand. So it is tried, in a child that ends at once.
"""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

from .contract import EXEC_MODES
from .errors import ModeNotAllowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ctypes
    from collections.abc import Callable

_PTRACE_TRACEME = 0  # sys/ptrace.h
_CLONE_NEWUSER, _CLONE_NEWNS = 0x10000000, 0x00020000  # sched.h


class Need(NamedTuple):
    """What a mode works by and a place may forbid."""

    name: str
    attempt: str
    """What is tried, for messages."""
    succeeds: Callable[[ctypes.CDLL], bool]


def _trace(libc: ctypes.CDLL) -> bool:
    return bool(libc.ptrace(_PTRACE_TRACEME, 0, None, None) == 0)


def _unshare(libc: ctypes.CDLL) -> bool:
    # The second call needs the rights that the first should give, and that AppArmor may withhold.
    return all(libc.unshare(kind) == 0 for kind in (_CLONE_NEWUSER, _CLONE_NEWNS))


PTRACE = Need("ptrace", "PTRACE_TRACEME", _trace)
NAMESPACES = Need("user namespaces", "unshare(CLONE_NEWUSER), unshare(CLONE_NEWNS)", _unshare)


def need(mode: str) -> Need | None:
    """What an execution mode needs of the place; None: nothing."""
    return {"F": None, "P": PTRACE}.get(mode[0], NAMESPACES)


def check(mode: str, libc: str) -> None:
    """Raise ModeNotAllowed unless the place allows a mode. ``libc`` is the image's, as `Runtime` has it."""
    needed = need(mode)
    if needed is None or not (error := _refusal(needed)):
        return
    others = [other for other in EXEC_MODES if _may_run(other, libc)]
    raise ModeNotAllowed(
        f"execution mode {mode} works by {needed.name}, which this place does not allow"
        f" (tried {needed.attempt}: {os.strerror(error)})",
        f"`scar update --exec-mode MODE NAME` takes another; allowed here: {', '.join(others)}"
        if others
        else "no mode for this image is allowed here: take an image whose programs are linked with glibc",
    )


def _may_run(mode: str, libc: str) -> bool:
    needed = need(mode)
    return libc == "glibc" if needed is None else not _refusal(needed)


@functools.cache  # a place does not change its mind while a process lives
def _refusal(needed: Need) -> int:
    """The error's number with which the place refuses; 0: it allows it."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    pid = os.fork()
    if pid == 0:
        error = 255
        try:
            error = 0 if needed.succeeds(libc) else ctypes.get_errno()
        finally:
            os._exit(error)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
