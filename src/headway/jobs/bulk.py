"""What an owner does to many jobs at once, and to one as its single address does it.

Each job is a transaction of its own, but for deleting, which is one: a job that is refused stops no other, and whatever
breaks off in between has done what it did, so that the same request can be sent again. The engine is told once.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.sql.elements import ColumnElement

from headway.errors import AppError
from headway.jobs import history_queries
from headway.jobs.deliveries import Deliveries
from headway.jobs.filters import JobFilter
from headway.jobs.models import IS_ACTIVE, BackgroundJob
from headway.jobs.schemas import BULK_LIMIT, Action, BulkAnswer, BulkRefusal, JobResponse
from headway.jobs.service import EXTERNAL, JobMonitoringService
from headway.jobs.states import TERMINAL
from headway.kit.db import Database

_ENDED = BackgroundJob.status.in_(TERMINAL)
FITTING: dict[Action, tuple[ColumnElement[bool], ...]] = {
    "cancel": (IS_ACTIVE, BackgroundJob.cancel_requested_at.is_(None)),
    "retry": (
        BackgroundJob.status.in_(("failed", "cancelled")),
        BackgroundJob.engine != EXTERNAL,
        BackgroundJob.delivery > 0,
    ),
    "dismiss": (_ENDED, BackgroundJob.dismissed_at.is_(None)),
    "delete": (_ENDED,),
}
"""What a job must be like for an action to change it. Afterwards it no longer is, so that asking for more ends."""


class BulkActions:
    """Does one thing to many jobs of an owner."""

    def __init__(self, database: Database, service: JobMonitoringService, deliveries: Deliveries) -> None:
        self._database = database
        self._service = service
        self._deliveries = deliveries

    async def cancel(self, job_id: UUID, owner: str) -> JobResponse:
        """Cancel a waiting job at once and take its delivery back; ask a running one to stop."""
        job = await self._service.request_cancel(job_id, owner)
        if job.status == "cancelled":
            await self._deliveries.cancel([job_id])
        return job

    async def act(self, owner: str, action: Action, job_ids: Collection[UUID]) -> BulkAnswer:
        """Do it to each of these jobs, and tell which ones refused and why."""
        asked = list(dict.fromkeys(job_ids))
        # What has ended is deleted at once; the others are asked one by one why not.
        deleted = await self._service.delete_ended(asked, owner) if action == "delete" else set()
        answer = BulkAnswer(done=[], refused=[])
        for job_id in asked:
            try:
                if job_id not in deleted:
                    await self._act_on(owner, action, job_id)
            except AppError as error:
                answer.refused.append(BulkRefusal(id=job_id, code=error.code, detail=error.detail))
            else:
                answer.done.append(job_id)
        if action == "cancel" and answer.done:
            await self._deliveries.cancel(answer.done)
        return answer

    async def act_where(self, owner: str, action: Action, where: JobFilter) -> BulkAnswer:
        """Do it to the newest jobs that match and that it can change, and tell whether others are left."""
        async with self._database.read() as session:
            found = await history_queries.list_newest_ids(session, owner, where, FITTING[action], BULK_LIMIT + 1)
        answer = await self.act(owner, action, found[:BULK_LIMIT])
        return answer.model_copy(update={"more": len(found) > BULK_LIMIT})

    async def _act_on(self, owner: str, action: Action, job_id: UUID) -> None:
        match action:
            case "cancel":
                await self._service.request_cancel(job_id, owner)
            case "retry":
                await self._deliveries.retry(job_id, owner)
            case "dismiss":
                await self._service.dismiss(job_id, owner)
            case "delete":
                await self._service.delete(job_id, owner)
