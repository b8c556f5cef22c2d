"""The app as it runs, with an administrator and somebody who has jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from headway.accounts.models import User
from headway.accounts.tokens import Claims, TokenSigner
from headway.app import PREFIX, create_app
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.settings import Settings
from tests.support.serving import serving
from tests.support.signals import RecordingSignal

SECRET = "Kq3xZp7Rw1Vt9Ls5Yd2Nf8Hb4Jc6Mg0TeUaXiOo"


@dataclass
class Office:
    """An administrator's desk."""

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


@pytest.fixture
async def office(settings: Settings, database: Database) -> AsyncIterator[Office]:
    app = create_app(settings.model_copy(update={"jwt_secret": SecretStr(SECRET)}))
    async with serving(app) as url:
        async with database.write() as session:
            admin = (await session.execute(sa.select(User))).scalar_one()
            ada = User(
                id=uuid4(), email="ada@example.org", role="user", password_hash=admin.password_hash,
                credentials_version=0, created_at=admin.created_at, password_changed_at=admin.created_at,
            )  # fmt: skip
            session.add(ada)
        token = TokenSigner(SECRET, 3600, SystemClock()).issue(Claims(admin.id, 0))
        headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "request-7"}
        jobs = JobMonitoringService(database, SystemClock(), RecordingSignal())
        async with httpx.AsyncClient(base_url=url + PREFIX, headers=headers, trust_env=False, timeout=30) as client:
            yield Office(client, database, jobs, str(admin.id), str(ada.id))
