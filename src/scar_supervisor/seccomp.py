"""System calls that a program and its children are told not to exist, although the kernel has them.

The PRoot that Debian has is of 2014. It lets through what it does not know, with paths that it should have
changed: `ls -l` in an image then shows the place's own files, because it calls statx. A C library that is
told that a call does not exist takes the older one, which PRoot does know.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

NEWER_THAN_PROOT: dict[str, tuple[int, ...]] = {
    "x86_64": (316, 322, 332, 425, 435, 437, 439, 452),
    "aarch64": (276, 281, 291, 425, 435, 437, 439, 452),
}
"""By machine: renameat2, execveat, statx, io_uring_setup, clone3, openat2, faccessat2, fchmodat2."""

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _MODE_FILTER = 22, 38, 2  # linux/prctl.h, linux/seccomp.h
_RET_ERRNO, _RET_ALLOW = 0x00050000, 0x7FFF0000  # linux/seccomp.h
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h


class _Program(ctypes.Structure):
    """``struct sock_fprog`` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def hide(numbers: dict[str, tuple[int, ...]]) -> None:
    """Answer ENOSYS to these calls, by machine, in this process and all that it starts. Raises OSError."""
    machine = os.uname().machine
    own = numbers[machine]
    instructions = (
        (_LOAD, 0, 0, 4),  # of struct seccomp_data the architecture; at 0 is the call's number
        (_JUMP_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _RET_ALLOW),
        (_LOAD, 0, 0, 0),
        *((_JUMP_IF_EQUAL, len(own) - index, 0, number) for index, number in enumerate(own)),
        (_RETURN, 0, 0, _RET_ALLOW),
        (_RETURN, 0, 0, _RET_ERRNO | errno.ENOSYS),
    )
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)
    program = ctypes.byref(_Program(len(instructions), code))
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value, pointer in ((_PR_SET_NO_NEW_PRIVS, 1, None), (_PR_SET_SECCOMP, _MODE_FILTER, program)):
        if libc.prctl(option, value, pointer, None, None) != 0:
            raise OSError(ctypes.get_errno(), "seccomp: " + os.strerror(ctypes.get_errno()))
