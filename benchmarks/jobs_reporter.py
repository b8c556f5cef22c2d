"""Reports progress as a worker does, in a process of its own: so many calls a second, spread over many jobs.

`python -m benchmarks.jobs_reporter DATABASE_URL RATE SECONDS MARKED_JOB MARKS < IDS`. One job's calls are marked: each
has a message `mark N`, and when it was made is printed as `N SECONDS_SINCE_1970`.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from uuid import UUID

from headway.jobs.service import JobMonitoringService
from headway.jobs.signal import open_signal
from headway.kit.clock import SystemClock
from headway.kit.db import Database

MARK_SECONDS = 0.35
"""Further apart than the quarter of a second in which a job's events are held back."""


async def main(url: str, rate: float, seconds: float, marked: UUID, marks: int) -> None:
    database = Database(url)
    signal = open_signal(database, listening=False)
    service = JobMonitoringService(database, SystemClock(), signal)
    await signal.start()
    ids = [UUID(line.strip()) for line in sys.stdin if line.strip()]
    calls = asyncio.create_task(_call_all(service, ids, rate, seconds))
    for number in range(1, marks + 1):
        at = time.time()
        await service.update_progress(marked, None, f"mark {number}")
        print(number, at, flush=True)
        await asyncio.sleep(MARK_SECONDS)
    made, took = await calls
    print("rate", made / took, flush=True)
    await signal.close()
    await database.close()


async def _call_all(service: JobMonitoringService, ids: list[UUID], rate: float, seconds: float) -> tuple[int, float]:
    """Call so often, several calls at a time as by several workers; return how many were made in how long."""
    began, made, jobs = time.monotonic(), 0, itertools.cycle(ids)
    lock = asyncio.Lock()

    async def worker() -> None:
        nonlocal made
        while (elapsed := time.monotonic() - began) < seconds:
            async with lock:
                due = made / rate
                if due > elapsed:
                    await asyncio.sleep(due - elapsed)
                job, number = next(jobs), made
                made += 1
            await service.update_progress(job, None, f"call {number}", done_units=number, unit="rows")

    await asyncio.gather(*(worker() for _ in range(4)))
    return made, time.monotonic() - began


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), UUID(sys.argv[4]), int(sys.argv[5])))
