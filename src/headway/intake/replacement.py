"""Whether an import that failed is to be tried again: not if its owner has a dataset of that very file by now."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.service import DatasetService
from headway.intake import queries
from headway.intake.identity import reads_alike
from headway.intake.schemas import ImportOptions
from headway.jobs.deliveries import FindReplacement


def replaced_by(datasets: DatasetService) -> FindReplacement:
    """Return the question that trying a job again asks first."""

    async def find(session: AsyncSession, job_id: UUID, owner: str) -> UUID | None:
        record = await queries.find_import(session, job_id)
        if record is None:
            return None
        options = ImportOptions.model_validate(record.options)
        # Whoever asked for a second dataset of a file gets it, and what goes into a dataset replaces nothing.
        if options.duplicate == "import" or options.into is not None:
            return None
        return await datasets.find_by_digest(session, owner, record.sha256, reads_alike(options))

    return find
