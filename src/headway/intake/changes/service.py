"""`ReparseService`: a job that reads the files of a dataset once more, with other options. Nothing is uploaded for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from headway.datasets.changes import RECIPE, Order
from headway.datasets.errors import MadeByRecipe
from headway.datasets.service import DatasetService
from headway.intake import queries
from headway.intake.models import Import
from headway.intake.schemas import ReparseRequest
from headway.jobs.answers import to_response
from headway.jobs.runner import ENGINE, JobSubmitter, Submission
from headway.jobs.schemas import JobResponse
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import Clock
from headway.kit.db import Database

KIND = "intake.reparse"
JOB_TYPE = "processing"


class ReparseService:
    """Accepts orders to read datasets otherwise."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: JobMonitoringService,
        datasets: DatasetService,
        submitter: JobSubmitter,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._datasets = datasets
        self._submitter = submitter

    async def reparse(self, owner: str, dataset_id: UUID, body: ReparseRequest) -> JobResponse:
        """Return the job that does it, accepted and enqueued. Raises `DatasetNotFound`, `MadeByRecipe`."""
        asked = body.options.model_dump(mode="json", exclude_unset=True)
        base = await self._datasets.changes.get_base(owner, dataset_id)
        if any(source.action == RECIPE for source in base.sources):
            raise MadeByRecipe(f"Version {base.number:,} is the work of a recipe.", version=base.number)
        dataset = await self._datasets.get_dataset(owner, dataset_id)
        first = base.sources[0]
        async with self._database.write() as session:
            job = await self._jobs.create_in(
                session,
                owner,
                JOB_TYPE,
                title=f"Read {dataset.name} again"[:200],
                kind=KIND,
                engine=ENGINE,
                delivery=1,
                message="Waiting to be read again",
                related_dataset_id=dataset_id,
                details={"file_name": first.source["file_name"]},
            )
            order = Order(dataset_id, job.id, uuid4(), "reparse", body.apply, asked)
            await self._datasets.changes.order_in(session, owner, order)
            await queries.insert_import(session, self._import(order, owner, first.original_key, first.source))
            await self._submitter.enqueue(session, Submission(job.id, owner, bulk=True))
        return to_response(job)

    def _import(self, order: Order, owner: str, original_key: str, source: dict[str, Any]) -> Import:
        """Return the import that a version of this job will come from. It brings no byte, so it takes no room."""
        return Import(
            id=order.import_id,
            user_id=owner,
            job_id=order.job_id,
            file_name=source["file_name"],
            size_bytes=0,
            sha256=source["sha256"],
            original_key=original_key,
            # Trying it again is about this dataset, and about no other one of the same file.
            options={"into": str(order.dataset_id)},
            created_at=self._clock.now(),
        )
