"""Keeps the processes of `headway serve` running: starts them, starts them again, and ends every one of them.

It knows commands only, nothing of the product, and stays small: it must be the last thing that fails.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from headway.kit.processes import (
    EXIT_CONFIGURATION,
    SUPERVISOR_PID,
    adopt_orphans,
    children_of_this_process,
    signal_group,
)

log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 5.0
SETTLED_SECONDS = 5.0
"""A process that lived this long was healthy: its next death starts again from the first delay."""

GRACE_SECONDS = 10.0
"""Time for a graceful stop. The promise is 15 s for everything; the rest is for SIGKILL and reaping."""

REAP_SECONDS = 5.0
"""How often adopted orphans that have ended are collected; nothing waits for it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One process to keep running. `environment` is added to the supervisor's own."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Runs commands until it is told to stop, or until one of them says that starting it again is no use."""

    def __init__(self, commands: Sequence[Command], *, grace_seconds: float = GRACE_SECONDS) -> None:
        self._commands = commands
        self._grace_seconds = grace_seconds
        self._running: dict[str, Process] = {}
        self._starting = 0
        self._stopping = asyncio.Event()
        self._stop_at_once = asyncio.Event()
        self._exit_status = 0

    def stop(self) -> None:
        """Ask for a graceful stop; asked a second time, stop at once."""
        if self._stopping.is_set():
            self._stop_at_once.set()
        self._stopping.set()

    async def run(self) -> int:
        """Keep the commands running until `stop`. Return the exit status for this process."""
        adopt_orphans()
        self._handle_signals()
        reaper = asyncio.create_task(self._reap_orphans())
        keepers = [asyncio.create_task(self._keep(command)) for command in self._commands]
        try:
            # A keeper returns early only when it failed in a way nobody foresaw; then nothing may be left running.
            await asyncio.wait([*keepers, reaper], return_when=asyncio.FIRST_COMPLETED)
            self._stopping.set()
            await self._end_all(keepers)
        finally:
            reaper.cancel()
            self._kill_leftovers()
        return self._exit_status

    def _handle_signals(self) -> None:
        # As process 1 of a container only those signals arrive that are handled.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        for number in (signal.SIGINT, signal.SIGHUP):
            # Ignored from the start means that nohup or a shell's `&` wants it so.
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, self.stop)

    async def _keep(self, command: Command) -> None:
        delay = FIRST_DELAY_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            status = await self._run_once(command)
            if self._stopping.is_set():
                return
            if status == EXIT_CONFIGURATION:
                log.error("%s cannot run with these settings; stopping", command.name)
                self._exit_status = EXIT_CONFIGURATION
                self.stop()
                return
            if time.monotonic() - began >= SETTLED_SECONDS:
                delay = FIRST_DELAY_SECONDS
            log.warning("%s ended (%s); starting it again in %.1f s", command.name, _reason(status), delay)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)

    async def _run_once(self, command: Command) -> int:
        environment = {**os.environ, **command.environment, SUPERVISOR_PID: str(os.getpid())}
        self._starting += 1
        try:
            # Its own session: Ctrl-C in a terminal then reaches the supervisor only, which stops in order.
            process = await asyncio.create_subprocess_exec(*command.argv, env=environment, start_new_session=True)
            self._running[command.name] = process
        except OSError as error:
            log.error("%s could not be started: %s", command.name, error)  # noqa: TRY400 - the cause is in the sentence
            return EXIT_CONFIGURATION
        finally:
            self._starting -= 1
        log.info("%s runs as process %d", command.name, process.pid)
        if self._stopping.is_set():
            # The stop was asked for while the process was being made, and could not reach it.
            process.terminate()
        status = await process.wait()
        # Whatever of its group outlived it belongs to nobody now.
        signal_group(process.pid, signal.SIGKILL)
        del self._running[command.name]
        return status

    async def _end_all(self, keepers: Sequence[asyncio.Task[None]]) -> None:
        """Ask every process to end, wait, then kill those that did not."""
        for process in self._running.values():
            with suppress(ProcessLookupError):
                process.terminate()
        ended = asyncio.gather(*keepers, return_exceptions=True)
        told_at_once = asyncio.create_task(self._stop_at_once.wait())
        either: set[asyncio.Future[Any]] = {ended, told_at_once}
        await asyncio.wait(either, timeout=self._grace_seconds, return_when=asyncio.FIRST_COMPLETED)
        told_at_once.cancel()
        for name, process in self._running.items():
            log.warning("%s did not end by itself; killing it", name)
            signal_group(process.pid, signal.SIGKILL)
        for outcome in await ended:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _reap_orphans(self) -> None:
        """Collect adopted processes that have ended, which would otherwise stay as zombies, until the stop."""
        while not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), REAP_SECONDS)
            # A child between its fork and its place in `_running` looks like an orphan.
            if not self._starting:
                for pid in self._orphans():
                    _collect(pid)

    def _orphans(self) -> set[int]:
        return set(children_of_this_process()) - {process.pid for process in self._running.values()}

    def _kill_leftovers(self) -> None:
        """Kill what is still there when all commands have ended: descendants in sessions of their own."""
        # A killed process hands its own children to us, so look until there is nobody left.
        while leftovers := self._orphans():
            for pid in leftovers:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                _collect(pid, wait=True)


def _collect(pid: int, *, wait: bool = False) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, 0 if wait else os.WNOHANG)


def _reason(status: int) -> str:
    """Say how a process ended: its exit status, or the signal that killed it."""
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name
