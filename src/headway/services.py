"""What answers about files, datasets and jobs: built from settings, for whoever says who is calling."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from fastapi import APIRouter

from headway.datasets.cache import RowsCache
from headway.datasets.rejections import DatasetRejections
from headway.datasets.router import build_datasets_router
from headway.datasets.service import DatasetService
from headway.engine.dbos import DbosSubmitter
from headway.engine.lease import count_places
from headway.exports.router import build_exports_router
from headway.exports.service import KIND as EXPORT
from headway.exports.service import ExportService
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
from headway.jobs.embedding import JobTokens
from headway.jobs.history import JobHistory
from headway.jobs.kinds import load_kinds
from headway.jobs.line import WaitingLine
from headway.jobs.live import EndedProofs, LiveFeed
from headway.jobs.logs.router import build_logs_router
from headway.jobs.logs.service import LogBook
from headway.jobs.reaper import LOOK_SECONDS, Reaper
from headway.jobs.router import build_jobs_router
from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import open_signal
from headway.jobs.submitting import JobSubmissions
from headway.jobs.waiting import JobWaits
from headway.kit.actor import Scope
from headway.kit.chores import doing, every
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.operator.erasing import Belongings
from headway.recipes.looks import RecipeLooks
from headway.recipes.router import build_recipes_router
from headway.recipes.runs import RecipeRuns
from headway.recipes.service import RecipeService
from headway.rules.checks import KIND as VALIDATE
from headway.rules.checks import DatasetChecks
from headway.rules.router import build_rule_sets_router
from headway.rules.service import RuleSetService
from headway.settings import Settings
from headway.storage.opening import open_store
from headway.validations.router import build_validations_router
from headway.validations.service import ValidationService

STREAMED = r"/imports|/imports/preview|/uploads(/[^/]+)?|/datasets/[^/]+/rejected|/jobs/[^/]+/artifacts/.+"
"""Pattern of addresses whose bodies may be large, and are read as they arrive."""

GUARDS = {EXPORT: Scope.DATASETS_READ, VALIDATE: Scope.DATASETS_READ}
"""What it takes besides `jobs:read` to fetch files that show more than a job."""

MayImport = Callable[[str], Awaitable[bool]]
"""Whether an owner still may, asked when the last byte has come."""


class Services:
    """Everything of an API process that knows no accounts. Nothing is opened before it runs."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        *,
        may_import: MayImport,
        ended: EndedProofs | None = None,
    ) -> None:
        self.database, self.clock = database, clock
        self.store = open_store(settings.effective_storage_url)
        self.signal = open_signal(database, listening=True)
        self._submitter = DbosSubmitter(settings.effective_database_url)
        self._line = WaitingLine(database, clock, lambda session: count_places(session, database, clock))
        self.jobs = JobMonitoringService(database, clock, self.signal, self._line.places_of)
        self.waits = JobWaits(self.jobs, self.signal)
        self.live = LiveFeed(
            database, clock, self.signal, max_streams_per_user=settings.max_streams_per_user, ended=ended,
            places=self._line.places,
        )  # fmt: skip
        self._cache = RowsCache(settings.cache_dir, self.store, settings.cache_bytes)
        self.datasets = DatasetService(database, self.store, clock, self._cache, keep_versions=settings.keep_versions)
        self.deliveries = Deliveries(database, clock, self.signal, self._submitter, replaced_by(self.datasets))
        kinds = load_kinds(settings.places_of_job_kinds)
        self._submissions = JobSubmissions(database, self.jobs, self._submitter, kinds)
        self._reaper = Reaper(database, clock, self.jobs, self.deliveries)
        self.intake = FileIntakeService(
            database, self.store, clock, self.jobs, self.datasets, self._submitter, _intake_limits(settings)
        )
        self._uploads = UploadService(database, self.store, clock, self.jobs, self.intake, may_import)
        self._previews = Previews(database, self.store, self.datasets, self._cache.scratch, isolation=settings.sandbox)
        self._artifacts = ArtifactService(
            database, self.store, clock, self.jobs, self.intake.quota, ArtifactRules(**settings.artifact_rules), GUARDS
        )
        self._looks = RecipeLooks(self.datasets, self._cache.scratch, isolation=settings.sandbox)
        self._recipes, self._rule_sets = RecipeService(database, clock), RuleSetService(database, clock)
        self.belongings = Belongings(database, self.jobs, self.intake, self.datasets, self._recipes, self._rule_sets)

    def routers(self, actor: Callable[..., Any], tokens: JobTokens | None = None) -> list[APIRouter]:
        """Return all routes. `actor` is a FastAPI dependency that returns an `Actor` or raises."""
        bulk = BulkActions(self.database, self.jobs, self.deliveries)
        history = JobHistory(self.database, self._line.places_of)
        reparse = ReparseService(self.database, self.clock, self.jobs, self.datasets, self._submitter)
        rejections = DatasetRejections(self.database, self._cache)
        return [
            build_imports_router(self.intake, self._previews, actor),
            build_uploads_router(self._uploads, actor),
            build_artifacts_router(self._artifacts, self.intake.arrivals.one_more, actor),
            build_logs_router(LogBook(self.database, self.clock), actor),
            build_jobs_router(
                self.jobs, history, self.waits, self.live, self.deliveries, bulk, self._submissions, actor, tokens
            ),
            build_datasets_router(self.datasets, self.datasets.versions, rejections, actor),
            build_changes_router(reparse, self.datasets.changes, self.intake, actor),
            *self._derived_routers(actor),
        ]

    def _derived_routers(self, actor: Callable[..., Any]) -> list[APIRouter]:
        """Return the routes of what is made of datasets."""
        database, datasets, submissions = self.database, self.datasets, self._submissions
        checks = DatasetChecks(self._rule_sets, submissions)
        validations = ValidationService(database, datasets, self._rule_sets, checks, self.jobs, self._artifacts)
        runs = RecipeRuns(database, self.clock, datasets, submissions, self._recipes)
        return [
            build_exports_router(ExportService(database, self.clock, datasets, submissions), actor),
            build_recipes_router(self._recipes, runs, self._looks, actor),
            build_rule_sets_router(self._rule_sets, actor),
            build_validations_router(validations, actor),
        ]

    @contextlib.asynccontextmanager
    async def running(self, *chores: Coroutine[object, object, None]) -> AsyncIterator[None]:
        """Follow changes and look after what is silent, and do the chores, until all of it is closed at the end."""
        await self.signal.start()
        await self.live.start()
        async with doing(
            every(LOOK_SECONDS, lambda: self._reaper.sweep(UploadInterrupted().problem())),
            every(UPLOAD_LOOK_SECONDS, self._uploads.tidying.look),
            *chores,
        ):
            yield
        await self._uploads.close()
        await self.live.close()
        await self.signal.close()
        await asyncio.gather(self._previews.close(), self._looks.close())
        await self._submitter.close()
        await self.store.close()
        await self.database.close()


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
