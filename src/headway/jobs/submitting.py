"""Takes in jobs that Headway is to run: checked, written and enqueued in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from headway.jobs import queries
from headway.jobs.answers import to_response
from headway.jobs.errors import ParametersInvalid, TooManyJobs, UnknownKind
from headway.jobs.kinds import PARAMETERS, AnyKind
from headway.jobs.models import BackgroundJob
from headway.jobs.runner import ENGINE, JobSubmitter, Queue, Submission
from headway.jobs.schemas import CreateJob, JobResponse
from headway.jobs.service import JobMonitoringService
from headway.kit.db import Database

MOST_LIVE = 200
"""Jobs of one owner that wait or run; a script that submits in a loop meets it before the disk is full of rows."""

TAKEN = frozenset({"job_type", "title", PARAMETERS})
"""The members of `POST /jobs` that mean something for a job that Headway runs."""


class JobSubmissions:
    """Submits jobs of kinds."""

    def __init__(
        self,
        database: Database,
        jobs: JobMonitoringService,
        submitter: JobSubmitter,
        kinds: Mapping[str, AnyKind] | None = None,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._submitter = submitter
        self._kinds = kinds or {}

    async def submit(self, owner: str, body: CreateJob) -> JobResponse | None:
        """Return the job, accepted and enqueued; None if its type is no kind and it is its creator's to run.

        Raises `UnknownKind` if it has parameters all the same, `ParametersInvalid` and `TooManyJobs`.
        """
        kind = self._kinds.get(body.job_type)
        if kind is None:
            if body.parameters is not None:
                raise UnknownKind(f"There is no kind {body.job_type!r} here.", kinds=sorted(self._kinds))
            return None
        if others := sorted(body.model_fields_set - TAKEN):
            raise ParametersInvalid(f"{', '.join(others)}: only for a job that you run yourself.")
        parameters = kind.checked(body.parameters or {}).model_dump(mode="json")
        async with self._database.write() as session:
            job = await self.submit_in(
                session,
                owner,
                kind.name,
                kind=kind.name,
                queue=kind.queue,
                title=body.title or kind.title or kind.name,
                parameters=parameters,
            )
        return to_response(job)

    async def submit_in(
        self,
        session: AsyncSession,
        owner: str,
        job_type: str,
        *,
        queue: Queue,
        parameters: Mapping[str, Any],
        **columns: Any,
    ) -> BackgroundJob:
        """Accept and enqueue a job that an owner asks for, in the caller's transaction. Raises `TooManyJobs`.

        `columns` are those of `background_jobs`.
        """
        if await queries.count_live_of(session, owner, MOST_LIVE) >= MOST_LIVE:
            raise TooManyJobs(f"{MOST_LIVE} jobs of yours wait or run.", limit=MOST_LIVE)
        return await self.follow_in(session, owner, job_type, queue=queue, parameters=parameters, **columns)

    async def follow_in(
        self,
        session: AsyncSession,
        owner: str,
        job_type: str,
        *,
        queue: Queue,
        parameters: Mapping[str, Any],
        **columns: Any,
    ) -> BackgroundJob:
        """Accept and enqueue a job that follows from one that ends in this transaction, so that there are no more."""
        job = await self._jobs.create_in(
            session,
            owner,
            job_type,
            engine=ENGINE,
            delivery=1,
            queue=queue,
            details={PARAMETERS: dict(parameters)},
            **{"message": "Waiting for a worker", **columns},
        )
        await self._submitter.enqueue(session, Submission(job.id, owner, bulk=queue == "bulk"))
        return job
