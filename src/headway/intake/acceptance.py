"""The end of every upload, whichever way its bytes came: a duplicate is found, or the promise is made.

The promise (T1) is one transaction: the import row, the job at 40 % and its place in the queue. Whoever learns of a
2xx after it may forget the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.changes import Order
from headway.datasets.service import DatasetService
from headway.errors import AppError
from headway.intake import queries
from headway.intake.identity import fingerprint, original_key, reads_alike
from headway.intake.leases import UPLOAD_LEASE_SECONDS
from headway.intake.models import Import
from headway.intake.schemas import ImportOptions
from headway.intake.upload_errors import UploadCancelled
from headway.jobs.answers import to_response
from headway.jobs.runner import JobSubmitter, Submission
from headway.jobs.schemas import JobResponse
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.rules.checks import Checkable, DatasetChecks


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """A file of which every byte has arrived."""

    owner: str
    name: str
    size_bytes: int
    sha256: str
    options: ImportOptions

    @property
    def facts(self) -> dict[str, Any]:
        """What is known of the file; its job carries that, however it ends."""
        return {"file_name": self.name, "bytes": self.size_bytes, "sha256": self.sha256}


class Acceptance:
    """Turns a file that has arrived into an import, or into a word that it was here before."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        jobs: JobMonitoringService,
        datasets: DatasetService,
        submitter: JobSubmitter,
        checks: DatasetChecks,
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs
        self._datasets = datasets
        self._submitter = submitter
        self._checks = checks

    async def resolve_in(self, session: AsyncSession, owner: str, options: ImportOptions) -> ImportOptions:
        """Return options that name a rule set by its id: its name may be another one by the time the file is read.

        Raises `RuleSetNotFound`, and `DatasetNotFound` for what the file is to go into.
        """
        if options.into is not None:
            await self._datasets.hold(session, owner, options.into)
        rule_set = await self._checks.resolve_in(session, owner, options.rule_set)
        return options.model_copy(update={"rule_set": rule_set})

    async def find_duplicate(self, lease: Lease, file: ArrivedFile) -> UUID | None:
        """Return the dataset that the owner has from the same bytes, read alike, unless they want another one."""
        async with self._database.write() as session:
            answer = await self._jobs.progress_in(
                session, lease.job_id, 20, "Looked for duplicates", lease=lease, lease_seconds=UPLOAD_LEASE_SECONDS
            )
            if answer.cancel_requested:
                raise UploadCancelled
            if file.options.duplicate == "import":
                return None
            into, changes = file.options.into, self._datasets.changes
            alike = reads_alike(file.options)
            if into is None:
                return await self._datasets.find_by_digest(session, file.owner, file.sha256, alike)
            known = await changes.is_known_in(session, file.owner, into, file.options.mode, file.sha256, alike)
            return into if known else None

    async def end_as_duplicate(self, lease: Lease, file: ArrivedFile, dataset_id: UUID) -> JobResponse:
        """End a job whose file leads to a dataset that is there; if it is to be checked, that one is."""
        dataset = await self._datasets.get_dataset(file.owner, dataset_id)
        checkable = Checkable(dataset_id, dataset.name, dataset.version)
        async with self._database.write() as session:
            # The job's row before that in which a check is counted, as everywhere.
            await self._jobs.progress_in(session, lease.job_id, None, lease=lease, lease_seconds=UPLOAD_LEASE_SECONDS)
            rule_set = await self._checks.resolve_in(session, file.owner, file.options.rule_set)
            checks = await self._checks.follow_in(session, file.owner, rule_set, [checkable])
            job = await self._jobs.finish_in(
                session,
                lease,
                outcome="duplicate",
                related_dataset_id=dataset_id,
                message="You imported this file before",
                details=file.facts,
                result={"datasets": [str(dataset_id)], **checks},
            )
            await queries.release(session, lease.job_id)
            await queries.answer_key(session, lease.job_id, fingerprint(file.sha256, file.options))
            await queries.finish_upload(session, lease.job_id)
        return to_response(job)

    async def promise(self, lease: Lease, file: ArrivedFile) -> JobResponse:
        """Accept a file whose bytes are durable under its job's key."""
        async with self._database.write() as session:
            # Everywhere the job first, then its reservation: the beat locks them so, and PostgreSQL ends who does not.
            job = await self._jobs.accept_in(
                session,
                lease,
                progress=40,
                message="Waiting to be parsed",
                size_bytes=file.size_bytes,
                details=file.facts,
                related_dataset_id=file.options.into,
            )
            options = await self.resolve_in(session, file.owner, file.options)
            record = self._import(lease.job_id, file, options)
            if (order := _order(record, file.options)) is not None:
                await self._datasets.changes.order_in(session, file.owner, order)
            await queries.insert_import(session, record)
            await queries.release(session, lease.job_id)
            await queries.answer_key(session, lease.job_id, fingerprint(file.sha256, file.options))
            await queries.finish_upload(session, lease.job_id)
            await self._submitter.enqueue(session, Submission(lease.job_id, file.owner))
        return to_response(job)

    async def refuse(self, lease: Lease, problem: AppError) -> None:
        """End the job of an upload that comes to nothing, and free what was kept for it. Raises `StaleLease`."""
        async with self._database.write() as session:
            if isinstance(problem, UploadCancelled):
                await self._jobs.cancel_in(session, lease)
            else:
                await self._jobs.fail_in(session, lease, problem.problem())
            await queries.free_upload(session, lease.job_id)

    def _import(self, job_id: UUID, file: ArrivedFile, options: ImportOptions) -> Import:
        return Import(
            id=uuid4(),
            user_id=file.owner,
            job_id=job_id,
            file_name=file.name,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            original_key=original_key(job_id),
            options=options.stored(),
            created_at=self._clock.now(),
        )


def _order(record: Import, options: ImportOptions) -> Order | None:
    """Return the change of a dataset that the file is meant for, if it is not to become one of its own."""
    if options.into is None:
        return None
    return Order(options.into, record.job_id, record.id, options.mode, options.apply, {"key": options.key})
