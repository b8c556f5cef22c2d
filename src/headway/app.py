"""The API process: builds everything from settings, mounts the slices, and answers for its own health."""

from __future__ import annotations

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

from fastapi import FastAPI

from headway.accounts.dependencies import build_actor_dependency, build_admin_dependency
from headway.accounts.router import build_accounts_router
from headway.accounts.secrets import WeakSecret, load_or_create_secret
from headway.accounts.service import AccountService
from headway.health import serve_health
from headway.jobs.embedding import OPENED, JobTokens
from headway.jobs.operating import JobOperations
from headway.jobs.overview import JobsOverview
from headway.jobs.reaper import LOOK_SECONDS
from headway.jobs.retention import KeepJobs
from headway.jobs.throughput import KEEP_SECONDS, Throughput
from headway.kit import tracing
from headway.kit.asgi import App
from headway.kit.body_guard import BodyGuard
from headway.kit.chores import every
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
from headway.services import STREAMED, Services
from headway.settings import Settings
from headway.storage.leftovers import folder_of
from headway.storage.store import ObjectStore
from headway.web.static import EMBEDDED, mount_ui

log = logging.getLogger(__name__)

PREFIX = "/api/v2"
UNTRACED = ("/healthz", "/readyz", "/metrics", f"{PREFIX}/jobs/stream")


def create_app(settings: Settings, *, clock: Clock | None = None, traces: Any | None = None) -> FastAPI:
    """Return the whole product's API and UI. Nothing is opened before the app starts.

    `traces` is the provider with which requests are traced.
    """
    clock = clock or SystemClock()
    database = Database(settings.effective_database_url)
    accounts = AccountService(
        database,
        clock,
        jwt_secret=load_or_create_secret(settings.data_dir, settings.jwt_secret.get_secret_value()),
        token_lifetime_seconds=settings.token_lifetime_seconds,
        session_lifetime_seconds=settings.session_lifetime_seconds,
    )
    services = Services(settings, database, clock, may_import=accounts.may_sign_in, ended=accounts.ended_proofs)
    operating = _build_operating(settings, services, accounts)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await _create_first_admin(accounts, settings)
        marking = every(LOOK_SECONDS, operating.operations.marks.mark)
        async with services.running(marking, every(KEEP_SECONDS, operating.ended.keep, first=0)):
            yield

    app = _bare_app(lifespan, traces)
    actor = build_actor_dependency(accounts)
    eraser = Eraser(accounts, services.belongings)
    for router in (
        build_accounts_router(accounts, actor),
        *services.routers(actor, JobTokens(services.jobs, accounts.issue_job_token)),
        build_operator_router(operating.service, operating.operations, eraser, build_admin_dependency(actor)),
    ):
        app.include_router(router, prefix=PREFIX)
    serve_health(app, database, services.store, clock)
    metrics = Metrics(database, clock, services.live, services.intake.arrivals, _folders(settings, services.store))
    _wrap(app, metrics, clock, accounts, settings)
    app.state.live, app.state.waits = services.live, services.waits
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
    app.add_middleware(BodyGuard, streamed=[f"{PREFIX}({STREAMED})"])
    return app


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


def _build_operating(settings: Settings, services: Services, accounts: AccountService) -> _Operating:
    database, clock, store = services.database, services.clock, services.store
    installation = Installation(
        _folders(settings, store),
        "S3" if folder_of(store) is None else "folder",
        KeepJobs.worded(**settings.keep_jobs),
        settings.keep_audit_days,
        settings.keep_artifact_days,
    )
    ended = Throughput(database, clock)
    service = OperatorService(database, clock, JobsOverview(database, clock), ended, accounts.emails_of, installation)
    return _Operating(service, JobOperations(database, clock, services.signal, services.deliveries), ended)


def _folders(settings: Settings, store: ObjectStore) -> dict[str, Path]:
    """Return the folders that must not fill up, by what they hold."""
    local_store = folder_of(store)
    return {"data": settings.data_dir, **({"store": local_store} if local_store else {})}


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
