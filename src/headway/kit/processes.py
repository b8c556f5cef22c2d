"""How the processes of one machine are tied together, so that none outlives the one that started it.

Linux can tie a child to its parent (`PR_SET_PDEATHSIG`) and hand orphans to an ancestor
(`PR_SET_CHILD_SUBREAPER`). Elsewhere these functions do nothing, and a stop is only as clean as its signals.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import logging
import os
import resource
import signal
import sys
from pathlib import Path

log = logging.getLogger(__name__)

SUPERVISOR_PID = "HEADWAY_SUPERVISOR_PID"
"""Environment variable by which a supervisor tells a child who it is; only such children die with it."""

EXIT_CONFIGURATION = 78
"""Exit status (EX_CONFIG of sysexits.h) of a process that would fail the same way if it were started again."""

NICENESS = 10
"""About a tenth of the share that others have, and all that they leave."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def allow_many_files() -> int:
    """Raise this process's limit of open files as far as it may; return it. Each connection of a client is one.

    The usual first limit is 1024, chosen for programs that use `select`; asyncio does not.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS has a most of its own, below the one that it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def die_with_parent() -> None:
    """Make the kernel kill this process when its supervisor dies; nothing happens without a supervisor.

    Call it first thing in `main`. The signal is SIGKILL, because a process whose supervisor was killed has
    nobody left who would end it if it hung. It fires when the *thread* that started this process ends, so
    supervisors start children from their main thread.
    """
    supervisor = os.environ.pop(SUPERVISOR_PID, None)
    if supervisor is None:
        return
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(supervisor):
        # The supervisor died between fork and prctl; the signal will never come.
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that a stop can find them all."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def children_of_this_process() -> list[int]:
    """Return the ids of the direct children, adopted ones included; empty where the system cannot tell."""
    return _children("self")


def descendants(pid: int) -> list[int]:
    """Return the ids of the children of a process, their children, and so on; empty where the system cannot tell."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = _children(str(waiting.pop()))
        found += children
        waiting += children
    return found


def _children(process: str) -> list[int]:
    found: list[int] = []
    try:
        with os.scandir(f"/proc/{process}/task") as threads:
            for thread in threads:
                # Nothing of a thread that ended while we looked; its children now belong to another one.
                found.extend(map(int, _read(f"{thread.path}/children").split()))
    except OSError:
        return found
    return found


def _read(path: str) -> bytes:
    """Return a short file of the system; nothing if it is gone. Asked forty times a second, and so without objects of paths."""
    try:
        with io.FileIO(path) as file:
            return file.readall()
    except OSError:
        return b""


def resident_bytes(pid: int) -> int:
    """Return the memory that a process holds; 0 if it is gone or the system cannot tell."""
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE_BYTES if fields else 0


def resident_tree_bytes(pid: int) -> int:
    """Return the memory that a process holds with all that it started."""
    return sum(resident_bytes(each) for each in (pid, *descendants(pid)))


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to the process group that `pid` leads; a group that is gone is no error."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers EPERM for a group that consists of zombies only.
        return


def give_way() -> None:
    """Let this process, and all that it starts from now on, have the processor after others."""
    os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def let_session_give_way(pid: int) -> None:
    """Let all processes of the session that `pid` leads have the processor after those of other sessions.

    Where the kernel shares by session (sched(7), autogroup), the niceness of one process counts within its own only.
    """
    group = Path(f"/proc/{pid}/autogroup")
    try:
        if group.exists():
            group.write_text(str(NICENESS))
    except OSError as error:
        # It has ended already; or the kernel takes only ten changes of a group a second from us.
        log.debug("the session of process %d does not give way: %s", pid, error)


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")
