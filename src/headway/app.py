"""The API process: builds everything from settings, mounts the slices, and answers for its own health."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI

from headway.accounts.dependencies import build_actor_dependency, build_admin_dependency
from headway.accounts.router import build_accounts_router
from headway.accounts.secrets import WeakSecret, load_or_create_secret
from headway.accounts.service import AccountService
from headway.datasets.cache import RowsCache
from headway.datasets.rejections import DatasetRejections
from headway.datasets.router import build_datasets_router
from headway.datasets.service import DatasetService
from headway.engine.dbos import DbosSubmitter
from headway.engine.lease import count_places
from headway.exports.router import build_exports_router
from headway.exports.service import KIND as EXPORT
from headway.exports.service import ExportService
from headway.health import serve_health
from headway.intake.changes.router import build_changes_router
from headway.intake.changes.service import ReparseService
from headway.intake.previews import Previews
from headway.intake.quota import IntakeLimits
from headway.intake.replacement import replaced_by
from headway.intake.router import build_imports_router
from headway.intake.service import FileIntakeService
from headway.intake.upload_errors import UploadInterrupted
from headway.intake.uploads.router import build_uploads_router
from headway.intake.uploads.service import UploadService
from headway.intake.uploads.tidying import LOOK_SECONDS as UPLOAD_LOOK_SECONDS
from headway.jobs.artifacts.router import build_artifacts_router
from headway.jobs.artifacts.service import ArtifactRules, ArtifactService
from headway.jobs.bulk import BulkActions
from headway.jobs.deliveries import Deliveries
from headway.jobs.embedding import OPENED, JobTokens
from headway.jobs.history import JobHistory
from headway.jobs.kinds import load_kinds
from headway.jobs.line import WaitingLine
from headway.jobs.live import LiveFeed
from headway.jobs.logs.router import build_logs_router
from headway.jobs.logs.service import LogBook
from headway.jobs.operating import JobOperations
from headway.jobs.overview import JobsOverview
from headway.jobs.reaper import LOOK_SECONDS, Reaper
from headway.jobs.retention import KeepJobs
from headway.jobs.router import build_jobs_router
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import ChangeSignal, open_signal
from headway.jobs.submitting import JobSubmissions
from headway.jobs.throughput import KEEP_SECONDS, Throughput
from headway.jobs.waiting import JobWaits
from headway.kit import tracing
from headway.kit.actor import Scope
from headway.kit.asgi import App
from headway.kit.body_guard import BodyGuard
from headway.kit.chores import doing, every
from headway.kit.clock import Clock, SystemClock
from headway.kit.connection_guard import ConnectionLimits
from headway.kit.db import Database
from headway.kit.late_answers import LateAnswers
from headway.kit.logs import configure_logs
from headway.kit.other_origins import OtherOrigins
from headway.kit.problems import describe_failures, install_problem_handlers
from headway.kit.processes import EXIT_CONFIGURATION, allow_many_files, die_with_parent
from headway.kit.request_ids import RequestIds
from headway.kit.serving import serve
from headway.metrics import MeasuredRequests, Metrics, serve_metrics
from headway.operator.erasing import Eraser
from headway.operator.router import build_operator_router
from headway.operator.service import Installation, OperatorService
from headway.recipes.looks import RecipeLooks
from headway.recipes.router import build_recipes_router
from headway.recipes.runs import RecipeRuns
from headway.recipes.service import RecipeService
from headway.rules.checks import KIND as VALIDATE
from headway.rules.checks import DatasetChecks
from headway.rules.router import build_rule_sets_router
from headway.rules.service import RuleSetService
from headway.settings import Settings
from headway.storage.leftovers import folder_of
from headway.storage.opening import open_store
from headway.storage.store import ObjectStore
from headway.validations.router import build_validations_router
from headway.validations.service import ValidationService
from headway.web.static import EMBEDDED, mount_ui

log = logging.getLogger(__name__)

PREFIX = "/api/v2"
STREAMED = [rf"{PREFIX}/(imports|uploads)", r".*/rejected$", rf"{PREFIX}/jobs/[^/]+/artifacts/"]
"""Addresses whose bodies may be large, and are read as they arrive."""

GUARDS = {EXPORT: Scope.DATASETS_READ, VALIDATE: Scope.DATASETS_READ}
"""What it takes besides `jobs:read` to fetch files that show more than a job."""

UNTRACED = ("/healthz", "/readyz", "/metrics", f"{PREFIX}/jobs/stream")


def create_app(settings: Settings, *, clock: Clock | None = None, traces: Any | None = None) -> FastAPI:
    """Return the whole product's API and UI. Nothing is opened before the app starts.

    `traces` is the provider with which requests are traced.
    """
    clock = clock or SystemClock()
    database = Database(settings.effective_database_url)
    store = open_store(settings.effective_storage_url)
    changes = open_signal(database, listening=True)
    submitter = DbosSubmitter(settings.effective_database_url)
    accounts = AccountService(
        database,
        clock,
        jwt_secret=load_or_create_secret(settings.data_dir, settings.jwt_secret.get_secret_value()),
        token_lifetime_seconds=settings.token_lifetime_seconds,
        session_lifetime_seconds=settings.session_lifetime_seconds,
    )
    line = WaitingLine(database, clock, lambda session: count_places(session, database, clock))
    jobs = JobMonitoringService(database, clock, changes, line.places_of)
    waits = JobWaits(jobs, changes)
    live = LiveFeed(
        database,
        clock,
        changes,
        max_streams_per_user=settings.max_streams_per_user,
        ended=accounts.ended_proofs,
        places=line.places,
    )
    cache = RowsCache(settings.cache_dir, store, settings.cache_bytes)
    datasets = DatasetService(database, store, clock, cache, keep_versions=settings.keep_versions)
    deliveries = Deliveries(database, clock, changes, submitter, replaced_by(datasets))
    bulk = BulkActions(database, jobs, deliveries)
    submissions = JobSubmissions(database, jobs, submitter, load_kinds(settings.places_of_job_kinds))
    reaper = Reaper(database, clock, jobs, deliveries)
    intake = FileIntakeService(database, store, clock, jobs, datasets, submitter, _intake_limits(settings))
    uploads = UploadService(database, store, clock, jobs, intake, accounts.may_sign_in)
    previews = Previews(database, store, datasets, cache.scratch, isolation=settings.sandbox)
    artifacts = ArtifactService(
        database, store, clock, jobs, intake.quota, ArtifactRules(**settings.artifact_rules), GUARDS
    )
    actor = build_actor_dependency(accounts)
    looks = RecipeLooks(datasets, cache.scratch, isolation=settings.sandbox)
    derived = _build_derived(database, clock, jobs, datasets, submissions, artifacts, looks, actor)
    eraser = Eraser(database, accounts, jobs, intake, datasets, derived.recipes, derived.rule_sets)
    operating = _build_operating(settings, database, clock, store, changes, deliveries, accounts)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await _create_first_admin(accounts, settings)
        await changes.start()
        await live.start()
        async with doing(
            every(LOOK_SECONDS, lambda: reaper.sweep(UploadInterrupted().problem())),
            every(LOOK_SECONDS, operating.operations.marks.mark),
            every(KEEP_SECONDS, operating.ended.keep, first=0),
            every(UPLOAD_LOOK_SECONDS, uploads.tidying.look),
        ):
            yield
        await uploads.close()
        await live.close()
        await changes.close()
        await asyncio.gather(previews.close(), looks.close())
        await submitter.close()
        await store.close()
        await database.close()

    app = _bare_app(lifespan, traces)
    for router in (
        build_accounts_router(accounts, actor),
        build_imports_router(intake, previews, actor),
        build_uploads_router(uploads, actor),
        build_artifacts_router(artifacts, intake.arrivals.one_more, actor),
        build_logs_router(LogBook(database, clock), actor),
        build_jobs_router(
            jobs,
            JobHistory(database, line.places_of),
            waits,
            live,
            deliveries,
            bulk,
            submissions,
            actor,
            JobTokens(jobs, accounts.issue_job_token),
        ),
        build_datasets_router(datasets, datasets.versions, DatasetRejections(database, cache), actor),
        build_changes_router(
            ReparseService(database, clock, jobs, datasets, submitter), datasets.changes, intake, actor
        ),
        *derived.routers,
        build_operator_router(operating.service, operating.operations, eraser, build_admin_dependency(actor)),
    ):
        app.include_router(router, prefix=PREFIX)
    serve_health(app, database, store, clock)
    _wrap(app, Metrics(database, clock, live, intake.arrivals, _folders(settings, store)), clock, accounts, settings)
    app.state.live, app.state.waits = live, waits
    mount_ui(app)
    return app


def _bare_app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], traces: Any | None) -> FastAPI:
    """Return an app without routes, that answers failures as problems and bounds what is sent to it."""
    app = FastAPI(
        title="Headway",
        version=version("headway"),
        description=sys.modules["headway"].__doc__ or "",
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry=tracing.of_requests(traces, UNTRACED),
    )
    install_problem_handlers(app)
    app.add_middleware(BodyGuard, streamed=STREAMED)
    return app


@dataclass(frozen=True, slots=True)
class _Derived:
    """What is kept to make something of datasets, and the routes of that."""

    recipes: RecipeService
    rule_sets: RuleSetService
    routers: list[APIRouter]


def _build_derived(
    database: Database,
    clock: Clock,
    jobs: JobMonitoringService,
    datasets: DatasetService,
    submissions: JobSubmissions,
    artifacts: ArtifactService,
    looks: RecipeLooks,
    actor: Callable[..., Any],
) -> _Derived:
    recipes, rule_sets = RecipeService(database, clock), RuleSetService(database, clock)
    checks = DatasetChecks(rule_sets, submissions)
    validations = ValidationService(database, datasets, rule_sets, checks, jobs, artifacts)
    routers = [
        build_exports_router(ExportService(database, clock, datasets, submissions), actor),
        build_recipes_router(recipes, RecipeRuns(database, clock, datasets, submissions, recipes), looks, actor),
        build_rule_sets_router(rule_sets, actor),
        build_validations_router(validations, actor),
    ]
    return _Derived(recipes, rule_sets, routers)


def _wrap(app: FastAPI, metrics: Metrics, clock: Clock, accounts: AccountService, settings: Settings) -> None:
    """Do what concerns all requests: count them, let pages of some other origins in, and document failures."""
    token = settings.metrics_token.get_secret_value()
    serve_metrics(app, metrics, accounts.verify_token, token=token, is_public=settings.metrics_public)
    _put_around(app, lambda inner: RequestIds(MeasuredRequests(LateAnswers(inner), metrics, clock, app.routes)))
    _open_to_other_origins(app, settings.effective_allowed_origins)
    describe_failures(app)


def _open_to_other_origins(app: FastAPI, origins: list[str]) -> None:
    """Let pages of these origins ask for what embeds are made of; without any, nothing is put around the app."""
    if origins:
        opened = {method: f"{PREFIX}({pattern})" for method, pattern in OPENED.items()}
        patterns = {**opened, "GET": f"{opened['GET']}|{EMBEDDED}"}
        open_to = {method: re.compile(pattern) for method, pattern in patterns.items()}
        _put_around(app, lambda inner: OtherOrigins(inner, origins, open_to))


@dataclass(frozen=True, slots=True)
class _Operating:
    """What operators look at and do."""

    service: OperatorService
    operations: JobOperations
    ended: Throughput


def _build_operating(
    settings: Settings,
    database: Database,
    clock: Clock,
    store: ObjectStore,
    changes: ChangeSignal,
    deliveries: Deliveries,
    accounts: AccountService,
) -> _Operating:
    installation = Installation(
        _folders(settings, store),
        "S3" if folder_of(store) is None else "folder",
        KeepJobs.worded(**settings.keep_jobs),
        settings.keep_audit_days,
        settings.keep_artifact_days,
    )
    ended = Throughput(database, clock)
    service = OperatorService(database, clock, JobsOverview(database, clock), ended, accounts.emails_of, installation)
    return _Operating(service, JobOperations(database, clock, changes, deliveries), ended)


def _folders(settings: Settings, store: ObjectStore) -> dict[str, Path]:
    """Return the folders that must not fill up, by what they hold."""
    local_store = folder_of(store)
    return {"data": settings.data_dir, **({"store": local_store} if local_store else {})}


def _intake_limits(settings: Settings) -> IntakeLimits:
    return IntakeLimits(
        settings.max_upload_bytes,
        settings.max_user_bytes,
        settings.min_free_bytes,
        max_uploads_at_once=settings.max_uploads_per_user,
        max_open_uploads=settings.max_open_uploads_per_user,
        upload_idle_seconds=settings.upload_idle_seconds,
        upload_age_seconds=settings.upload_age_seconds,
    )


async def _create_first_admin(accounts: AccountService, settings: Settings) -> None:
    email = settings.admin_email or "admin@localhost"
    generated = await accounts.ensure_first_admin(email, settings.admin_password.get_secret_value())
    if generated is not None:
        # The one time that it can be read; the log is for machines, so this goes to standard output.
        sys.stdout.write(f"First administrator: {email}\nPassword (shown once): {generated}\n")
        sys.stdout.flush()


def _put_around(app: FastAPI, layer: Callable[[App], App]) -> None:
    """Put a layer around the whole app. `add_middleware` would leave the answers to unforeseen failures outside."""
    build = app.build_middleware_stack
    app.build_middleware_stack = lambda: layer(build())  # type: ignore[method-assign]  # called once, at the start


def main() -> None:
    """Serve until SIGTERM. Prints the address on standard output once the product is ready for use."""
    die_with_parent()
    allow_many_files()
    settings = Settings()
    os.environ.setdefault("PGAPPNAME", "headway api")  # What PostgreSQL lists its connections under.
    configure_logs(settings.log_level, process="api")
    traces = tracing.start("api")
    try:
        app = create_app(settings, traces=traces)
    except (WeakSecret, ValueError) as error:
        log.error("%s", error)  # noqa: TRY400 - the sentence is all that helps
        raise SystemExit(EXIT_CONFIGURATION) from None
    limits = ConnectionLimits(max_connections_per_address=settings.effective_max_connections_per_address)
    serve(app, settings.host, settings.port, limits)
    tracing.stop(traces)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
