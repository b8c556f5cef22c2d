"""Imports that bring no file: what a job makes of datasets has one all the same, so that it is kept, counted and found."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from headway.datasets.changes import Source
from headway.intake import queries
from headway.intake.models import Import


async def insert_derived(
    session: AsyncSession, owner: str, job_id: UUID, import_id: UUID, source: Source, now: datetime
) -> None:
    """Note what a version or a dataset will come from, in the transaction that accepts its job. It takes no room yet."""
    await queries.insert_import(
        session,
        Import(
            id=import_id,
            user_id=owner,
            job_id=job_id,
            file_name=source.source["file_name"],
            size_bytes=0,
            sha256=source.source["sha256"],
            original_key=source.original_key,
            # Trying it again replaces nothing that there is of the same file.
            options={"duplicate": "import"},
            created_at=now,
        ),
    )


async def count_derived(session: AsyncSession, job_id: UUID, size_bytes: int) -> None:
    """Count the rows of a new dataset as room that its owner uses."""
    record = await queries.get_import(session, job_id)
    record.size_bytes = size_bytes
    await session.flush()
