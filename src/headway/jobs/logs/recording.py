"""Takes down what a worker tells of a job while it runs one of its attempts.

Only what is said through `headway.job` is taken down: sentences for the owner. What the product logs for operators
(traces, addresses, other jobs) never passes here, whatever job it is about.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from headway.jobs.logs.ring import Line, said
from headway.jobs.logs.service import LogBook
from headway.jobs.queries import Lease
from headway.jobs.schemas import Level
from headway.kit.logs import remembered

log = logging.getLogger(__name__)

TELL = "headway.job"
tell = logging.getLogger(TELL)
"""For sentences to the owner of the job that is being worked on. They go into the log of the process as well."""

FLUSH_SECONDS = 1.0
"""How long a line waits for others, so that many of them are one transaction."""

CLOSE_SECONDS = 10.0
"""How long the end of an attempt waits for its last lines: the next attempt would keep them out."""

MOST_WAITING = 1000


class Tape:
    """The lines of one attempt that are not written yet: the last ones, should there be too many."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=MOST_WAITING)
        self._skipped = 0
        self._turn = threading.Lock()

    def add(self, line: Line) -> None:
        """May be called by any thread."""
        with self._turn:
            self._skipped += len(self._lines) == MOST_WAITING
            self._lines.append(line)

    def take(self) -> tuple[list[Line], int]:
        """Return what waits, and how many lines came before it that did not fit."""
        with self._turn:
            lines, skipped = list(self._lines), self._skipped
            self._lines.clear()
            self._skipped = 0
        return lines, skipped

    def put_back(self, lines: list[Line], skipped: int) -> None:
        """Keep for the next time what could not be written, as much as there is room for."""
        with self._turn:
            room = MOST_WAITING - len(self._lines)
            kept = lines[len(lines) - room :] if room < len(lines) else lines
            self._lines.extendleft(reversed(kept))
            self._skipped += skipped + len(lines) - len(kept)


class Recorder(logging.Handler):
    """Finds the tape that a sentence belongs on by the job that it is about."""

    def __init__(self, book: LogBook) -> None:
        super().__init__(logging.INFO)
        # Whatever the process logs for operators, owners read all of theirs.
        tell.setLevel(logging.INFO)
        self._book = book
        self._tapes: dict[str, Tape] = {}

    def emit(self, record: logging.LogRecord) -> None:
        tape = self._tapes.get(remembered("job_id") or "")
        if tape is None:
            return
        at = datetime.fromtimestamp(record.created, UTC)
        for text in said(record.getMessage()):
            tape.add(Line(at, _level(record.levelno), "worker", text))

    @asynccontextmanager
    async def recording(self, lease: Lease) -> AsyncIterator[None]:
        """Take down what is told of the lease's job while the block runs. It never fails or delays the block's work."""
        tape = self._tapes[str(lease.job_id)] = Tape()
        tell.addHandler(self)
        ended = asyncio.Event()
        flushing = asyncio.create_task(self._keep_flushing(lease, tape, ended))
        try:
            yield
        finally:
            # Another attempt may have begun here before this one, which was overtaken, has stopped.
            if self._tapes.get(str(lease.job_id)) is tape:
                del self._tapes[str(lease.job_id)]
            if not self._tapes:
                tell.removeHandler(self)
            ended.set()
            # Not cancelled while it writes: nobody would know whether the lines are there.
            _, late = await asyncio.wait({flushing}, timeout=CLOSE_SECONDS)
            if late:
                log.warning("the last lines of job %s wait for the database", lease.job_id)

    async def _keep_flushing(self, lease: Lease, tape: Tape, ended: asyncio.Event) -> None:
        is_over = False
        while not is_over:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await ended.wait()
            is_over = ended.is_set()
            if not await self._flush(lease, tape):
                return

    async def _flush(self, lease: Lease, tape: Tape) -> bool:
        """Write what waits; say whether it is worth to go on."""
        lines, skipped = tape.take()
        if not lines:
            return True
        try:
            return await self._book.write(lease, lines, skipped)
        except (SQLAlchemyError, OSError) as error:
            tape.put_back(lines, skipped)
            log.warning("%d lines of job %s could not be written yet: %s", len(lines), lease.job_id, error)
            return True


def _level(number: int) -> Level:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"
