"""Starts the processes that parse files, sets their limits from outside, and ends them.

Linux has all of it. Elsewhere there is no `prlimit` and no `/proc`: the wall clock and the isolation of a
process of its own remain, and memory is watched by nobody.
"""

from __future__ import annotations

import contextlib
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from headway.intake.sandbox_isolation import Isolation, import_environment
from headway.intake.sandbox_protocol import ENCLOSED
from headway.intake.sandbox_room import Files, Room
from headway.kit.processes import (
    SUPERVISOR_PID,
    descendants,
    let_session_give_way,
    resident_tree_bytes,
    signal_group,
)

MAX_OPEN_FILES = 256
_MIB = 1024 * 1024
_IS_LINUX = sys.platform == "linux"
_SHELL_SIGNAL = 128


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What the kernel enforces, whatever the watch of the parent sees."""

    data_bytes: int
    cpu_seconds: int
    file_bytes: int

    @classmethod
    def of(cls, memory_bytes: int, wall_seconds: float, max_unpacked_bytes: int) -> ProcessLimits:
        """Derive the backstops: twice the memory that the watch allows, and two cores for the whole time.

        A spool file may be twice the unpacked file, because UTF-16 grows when it becomes UTF-8.
        """
        return cls(
            data_bytes=2 * memory_bytes,
            cpu_seconds=max(10, int(2 * wall_seconds)),
            file_bytes=2 * max_unpacked_bytes + 64 * _MIB,
        )


class Child:
    """One process that parses one file, with whatever stands around it and all that it starts.

    `messages` is the reading end of its progress pipe, `pid` what the spawner started: the process itself, or
    bubblewrap around it.
    """

    def __init__(self, process: subprocess.Popen[bytes], messages: int, room: Room, *, is_enclosed: bool) -> None:
        self._process = process
        self._messages: int | None = messages
        self._is_enclosed = is_enclosed
        self.pid = process.pid
        self.room = room

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    @property
    def stderr_fd(self) -> int:
        assert self._process.stderr is not None  # noqa: S101 - the spawner asks for a pipe; this tells mypy
        return os.dup(self._process.stderr.fileno())

    def take_messages_fd(self) -> int:
        """Hand over the pipe; the caller closes it from now on."""
        assert self._messages is not None  # noqa: S101 - a child is used once
        descriptor, self._messages = self._messages, None
        return descriptor

    def limit(self, limits: ProcessLimits) -> None:
        """Set the limits from outside, so that no code has to run between fork and exec.

        Call it when the process has said that it is ready: then all that stands around it is there too.
        """
        if not _IS_LINUX:
            return
        for pid in (self.pid, *descendants(self.pid)):
            with contextlib.suppress(ProcessLookupError):
                for kind, value, grace in (
                    (resource.RLIMIT_DATA, limits.data_bytes, 0),
                    (resource.RLIMIT_CPU, limits.cpu_seconds, 5),
                    (resource.RLIMIT_FSIZE, limits.file_bytes, 0),
                    (resource.RLIMIT_CORE, 0, 0),
                    (resource.RLIMIT_NOFILE, MAX_OPEN_FILES, 0),
                ):
                    _limit(pid, kind, value, grace)

    def send(self, line: bytes) -> None:
        """Write the request and close the pipe. May block; a child that is gone is no error here."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - the spawner asks for a pipe; this tells mypy
        with contextlib.suppress(BrokenPipeError):
            stdin.write(line)
            stdin.flush()
        with contextlib.suppress(BrokenPipeError):
            stdin.close()

    def memory_bytes(self) -> int:
        """Return the resident memory of the process and all that it started; 0 when the system cannot tell."""
        return resident_tree_bytes(self.pid)

    def wait(self, timeout_seconds: float) -> int | None:
        """Return the exit status, negative for a signal; None when it still runs after that time. Blocks."""
        try:
            status = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None
        # Bubblewrap tells of a signal as a shell does.
        return _SHELL_SIGNAL - status if self._is_enclosed and status > _SHELL_SIGNAL else status

    def kill(self) -> None:
        """End the process and everything that it started, in its process group or out of it."""
        if self._process.poll() is None:
            started = descendants(self.pid)
            signal_group(self.pid, signal.SIGKILL)
            for pid in started:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def dispose(self) -> None:
        """Kill, reap, close every pipe. Blocks for the moment that the kernel needs; idempotent."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        if self._messages is not None:
            os.close(self._messages)
            self._messages = None


def _limit(pid: int, kind: int, value: int, grace: int) -> None:
    _, highest = resource.prlimit(pid, kind)
    hard = value + grace if highest == resource.RLIM_INFINITY else min(value + grace, highest)
    resource.prlimit(pid, kind, (min(value, hard), hard))


class Spawner:
    """The one permanent thread that starts all children.

    The kernel ends a child when the *thread* that started it ends, so a thread of some pool must not do it.
    When this process dies, however it dies, its threads end, and so do the children.
    """

    def __init__(self, command: list[str], environment: dict[str, str], isolation: Isolation, rooms: Path) -> None:
        self._command = command
        self._isolation = isolation
        self._rooms = rooms
        # Behind bubblewrap, which dies with us and takes all with it, nobody knows us by this number.
        tie = {ENCLOSED: "1"} if isolation.is_closed else {SUPERVISOR_PID: str(os.getpid())}
        self._environment = {**environment, **tie}
        self._orders: queue.SimpleQueue[tuple[Future[Child], Files | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="sandbox-spawner", daemon=True)
        self._thread.start()

    def spawn(self, bound: Files | None = None) -> Future[Child]:
        """Order a process for any files, or for those of `bound` only."""
        order: Future[Child] = Future()
        self._orders.put((order, bound))
        return order

    def close(self) -> None:
        """End the thread; with it, the kernel ends every child that is left."""
        self._orders.put(None)
        self._thread.join()

    def _serve(self) -> None:
        while (ordered := self._orders.get()) is not None:
            order, bound = ordered
            if not order.set_running_or_notify_cancel():
                continue
            try:
                order.set_result(self._start(self._isolation.room(self._rooms, bound)))
            except BaseException as error:  # noqa: BLE001 - whoever waits for the order must hear of it
                order.set_exception(error)

    def _start(self, room: Room) -> Child:
        reading, writing = os.pipe()
        try:
            with self._isolation.enclosed([*self._command, str(writing)], room) as (command, descriptors):
                process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    pass_fds=[writing, *descriptors],
                    start_new_session=True,
                    close_fds=True,
                    env=self._environment,
                )
        except BaseException:
            os.close(reading)
            room.remove()
            raise
        finally:
            os.close(writing)
        # Two files on a machine of two cores would leave nothing to whoever answers people.
        let_session_give_way(process.pid)
        return Child(process, reading, room, is_enclosed=self._isolation.is_closed)


def child_environment(import_path: Path | None) -> dict[str, str]:
    """Return everything that a child may know: no secret, no address, and allocators that give memory back.

    Without the first two allocator settings a file of 100 KB needs 1.2 GB of data segment. With the other two, blocks
    of text and what is found in them are made in memory that was used before: asking the kernel for it anew each time
    took as long as half of the work on them.
    """
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONFAULTHANDLER": "1",
        "TZ": "UTC",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_MMAP_THRESHOLD_": str(8 * _MIB),
        "MALLOC_TRIM_THRESHOLD_": str(16 * _MIB),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        **import_environment(import_path),
    }
