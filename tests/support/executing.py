"""Runs tasks of tests as a worker does, in this process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs.artifacts.service import ArtifactRules, ArtifactService, Room
from headway.jobs.execution import Execution, Task
from headway.jobs.logs.recording import Recorder
from headway.jobs.logs.service import LogBook
from headway.jobs.service import JobMonitoringService
from headway.storage.local import LocalStore
from headway.storage.store import ObjectStore

RULES = ArtifactRules(max_bytes=1_000_000, keep_days=14)


class AllTheRoom:
    """A quota that nobody reaches."""

    async def refuse_without_room(self, size_bytes: int) -> None: ...

    async def refuse_over_quota_in(self, session: AsyncSession, owner: str, size_bytes: int) -> None: ...


def artifacts_of(
    jobs: JobMonitoringService, store: ObjectStore, rules: ArtifactRules = RULES, room: Room | None = None
) -> ArtifactService:
    return ArtifactService(jobs._database, store, jobs._clock, jobs, room or AllTheRoom(), rules)


def executing(
    jobs: JobMonitoringService, tasks: Mapping[str, Task], worker: str = "worker-1", store: ObjectStore | None = None
) -> Execution:
    """Return an execution of these tasks. Only those that leave files need a store."""
    artifacts = artifacts_of(jobs, store or LocalStore(Path(f"/nowhere-{uuid4()}")))
    return Execution(jobs, tasks, worker, artifacts, Recorder(LogBook(jobs._database, jobs._clock)))
