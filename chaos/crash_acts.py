"""What the crash and power experiments have the product do, on one data folder: migrate, parse, accept, work, recover.

The services are built here as `headway.app` and `headway.worker` build them, without servers around them: a process
that is to be killed some hundred times must be made in milliseconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from headway.datasets.cache import RowsCache
from headway.datasets.service import DatasetService
from headway.engine.dbos import DbosRunner
from headway.intake import pipeline
from headway.intake.changes.task import ChangeDataset
from headway.intake.identity import KIND
from headway.intake.parsing import ParseOptions, ParseRequest, ParseResult
from headway.intake.quota import IntakeLimits
from headway.intake.sandbox_protocol import write_result
from headway.intake.sandbox_result import read_result
from headway.intake.service import FileIntakeService
from headway.intake.tasks import ImportFile
from headway.intake.upload_errors import UploadInterrupted
from headway.intake.workbench import Workbench
from headway.jobs.artifacts.service import ArtifactRules, ArtifactService
from headway.jobs.deliveries import Deliveries
from headway.jobs.execution import Execution
from headway.jobs.logs.recording import Recorder
from headway.jobs.logs.service import LogBook
from headway.jobs.reaper import LONGEST_LOOK_SECONDS, Reaper
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import open_signal
from headway.jobs.submitting import JobSubmissions
from headway.kit.db import Database
from headway.migrations import migrate
from headway.rules.checks import DatasetChecks
from headway.rules.service import RuleSetService
from headway.settings import Settings
from headway.storage.opening import open_store

OWNER, WORKER, NEXT_WORKER = "chaos", "chaos-worker", "chaos-next-worker"
FILE_NAME, KEY = "table.csv", "chaos-key"
ROWS = 4000
CONTENT = b"id,name,amount\n" + b"".join(b"%d,name %d,%d.25\n" % (i, i % 97, i) for i in range(ROWS))
BLOCK_BYTES = 32 * 1024

OUTWAIT_SECONDS = 40
"""Longer than the lease of an upload."""

Order = dict[str, Any]
Tell = Callable[[str], None]
"""Leaves a word where it is found however the process ends: what a client would have been told."""


class AheadClock:
    """The machine's clock, some seconds ahead: nobody waits for a lease to run out."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


class ParsedBefore:
    """A sandbox for a file whose parse is at hand; starting a real one for each crash takes longer than the rest."""

    def __init__(self, parsed: Path) -> None:
        self._parsed = parsed

    async def parse(self, request: ParseRequest, _on_progress: Any, _cancelled: asyncio.Event) -> ParseResult:
        result = await asyncio.to_thread(read_result, self._parsed)
        parts = [replace(part, path=request.output_dir / part.path.name) for part in result.parts]
        for part in parts:
            await asyncio.to_thread(shutil.copyfile, self._parsed / part.path.name, part.path)
        return replace(result, parts=parts)


class ParsedHere:
    """A sandbox without walls, for files of our own making: many are parsed while a power cut is looked at."""

    async def parse(self, request: ParseRequest, _on_progress: Any, _cancelled: asyncio.Event) -> ParseResult:
        return await asyncio.to_thread(pipeline.parse, request, lambda _progress: None)


@dataclass(frozen=True)
class Product:
    """The product's services on one data folder."""

    settings: Settings
    clock: AheadClock
    database: Database
    jobs: JobMonitoringService
    intake: FileIntakeService
    runner: DbosRunner
    deliveries: Deliveries
    import_file: ImportFile
    artifacts: ArtifactService

    def execution(self, worker: str) -> Execution:
        return Execution(
            self.jobs,
            {KIND: self.import_file.task()},
            worker,
            self.artifacts,
            Recorder(LogBook(self.database, self.clock)),
        )


@contextlib.asynccontextmanager
async def opened(data_dir: Path, sandbox: Any = None) -> AsyncIterator[Product]:
    """Open the services, and close them in the order in which the API closes them."""
    settings, clock = Settings(data_dir=data_dir, min_free_bytes=0), AheadClock()
    database = Database(settings.effective_database_url)
    store = open_store(settings.effective_storage_url)
    runner = DbosRunner(settings.effective_database_url, NEXT_WORKER, concurrency=1, user_concurrency=1)
    changes = open_signal(database, listening=False)
    jobs = JobMonitoringService(database, clock, changes)
    datasets = DatasetService(database, store, clock, RowsCache(settings.cache_dir, store, settings.cache_bytes))
    limits = IntakeLimits(settings.max_upload_bytes, settings.max_user_bytes, settings.min_free_bytes)
    bench = Workbench(
        store, sandbox, spool_dir=settings.spool_dir,
        max_unpacked_bytes=settings.max_unpacked_bytes, memory_bytes=settings.parse_memory_bytes,
    )  # fmt: skip
    checks = DatasetChecks(RuleSetService(database, clock), JobSubmissions(database, jobs, runner))
    change = ChangeDataset(database, jobs, datasets.changes, bench, checks)
    import_file = ImportFile(database, jobs, datasets, bench, change, checks)
    intake = FileIntakeService(database, store, clock, jobs, datasets, runner, limits)
    deliveries = Deliveries(database, clock, changes, runner)
    rules = ArtifactRules(**settings.artifact_rules)
    artifacts = ArtifactService(database, store, clock, jobs, intake.quota, rules)
    yield Product(settings, clock, database, jobs, intake, runner, deliveries, import_file, artifacts)
    await runner.close()
    await store.close()
    await database.close()


async def _blocks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), BLOCK_BYTES):
        yield content[start : start + BLOCK_BYTES]


async def _upload(product: Product) -> str:
    job = await product.intake.upload_file(OWNER, FILE_NAME, _blocks(CONTENT), idempotency_key=KEY)
    return str(job.id)


# ------------------------------------------------------------------------------------------------------ the acts


async def _migrate(order: Order, _tell: Tell) -> None:
    migrate(Settings(data_dir=Path(order["data"])).effective_database_url)


async def _parse(order: Order, _tell: Tell) -> None:
    """Parse the file once, for all that follow."""
    folder = Path(order["parsed"])
    folder.mkdir()
    source = folder.parent / FILE_NAME
    source.write_bytes(CONTENT)
    request = ParseRequest(source, source.name, folder, ParseOptions(), 2**30, 2**29)
    write_result(pipeline.parse(request, lambda _progress: None), folder)


async def _accept(order: Order, tell: Tell) -> None:
    async with opened(Path(order["data"])) as product:
        tell(await _upload(product))


async def _publish(order: Order, tell: Tell) -> None:
    """Do what a worker does with a delivery."""
    async with opened(Path(order["data"]), ParsedBefore(Path(order["parsed"]))) as product:
        await product.execution(WORKER).execute(UUID(order["job"]))
        tell(order["job"])


async def _recover(order: Order, tell: Tell) -> None:
    """Do what the product does after it was started again; with `repeat`, the client asks again before the worker.

    `parsed` names the finished parse of the one file; without it every file is parsed, in this process.
    """
    data = Path(order["data"])
    if order.get("migrate"):
        await asyncio.to_thread(migrate, Settings(data_dir=data).effective_database_url)
    sandbox = ParsedBefore(Path(order["parsed"])) if "parsed" in order else ParsedHere()
    async with opened(data, sandbox) as product:
        shutil.rmtree(product.settings.spool_dir, ignore_errors=True)
        await product.deliveries.take_from({*await product.runner.held_by_others(), WORKER})
        await _outwait_uploads(product)
        forgotten = await product.deliveries.reconcile()
        told = await _upload(product) if order.get("repeat") else ""
        execution = product.execution(NEXT_WORKER)
        for job_id in await asyncio.to_thread(_waiting, data):
            await execution.execute(job_id)
        tell(f"{told} {forgotten}")


async def _outwait_uploads(product: Product) -> None:
    """Let the reaper look for as long as it takes to end the uploads that nobody continues."""
    reaper = Reaper(product.database, product.clock, product.jobs, product.deliveries)
    while product.clock.ahead < OUTWAIT_SECONDS:
        await reaper.sweep(UploadInterrupted().problem())
        product.clock.ahead += LONGEST_LOOK_SECONDS - 1
    product.clock.ahead = 0.0


def _waiting(data: Path) -> list[UUID]:
    with contextlib.closing(sqlite3.connect(data / "headway.db", timeout=30)) as connection:
        live = "select id from background_jobs where status in ('pending', 'running') and delivery > 0"
        return [UUID(job_id) for (job_id,) in connection.execute(live)]


ACTS: dict[str, Callable[[Order, Tell], Coroutine[Any, Any, None]]] = {
    "migrate": _migrate,
    "parse": _parse,
    "accept": _accept,
    "publish": _publish,
    "recover": _recover,
}
