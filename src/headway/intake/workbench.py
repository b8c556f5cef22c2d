"""What every task on files does: fetch what it reads, have a child process work on it, store what came out.

Every output lies under a key that contains the attempt, and nothing local outlives the attempt.
"""

from __future__ import annotations

import asyncio
import errno
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from headway.intake.errors import ParseCrashed, SpoolFull
from headway.intake.parsing import Operation, ParsedPart, ParseOptions, ParseProgress, ParseRequest, ParseResult
from headway.intake.sandbox import ParseCancelled, Sandbox
from headway.jobs.errors import StaleLease
from headway.jobs.execution import TaskCancelled, TaskContext, TaskCrashed
from headway.storage.errors import ObjectMissing
from headway.storage.store import HasLocalFiles, ObjectStore

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a job's progress, in percent, that one piece of work takes."""

    start: int
    end: int

    def at(self, fraction: float) -> int:
        return self.start + int((self.end - self.start - 1) * fraction)


class Workbench:
    """Where tasks work on files."""

    def __init__(
        self, store: ObjectStore, sandbox: Sandbox, *, spool_dir: Path, max_unpacked_bytes: int, memory_bytes: int
    ) -> None:
        self._store = store
        self._sandbox = sandbox
        self._spool_dir = spool_dir
        self._max_unpacked_bytes = max_unpacked_bytes
        self._memory_bytes = memory_bytes

    @asynccontextmanager
    async def spool(self, context: TaskContext) -> AsyncIterator[Path]:
        """Lend a folder for one attempt. Raises `SpoolFull` when its disk is."""
        folder = self._spool_dir / f"{context.job_id}-{context.lease.attempt}"
        try:
            folder.mkdir(parents=True)
            yield folder
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise SpoolFull from error
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def fetch(self, key: str, folder: Path) -> Path:
        """Return an object as a file; it is copied into the folder only where the store is no folder itself."""
        if isinstance(self._store, HasLocalFiles) and (path := self._store.local_path(key)):
            return path
        copy = folder / uuid4().hex
        await self._store.fetch_file(key, copy)
        return copy

    async def work(
        self,
        context: TaskContext,
        span: Span,
        source: Path,
        file_name: str,
        output_dir: Path,
        options: ParseOptions,
        *,
        operation: Operation = "parse",
        others: dict[str, Path] | None = None,
        arguments: dict[str, Any] | None = None,
    ) -> ParseResult:
        """Have a child process work on files. Raises what is wrong with them, and what a task raises when it stops."""
        output_dir.mkdir()
        request = ParseRequest(
            source=source,
            file_name=file_name,
            output_dir=output_dir,
            options=options,
            max_unpacked_bytes=self._max_unpacked_bytes,
            memory_bytes=self._memory_bytes,
            operation=operation,
            others=others or {},
            arguments=arguments or {},
        )

        async def on_progress(progress: ParseProgress) -> None:
            percent = span.at(progress.fraction)
            await context.progress.report(percent, progress.message, done_units=progress.rows, unit="rows")

        try:
            return await self._sandbox.parse(request, on_progress, context.progress.stop)
        except ParseCancelled:
            raise (StaleLease() if context.progress.lost else TaskCancelled()) from None
        except ParseCrashed as crash:
            if "signal" in crash.data:
                # Killed from outside, or by a fault of memory: it may go well the next time.
                raise TaskCrashed(crash) from crash
            raise

    async def store_part(self, context: TaskContext, name: str, part: ParsedPart) -> dict[str, Any]:
        """Put a table into the store; return what publishing needs, as JSON and without any path."""
        context.raise_if_stopped()
        key = f"rows/{context.job_id}/{context.lease.attempt}/{name}"
        size = await self._store.put_file(part.path, f"{key}.parquet")
        rejects_key = None
        if part.rejects_path is not None:
            rejects_key = f"{key}.rejects"
            await self._store.put_file(part.rejects_path, rejects_key)
        return {
            "name": part.name,
            "rows": part.rows,
            "rejected_rows": part.rejected_rows,
            "bytes": size,
            "rows_key": f"{key}.parquet",
            "rejects_key": rejects_key,
            "columns": [column.to_json() for column in part.columns],
            "decisions": [
                {"subject": d.subject, "value": d.value, "evidence": d.evidence, "runner_up": d.runner_up}
                for d in part.decisions
            ],
            "profile": part.profile,
        }

    async def store_file(
        self, context: TaskContext, span: Span, part: ParsedPart, name: str, media_type: str | None = None
    ) -> None:
        """Keep what came out as a file of the job, for its owner."""
        size, stored = part.path.stat().st_size, 0
        async with context.artifact(name, media_type) as file:
            with part.path.open("rb") as written:
                while chunk := await asyncio.to_thread(written.read, CHUNK_BYTES):
                    context.raise_if_stopped()
                    await file.write(chunk)
                    stored += len(chunk)
                    await context.progress.report(span.at(stored / size))
            file.rows = part.rows

    async def are_stored(self, parts: Iterable[dict[str, Any]]) -> bool:
        """Say whether the tables that an earlier attempt stored are all there still."""
        try:
            for part in parts:
                for key in (part["rows_key"], part["rejects_key"]):
                    if key is not None:
                        await self._store.stat(key)
        except ObjectMissing:
            return False
        return True
