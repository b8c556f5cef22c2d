"""The worker process: takes jobs from the engine, runs their tasks, and looks after what others left behind."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
from collections.abc import Coroutine
from typing import Any
from uuid import UUID, uuid4

from headway.datasets.cache import RowsCache
from headway.datasets.service import DatasetService
from headway.engine.dbos import DbosRunner
from headway.engine.lease import AnotherWorkerRuns, WorkerLeases
from headway.exports.task import ExportDataset
from headway.intake.changes.service import KIND as REPARSE
from headway.intake.changes.task import ChangeDataset
from headway.intake.identity import KIND as IMPORT_FILE
from headway.intake.quota import IntakeLimits, Quota
from headway.intake.sandbox import IsolationUnavailable, Sandbox
from headway.intake.sweep import Sweep
from headway.intake.sweep_files import Folders
from headway.intake.tasks import ImportFile
from headway.intake.upload_errors import UploadInterrupted
from headway.intake.workbench import Workbench
from headway.jobs.artifacts.service import ArtifactRules, ArtifactService
from headway.jobs.deliveries import Deliveries
from headway.jobs.execution import Execution
from headway.jobs.kinds import AnyKind, KindUnusable, load_kinds, with_tasks_of
from headway.jobs.logs.recording import Recorder
from headway.jobs.logs.service import LogBook
from headway.jobs.reaper import LOOK_SECONDS, Reaper
from headway.jobs.retention import KeepJobs
from headway.jobs.runner import Deliver
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import open_signal
from headway.jobs.stopping import LEAST_SECONDS, StopRequests
from headway.jobs.submitting import JobSubmissions
from headway.kit import tracing
from headway.kit.chores import doing, every
from headway.kit.clock import Clock, SystemClock
from headway.kit.db import Database
from headway.kit.logs import configure_logs
from headway.kit.processes import EXIT_CONFIGURATION, die_with_parent
from headway.kit.room import RoomWatch
from headway.operator.measurements import FIRST_STORAGE_SECONDS, STORAGE_SECONDS, Measurements
from headway.recipes.looks import RUNNING as RUNNING_RECIPES
from headway.recipes.runs import KIND as RUN_RECIPE
from headway.recipes.task import RunRecipe
from headway.rules.checks import DatasetChecks
from headway.rules.service import RuleSetService
from headway.settings import Settings
from headway.storage.leftovers import folder_of
from headway.storage.opening import open_store
from headway.storage.store import ObjectStore
from headway.validations.task import ValidateDataset

log = logging.getLogger(__name__)

EXPORTING = "headway.exports.writing.child:run"
"""The function that the children run which write exports."""

CHECKING = "headway.validations.checking.child:run"
"""That of those which check datasets."""

RECONCILE_SECONDS = 10.0
SWEEP_SECONDS = 3600.0
FIRST_SWEEP_SECONDS = 300.0
"""After a start there is more urgent work than what was left behind."""

ROOM_SECONDS = 60.0
REDELIVER_SECONDS = 2.0


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set, then hand everything back."""
    clock = SystemClock()
    executor_id = f"{socket.gethostname()}-{uuid4().hex[:8]}"
    database = Database(settings.effective_database_url)
    store = open_store(settings.effective_storage_url)
    changes = open_signal(database, listening=True, look_seconds=LEAST_SECONDS)
    jobs = JobMonitoringService(database, clock, changes)
    cache = RowsCache(settings.cache_dir, store, settings.cache_bytes)
    datasets = DatasetService(database, store, clock, cache, keep_versions=settings.keep_versions)
    # Exports, recipes and validations are few; no process waits for one.
    sandboxes = (
        _sandbox(settings),
        _sandbox(settings, entry=EXPORTING, ahead=False),
        _sandbox(settings, entry=RUNNING_RECIPES, ahead=False),
        _sandbox(settings, entry=CHECKING, ahead=False),
    )
    bench, export_bench, recipe_bench, check_bench = (_bench(settings, store, sandbox) for sandbox in sandboxes)
    runner = DbosRunner(
        settings.effective_database_url,
        executor_id,
        concurrency=settings.worker_concurrency,
        user_concurrency=settings.user_concurrency,
    )
    checks = DatasetChecks(RuleSetService(database, clock), JobSubmissions(database, jobs, runner))
    change = ChangeDataset(database, jobs, datasets.changes, bench, checks)
    import_file = ImportFile(database, jobs, datasets, bench, change, checks)
    limits = IntakeLimits(settings.max_upload_bytes, settings.max_user_bytes, settings.min_free_bytes)
    quota = Quota(database, store, clock, jobs, datasets, limits)
    rules = ArtifactRules(**settings.artifact_rules)
    artifacts = ArtifactService(database, store, clock, jobs, quota, rules)
    own = {
        IMPORT_FILE: import_file.task(),
        REPARSE: change.reparse_task(),
        RUN_RECIPE: RunRecipe(database, jobs, datasets, recipe_bench, quota).task(),
    }
    own |= {
        kind.name: kind.task() for kind in _own_kinds(settings, database, clock, datasets, export_bench, check_bench)
    }
    tasks = with_tasks_of(load_kinds(settings.places_of_job_kinds), own)
    execution = Execution(jobs, tasks, executor_id, artifacts, Recorder(LogBook(database, clock)))
    stops = StopRequests(database, changes, execution.stops)
    deliveries = Deliveries(database, clock, changes, runner)
    leases = WorkerLeases(
        database,
        clock,
        runner,
        deliveries,
        executor_id,
        settings.data_dir,
        places=settings.worker_concurrency,
        owner_places=settings.user_concurrency,
    )
    leases.take_lock()
    _empty_spool(settings, database)
    await changes.start()
    for sandbox in sandboxes:
        await sandbox.start()
    await runner.start(_insistent(execution))
    await leases.start()
    reaper = Reaper(database, clock, jobs, deliveries)
    async with doing(
        every(LEAST_SECONDS, stops.look_when_told, first=0),
        every(LOOK_SECONDS, lambda: reaper.sweep(UploadInterrupted().problem())),
        every(RECONCILE_SECONDS, deliveries.reconcile),
        every(SWEEP_SECONDS, deliveries.forget_ended, first=FIRST_SWEEP_SECONDS),
        *_tidying(settings, database, store, clock, executor_id),
    ):
        log.info("worker %s is ready", executor_id)
        await stop.wait()
        log.info("worker %s stops", executor_id)
        # Before anything else: a job that is handed back late may be done by then, or killed with this process.
        await execution.stop()
    for sandbox in sandboxes:
        await sandbox.close()
    await leases.close()
    await changes.close()
    await store.close()
    await database.close()


def _own_kinds(
    settings: Settings,
    database: Database,
    clock: Clock,
    datasets: DatasetService,
    exporting: Workbench,
    checking: Workbench,
) -> list[AnyKind]:
    """Return the kinds of jobs that make files of datasets."""
    most = settings.max_artifact_bytes
    rule_sets = RuleSetService(database, clock)
    return [
        ExportDataset(datasets, exporting, most).kind(),
        ValidateDataset(datasets, rule_sets, checking, clock, most).kind(),
    ]


def _bench(settings: Settings, store: ObjectStore, sandbox: Sandbox) -> Workbench:
    return Workbench(
        store,
        sandbox,
        spool_dir=settings.spool_dir,
        max_unpacked_bytes=settings.max_unpacked_bytes,
        memory_bytes=settings.parse_memory_bytes,
    )


def _sandbox(settings: Settings, **how: Any) -> Sandbox:
    return Sandbox(
        memory_bytes=settings.parse_memory_bytes,
        wall_seconds=settings.parse_seconds,
        isolation=settings.sandbox,
        rooms=settings.spool_dir,
        **how,
    )


def _empty_spool(settings: Settings, database: Database) -> None:
    """Remove what a killed worker left. Only where the lock proves that no other one uses the folder."""
    if database.is_sqlite:
        shutil.rmtree(settings.spool_dir, ignore_errors=True)
    settings.spool_dir.mkdir(parents=True, exist_ok=True)


def _tidying(
    settings: Settings, database: Database, store: ObjectStore, clock: Clock, executor_id: str
) -> list[Coroutine[object, object, None]]:
    """Return the chores that keep the disks from filling up, or say so in time."""
    folders = Folders(settings.data_dir, settings.spool_dir, settings.cache_dir, settings.parse_seconds)
    keep = KeepJobs.worded(**settings.keep_jobs)
    sweep = Sweep(database, store, clock, folders, keep, settings.keep_audit_days)
    kept_in = {settings.data_dir, folder_of(store) or settings.data_dir}
    room = RoomWatch(sorted(kept_in), settings.min_free_bytes, clock)
    measurements = Measurements(database, clock)

    async def sweep_and_tell() -> None:
        await measurements.save_sweep(await sweep.run_and_log(), executor_id)

    return [
        every(SWEEP_SECONDS, sweep_and_tell, first=FIRST_SWEEP_SECONDS),
        every(STORAGE_SECONDS, measurements.measure_storage, first=FIRST_STORAGE_SECONDS),
        every(ROOM_SECONDS, room.look, first=0),
    ]


def _insistent(execution: Execution) -> Deliver:
    """Return a delivery that never fails: an engine would mark the job done and never deliver it again."""

    async def deliver(job_id: UUID) -> None:
        while True:
            try:
                return await execution.execute(job_id)
            except Exception:
                log.exception("job %s could not be worked on, trying again", job_id, extra={"job_id": job_id})
                await asyncio.sleep(REDELIVER_SECONDS)

    return deliver


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    traces = tracing.start("worker")
    await run(settings, stop)
    tracing.stop(traces)
    # The engine's threads would take jobs until they are joined; ended here, they cannot, and what they hold is
    # delivered to the next worker.
    logging.shutdown()
    os._exit(0)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    die_with_parent()
    settings = Settings()
    os.environ.setdefault("PGAPPNAME", "headway worker")  # What PostgreSQL lists its connections under.
    configure_logs(settings.log_level, process="worker")
    try:
        asyncio.run(_main(settings))
    except AnotherWorkerRuns as reason:
        raise SystemExit(f"Not started: {reason}.") from None
    except (IsolationUnavailable, KindUnusable) as reason:
        log.error("not started: %s", reason)  # noqa: TRY400 - the sentence is all that helps
        raise SystemExit(EXIT_CONFIGURATION) from None


if __name__ == "__main__":
    main()
