"""What every way to track somebody else's work has to hold: of a program with the client, and of Celery."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest
from pydantic import SecretStr

from headway.accounts.tokens import TokenSigner
from headway.app import create_app
from headway.jobs.errors import JobNotFound
from headway.jobs.schemas import JobResponse
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.settings import Settings
from tests.support.celery_host import Host
from tests.support.people import add_people
from tests.support.serving import serving
from tests.support.signals import RecordingSignal

pytestmark = pytest.mark.timeout(90)

SECRET = "Kq3xZp7Rw1Vt9Ls5Yd2Nf8Hb4Jc6Mg0TeUaXiOo"
WORKS = {
    "succeeds": "pass",
    "fails": "raise ValueError('disk 3 is full')",
    "reports_until_stopped": """
        import time
        for done in range(1_000_000):
            j.progress(message="Copying", done=done, total=1_000_000, unit="rows")
            time.sleep(0.005)
    """,
}
"""What a program does between its first and its last line; Celery has tasks of the same names."""


class Adapter(Protocol):
    """A way to have work tracked, with an owner who has no jobs yet."""

    service: JobMonitoringService
    owner: str

    async def begin(self, work: str) -> None:
        """Begin work of this name, and do not wait for it."""

    async def kill(self) -> None:
        """Kill whatever runs it, at once and with all that belongs to it."""

    async def sees(self, is_so: Callable[[JobResponse], Any]) -> JobResponse:
        """Wait until that is so of one of the owner's jobs, and return it."""


class CeleryAdapter:
    """Tasks of a worker."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.service, self.owner, self.sees = host.service, host.owner, host.sees

    async def begin(self, work: str) -> None:
        await self._host.send(work)

    async def kill(self) -> None:
        await asyncio.to_thread(self._host.worker.kill)


@dataclass
class ClientAdapter:
    """Programs that use `headway.client`."""

    url: str
    token: str
    service: JobMonitoringService
    owner: str
    process: asyncio.subprocess.Process | None = None

    async def begin(self, work: str) -> None:
        lines = [line.removeprefix("    ") for line in WORKS[work].strip("\n").splitlines()]
        program = "\n".join(
            ["from headway.client import job", f"with job({work!r}, heartbeat_seconds=1) as j:"]
            + [line if line.startswith("    ") else f"    {line}" for line in lines]
        )
        environment = {"HEADWAY_URL": self.url, "HEADWAY_TOKEN": self.token, "NO_PROXY": "*"}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, env=environment, stderr=asyncio.subprocess.DEVNULL
        )

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.process.wait()

    async def sees(self, is_so: Callable[[JobResponse], Any]) -> JobResponse:
        async with asyncio.timeout(40):
            while True:
                for job in (await self.service.get_active_jobs(self.owner)).jobs:
                    if is_so(job):
                        return job
                await asyncio.sleep(0.03)


@pytest.fixture
def celery_adapter(host: Host) -> Adapter:
    return CeleryAdapter(host)


@pytest.fixture
async def client_adapter(client_settings: Settings) -> AsyncIterator[Adapter]:
    database = Database(client_settings.effective_database_url)
    [token] = await add_people(database, SECRET, "ada@example.org")
    async with serving(create_app(client_settings)) as url:
        owner = str(TokenSigner(SECRET, 3600, SystemClock()).read(token).user_id)
        client = ClientAdapter(url, token, JobMonitoringService(database, SystemClock(), RecordingSignal()), owner)
        yield client
        if client.process is not None and client.process.returncode is None:
            await client.kill()
    await database.close()


@pytest.fixture(params=["client", "celery"])
def adapter(request: pytest.FixtureRequest) -> Adapter:
    """Each way once."""
    found: Adapter = request.getfixturevalue(f"{request.param}_adapter")
    return found


@pytest.fixture
def client_settings(sqlite_template: Path, tmp_path: Path) -> Settings:
    (tmp_path / "headway.db").write_bytes(sqlite_template.read_bytes())
    return Settings(
        data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/headway.db", jwt_secret=SecretStr(SECRET),
        min_free_bytes=0,
    )  # fmt: skip


async def test_work_that_succeeds_is_completed_with_all_of_it(adapter: Adapter) -> None:
    await adapter.begin("succeeds")
    job = await adapter.sees(lambda job: job.completed_at is not None)
    assert (job.title, job.status, job.progress, job.outcome) == ("succeeds", "completed", 100, "succeeded")


async def test_work_that_fails_says_why_in_its_own_words(adapter: Adapter) -> None:
    await adapter.begin("fails")
    job = await adapter.sees(lambda job: job.completed_at is not None)
    assert job.problem is not None
    assert (job.status, job.problem.code, job.error) == (
        "failed", "job.reported_failure", "ValueError: disk 3 is full",
    )  # fmt: skip


async def test_progress_is_seen_while_it_runs_by_its_owner_alone_and_cancelling_is_heard(adapter: Adapter) -> None:
    await adapter.begin("reports_until_stopped")
    job = await adapter.sees(lambda job: job.done_units)
    assert (job.phase, job.message, job.total_units, job.unit) == ("running", "Copying", 1_000_000, "rows")
    with pytest.raises(JobNotFound):
        await adapter.service.get_job_by_id(job.id, str(UUID(int=7)))
    await adapter.service.request_cancel(job.id, adapter.owner)
    ended = await adapter.sees(lambda job: job.completed_at is not None)
    assert ended.status == "cancelled"


async def test_work_whose_machine_is_lost_does_not_run_for_ever(adapter: Adapter) -> None:
    await adapter.begin("reports_until_stopped")
    await adapter.sees(lambda job: job.done_units)
    await adapter.kill()
    job = await adapter.sees(lambda job: job.completed_at is not None)
    assert job.problem is not None
    assert (job.status, job.problem.code) == ("failed", "job.silent")
