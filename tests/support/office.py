"""An administrator's desk: the app as it runs, somebody who has jobs, and workers as rows say that they are."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import sqlalchemy as sa
from pydantic import SecretStr

from headway.accounts.models import User
from headway.accounts.tokens import Claims, TokenSigner
from headway.app import PREFIX, create_app
from headway.engine.models import WorkerLease
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.settings import Settings
from tests.support.serving import serving
from tests.support.signals import RecordingSignal

SECRET = "Kq3xZp7Rw1Vt9Ls5Yd2Nf8Hb4Jc6Mg0TeUaXiOo"
ADA = "ada@example.org"


@dataclass
class Office:
    """What an administrator does is done by `client`, what happens meanwhile by the methods."""

    url: str
    client: httpx.AsyncClient
    database: Database
    jobs: JobMonitoringService
    admin: str
    ada: str

    async def waiting(self, job_type: str = "import", title: str = "orders.csv") -> UUID:
        """Give Ada a job that waits for a worker."""
        async with self.database.write() as session:
            job = await self.jobs.create_in(
                session, self.ada, job_type, kind="test", engine="dbos", delivery=1, title=title
            )
        return job.id

    async def running(self, title: str = "orders.csv", worker: str = "alive", **progress: Any) -> UUID:
        """Give Ada a job that a worker runs."""
        lease = await self.jobs.claim(await self.waiting(title=title), worker, seconds=600)
        assert lease is not None
        await self.jobs.update_progress(lease.job_id, progress.pop("percent", 45), lease=lease, **progress)
        return lease.job_id

    async def failed(self, title: str = "orders.csv", detail: str = "Line 3 is broken.") -> UUID:
        """Give Ada a job that has failed."""
        lease = await self.jobs.claim(await self.waiting(title=title), "alive", seconds=600)
        assert lease is not None
        await self.jobs.fail(lease, {"detail": detail, "code": "csv.broken"})
        return lease.job_id

    async def add_worker(self, name: str = "alive", *, silent_seconds: float = 0, **facts: Any) -> None:
        """Add a worker that was heard of so long ago; one that is not heard of for long counts as lost."""
        now = SystemClock().now()
        async with self.database.write() as session:
            session.add(
                WorkerLease(
                    executor_id=name, host=f"{name}.internal", pid=7, started_at=now - timedelta(hours=3),
                    beat_at=now - timedelta(seconds=silent_seconds), **facts,
                )
            )  # fmt: skip


@contextlib.asynccontextmanager
async def opened_office(settings: Settings, database: Database) -> AsyncIterator[Office]:
    app = create_app(settings.model_copy(update={"jwt_secret": SecretStr(SECRET)}))
    async with serving(app) as url:
        async with database.write() as session:
            admin = (await session.execute(sa.select(User))).scalar_one()
            ada = User(
                id=uuid4(), email=ADA, role="user", password_hash=admin.password_hash,
                credentials_version=0, created_at=admin.created_at, password_changed_at=admin.created_at,
            )  # fmt: skip
            session.add(ada)
        token = TokenSigner(SECRET, 3600, SystemClock()).issue(Claims(admin.id, 0))
        headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "request-7"}
        jobs = JobMonitoringService(database, SystemClock(), RecordingSignal())
        async with httpx.AsyncClient(base_url=url + PREFIX, headers=headers, trust_env=False, timeout=30) as client:
            yield Office(url, client, database, jobs, str(admin.id), str(ada.id))
