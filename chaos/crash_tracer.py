"""Runs a child under ptrace and kills it as it enters its n-th system call that changes something that lasts.

strace's `inject=…:when=K` counts each thread and each system call by itself and so never reaches most points of a
program with threads (of 8 calls in two threads it reached 3). This counts the calls of all threads together, in the
order in which the kernel sees them, and kills before the call takes effect.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys

WATCHED = {
    1: "write", 2: "open", 18: "pwrite64", 20: "writev", 40: "sendfile", 74: "fsync", 75: "fdatasync",
    76: "truncate", 77: "ftruncate", 82: "rename", 83: "mkdir", 84: "rmdir", 85: "creat", 86: "link", 87: "unlink",
    257: "openat", 258: "mkdirat", 263: "unlinkat", 264: "renameat", 265: "linkat", 285: "fallocate",
    296: "pwritev", 316: "renameat2", 326: "copy_file_range",
}  # fmt: skip
"""The system calls that are points, by their numbers on x86-64. A local database and store send nothing elsewhere."""

CREATING = os.O_CREAT | os.O_TRUNC
FLAGS_AT = {2: 1, 257: 2}
"""Which argument of the calls that open holds the flags; an open that creates nothing changes nothing."""

SEIZE, INTERRUPT, SYSCALL, SYSCALL_INFO = 0x4206, 0x4207, 24, 0x420E
SYSGOOD_CLONE_EXITKILL = 0x1 | 0x8 | 0x100000
"""Options of ptrace: mark stops at calls, follow new threads but no new processes, and die with the tracer."""
WALL = 0x40000000
CALL_STOP = signal.SIGTRAP | 0x80


def can_trace() -> bool:
    """Say whether the numbers above are those of this machine."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def trace(child: int, go: int, kill_at: int | None) -> tuple[int, list[str]]:
    """Let a child run that waits to read from `go`; kill it at the call with this number, counted from 1.

    Returns its wait status and the calls, the last of which never happened if it was killed.
    """
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ptrace.restype = ctypes.c_long
    info = (ctypes.c_uint64 * 11)()
    if ptrace(SEIZE, child, None, SYSGOOD_CLONE_EXITKILL) or ptrace(INTERRUPT, child, None, None):
        raise OSError(ctypes.get_errno(), "this system does not let a process trace its child")
    os.write(go, b"!")
    calls: list[str] = []
    while True:
        pid, status = os.waitpid(-1, WALL)
        if not os.WIFSTOPPED(status):
            if pid == child:
                return status, calls
            continue
        number = os.WSTOPSIG(status)
        if number == CALL_STOP:
            ptrace(SYSCALL_INFO, pid, ctypes.sizeof(info), ctypes.addressof(info))
            if name := _point(info):
                calls.append(name)
                if len(calls) == kill_at:
                    os.kill(child, signal.SIGKILL)
                    continue
        is_signal = number != CALL_STOP and status >> 16 == 0
        ptrace(SYSCALL, pid, None, number if is_signal else None)


def _point(info: ctypes.Array[ctypes.c_uint64]) -> str | None:
    """Return the name of the call that a stop is the entry of, if it is one that changes something."""
    is_entry, call, arguments = info[0] & 0xFF == 1, info[3], info[4:10]
    if not is_entry:
        return None
    if call in FLAGS_AT and not arguments[FLAGS_AT[call]] & CREATING:
        return None
    return WATCHED.get(call)
