"""Keys of programs: one job for each, whoever asks how often."""

from __future__ import annotations

import asyncio

from headway.jobs.service import JobMonitoringService


async def test_a_key_makes_one_job_for_its_owner_however_often_it_comes(service: JobMonitoringService) -> None:
    assert await service.find_keyed("ann", "night 7") is None
    # At once, so that none finds another's job when it looks.
    made = await asyncio.gather(*(service.create_job("ann", "external", key="night 7") for _ in range(5)))
    assert len({job.id for job in made}) == 1
    assert await service.find_keyed("ann", "night 7") == made[0]


async def test_other_owners_and_other_keys_have_jobs_of_their_own(service: JobMonitoringService) -> None:
    asked = [("ann", "night 7"), ("ben", "night 7"), ("ann", "night 8"), ("ann", None), ("ann", None)]
    made = [await service.create_job(owner, "external", key=key) for owner, key in asked]
    assert len({job.id for job in made}) == 5
