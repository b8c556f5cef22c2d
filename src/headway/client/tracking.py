"""`track`: a loop over rows as a tracked job."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TypeVar, Unpack, overload

from headway.client.jobs import Job, JobOptions

Row = TypeVar("Row")


LEFT_EARLY = "The loop was left before its last row."


@overload
def track(
    rows: Iterable[Row], *, title: str, total: int | None = None, unit: str = "rows", **options: Unpack[JobOptions]
) -> Iterator[Row]: ...
@overload
def track(
    rows: AsyncIterable[Row], *, title: str, total: int | None = None, unit: str = "rows", **options: Unpack[JobOptions]
) -> AsyncIterator[Row]: ...
def track(
    rows: Iterable[Row] | AsyncIterable[Row],
    *,
    title: str,
    total: int | None = None,
    unit: str = "rows",
    **options: Unpack[JobOptions],
) -> Iterator[Row] | AsyncIterator[Row]:
    """Give back the rows one by one, as a job that completes with the last of them.

    A loop that is left before fails the job, as nobody can tell here whether that was a `break` or an exception. Where
    that matters, open a `job` and loop over its `track`.
    """
    job = Job(title, **options)
    if isinstance(rows, AsyncIterable):
        return _over_async(job, rows, total, unit)
    return _over(job, rows, total, unit)


def _over(job: Job, rows: Iterable[Row], total: int | None, unit: str) -> Iterator[Row]:
    with job:
        try:
            yield from job.track(rows, total=total, unit=unit)
        except GeneratorExit:
            job.fail(LEFT_EARLY)
            raise


async def _over_async(job: Job, rows: AsyncIterable[Row], total: int | None, unit: str) -> AsyncIterator[Row]:
    async with job:
        try:
            async for row in job.track(rows, total=total, unit=unit):
                yield row
        except GeneratorExit:
            job.fail(LEFT_EARLY)
            raise
