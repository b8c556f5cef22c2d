"""A host with Celery: a broker, a worker that can be killed, a producer, and an owner who watches the job table."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from celery import Celery

from headway.jobs.history import JobHistory
from headway.jobs.schemas import JobAttempt, JobResponse
from headway.jobs.service import JobMonitoringService
from headway.kit.processes import descendants
from tests.support.redis import Broker

DEADLINE_SECONDS = 20


@dataclass
class Worker:
    """A Celery worker as a process of its own, with the pool that Celery has by default."""

    broker: Broker
    database_url: str
    log: Path
    app: str = "tests.support.celery_app:app"
    folder: Path = Path(__file__).resolve().parents[2]
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless it runs. What is sent meanwhile waits for it."""
        if self.process is not None and self.process.poll() is None:
            return
        environment = {
            **os.environ,
            "HEADWAY_TEST_BROKER": self.broker.url,
            "BROKER_URL": self.broker.url,
            "DATABASE_URL": self.database_url,
        }
        command = [sys.executable, "-m", "celery", "-A", self.app, "worker", "--concurrency=2",
                   "--loglevel=INFO", "--without-gossip", "--without-mingle", "-n", f"{uuid4().hex[:6]}@host"]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it and its children at once, as a machine that is lost does."""
        if self.process is not None:
            for pid in [self.process.pid, *descendants(self.process.pid)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, 9)
            self.process.wait()


@dataclass
class Host:
    """One owner of that host, who has no jobs yet."""

    app: Celery
    worker: Worker
    service: JobMonitoringService
    history: JobHistory
    folder: Path
    owner: str = field(default_factory=lambda: f"user-{uuid4().hex[:8]}")

    async def send(self, task: str, *args: Any, owner: str | None = None, **options: Any) -> str:
        """Have a task run for this owner; return its id."""
        headers = {"headway_owner": owner or self.owner}
        sent = await asyncio.to_thread(self.app.send_task, task, args, headers=headers, **options)
        return str(sent.id)

    async def jobs(self) -> list[JobResponse]:
        return (await self.service.get_active_jobs(self.owner)).jobs

    async def sees(self, is_so: Callable[[JobResponse], Any]) -> JobResponse:
        """Wait until that is so of one of the owner's jobs, and return it."""
        seen: list[JobResponse] = []
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while True:
                    seen = await self.jobs()
                    for job in seen:
                        if is_so(job):
                            return job
                    await asyncio.sleep(0.03)
        except TimeoutError:
            said = [(job.title, job.status, job.phase, job.message, job.error) for job in seen]
            raise AssertionError(f"{said}\n{self.worker.log.read_text()[-3000:]}") from None

    async def ends(self) -> JobResponse:
        return await self.sees(lambda job: job.completed_at is not None)

    async def attempts(self, job: JobResponse) -> list[JobAttempt]:
        return (await self.history.list_attempts(job.id, self.owner)).items

    def path(self, name: str = "go") -> Path:
        return self.folder / f"{name}-{self.owner}"
