"""`ExportService`: takes in the wish for a file of a dataset, and has a job write it."""

from __future__ import annotations

import unicodedata
from uuid import UUID

from headway.audit.log import By, Target, record
from headway.datasets.filters import ask
from headway.datasets.service import DatasetService
from headway.exports.errors import TooManyColumns
from headway.exports.schemas import MOST_SHEET_COLUMNS, ExportOrder, ExportRequest
from headway.jobs.answers import to_response
from headway.jobs.artifacts.naming import FORBIDDEN
from headway.jobs.schemas import JobResponse
from headway.jobs.submitting import JobSubmissions
from headway.kit.clock import Clock
from headway.kit.db import Database

KIND = "exports.export_dataset"
"""The task that an export's job runs."""

JOB_TYPE = "export"
LONGEST_STEM = 100


class ExportService:
    """Exports of all owners; every method acts for one."""

    def __init__(self, database: Database, clock: Clock, datasets: DatasetService, submissions: JobSubmissions) -> None:
        self._database = database
        self._clock = clock
        self._datasets = datasets
        self._submissions = submissions

    async def export(self, owner: str, dataset_id: UUID, request: ExportRequest, by: By) -> JobResponse:
        """Return the job that writes the file. What cannot be asked of the dataset is refused before there is one."""
        dataset = await self._datasets.get_dataset(owner, dataset_id, request.version)
        known = await self._datasets.get_columns(owner, dataset_id, dataset.version)
        question = ask(
            known,
            offset=0,
            limit=0,
            names=request.columns or (),
            sort=request.sort,
            filters=request.filter,
            search=request.q,
        )
        if request.format == "xlsx" and len(question.columns) > MOST_SHEET_COLUMNS:
            raise TooManyColumns(
                f"{len(question.columns):,} columns, of at most {MOST_SHEET_COLUMNS:,}.", most=MOST_SHEET_COLUMNS
            )
        order = ExportOrder(
            dataset_id=dataset_id,
            version=dataset.version,
            name=f"{_stem(dataset.name)}.{request.format}",
            request=request,
        )
        async with self._database.write() as session:
            job = await self._submissions.submit_in(
                session,
                owner,
                JOB_TYPE,
                kind=KIND,
                queue="bulk",
                title=f"Export {dataset.name}"[:190] + f" as {request.format.upper()}",
                parameters=order.model_dump(mode="json", exclude_defaults=True),
                related_dataset_id=dataset_id,
            )
            target = Target("dataset", str(dataset_id))
            await record(
                session, self._clock, by, "dataset.export", target,
                job=str(job.id), format=request.format, version=dataset.version,
            )  # fmt: skip
        return to_response(job)


def _stem(name: str) -> str:
    """Return the name of a dataset as one that a file can have: without folders, the end of a file type, and signs."""
    plain = "".join(" " if c in FORBIDDEN else c for c in unicodedata.normalize("NFC", name) if c.isprintable())
    for end in (".csv", ".tsv", ".xlsx", ".json", ".ndjson", ".parquet"):
        plain = plain[: -len(end)] if plain.lower().endswith(end) else plain
    return plain[:LONGEST_STEM].strip(" .") or "export"
