"""`mount_headway`: files, datasets and jobs as a part of a host's own FastAPI app, for the host's own users.

Files are parsed by workers, `headway worker`, which have the same settings. For the list of jobs alone, without a
store and a worker, there is `headway.mount`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI

from headway.datasets.service import DatasetService
from headway.intake.service import FileIntakeService
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor, Scope
from headway.kit.body_guard import BodyGuard
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.kit.late_answers import LateAnswers
from headway.kit.problems import describe_failures, install_problem_handlers
from headway.mount.actors import jwt_actor
from headway.mount.joining import SchemaMissing, as_actor, join, require_schema
from headway.operator.erasing import Erased
from headway.services import STREAMED, MayImport, Services
from headway.settings import Settings
from headway.web.static import mount_elements

__all__ = ["Actor", "Erased", "MountedHeadway", "SchemaMissing", "Scope", "Settings", "jwt_actor", "mount_headway"]


class MountedHeadway:
    """What a host has of it: `jobs`, `intake` and `datasets`, the services behind the routes."""

    def __init__(self, settings: Settings, actor: Callable[..., Any], may_import: MayImport) -> None:
        database = Database(settings.effective_database_url)
        self._services = Services(settings, database, SystemClock(), may_import=may_import)
        self.app = FastAPI(title="Headway", docs_url=None, redoc_url=None)
        install_problem_handlers(self.app)
        self.app.add_middleware(BodyGuard, streamed=[STREAMED])
        for router in self._services.routers(as_actor(actor)):
            self.app.include_router(router)
        describe_failures(self.app)
        mount_elements(self.app)

    @property
    def jobs(self) -> JobMonitoringService:
        return self._services.jobs

    @property
    def intake(self) -> FileIntakeService:
        return self._services.intake

    @property
    def datasets(self) -> DatasetService:
        return self._services.datasets

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow changes and look for the silent, for as long as the host's app lives."""
        await require_schema(self.jobs)
        async with self._services.running():
            yield

    async def close_streams(self) -> None:
        """Let everybody who watches come back later; a server that stops need not wait for them."""
        self._services.waits.close()
        await self._services.live.close()

    async def erase(self, owner: str) -> Erased:
        """Delete all that an owner has here; the host sees to it that they send nothing more. It can be repeated."""
        belongings = self._services.belongings
        return await belongings.erase_objects(await belongings.erase_rows(owner))


async def _everybody(_owner: str) -> bool:
    return True


def mount_headway(
    app: FastAPI,
    *,
    actor: Callable[..., Any],
    settings: Settings,
    prefix: str = "/api/v2",
    may_import: MayImport = _everybody,
) -> MountedHeadway:
    """Answer under `prefix` all that Headway answers but for accounts and operators, for callers that `actor` knows.

    `actor` is a dependency of the host that returns the owner as a text (or an `Actor`), and raises if nobody is
    signed in. `may_import` says whether an owner still may, when the last byte of an upload has come, which may be
    days after the first. The host's other routes, handlers and middleware stay as they are.
    """
    mounted = MountedHeadway(settings, actor, may_import)
    join(app, prefix, LateAnswers(mounted.app), mounted.running)
    return mounted
