"""How many jobs there are, counted for whoever runs Headway, at a cost that does not grow with the history."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from headway.jobs.census import RECENT, Census, take_census
from headway.jobs.deliveries import Deliveries
from headway.jobs.service import JobMonitoringService, Lease
from headway.kit.db import Database
from tests.support.clock import FakeClock
from tests.support.signals import RecordingSignal
from tests.support.submitter import RecordingSubmitter

MINUTE = 60.0


async def accepted(service: JobMonitoringService, database: Database, owner: str = "ann", **values: Any) -> UUID:
    async with database.write() as session:
        columns = {"kind": "test", "engine": "test", "delivery": 1, **values}
        return (await service.create_in(session, owner, "import", **columns)).id


async def claim(service: JobMonitoringService, job_id: UUID) -> Lease:
    lease = await service.claim(job_id, "worker", seconds=3600)
    assert lease is not None
    return lease


async def census(database: Database, clock: FakeClock) -> Census:
    async with database.read() as session:
        return await take_census(session, clock)


async def test_live_jobs_are_counted_by_type_and_status_and_unknown_types_together(
    service: JobMonitoringService, database: Database, clock: FakeClock
) -> None:
    await accepted(service, database)
    await accepted(service, database, "bob")
    await claim(service, await accepted(service, database))
    for kind in ("made.up", "made.up.too", "external"):
        await service.create_job("ann", kind)
    live = (await census(database, clock)).live
    assert {kind: number for kind, number in live.items() if number} == {
        ("import", "pending"): 2, ("import", "running"): 1, ("other", "pending"): 2, ("external", "pending"): 1,
    }  # fmt: skip
    assert live["export", "running"] == 0
    assert ("export", "running") in live, "a series that comes and goes cannot be drawn"


async def test_a_job_waits_from_its_acceptance_or_its_retry_on(
    service: JobMonitoringService, database: Database, clock: FakeClock
) -> None:
    deliveries = Deliveries(database, clock, RecordingSignal(), RecordingSubmitter())
    failed = await accepted(service, database)
    await service.fail(await claim(service, failed), {"detail": "no", "code": "csv.broken"})
    assert (await census(database, clock)).oldest_wait_seconds == 0
    clock.advance(7 * 24 * 3600)
    await deliveries.retry(failed, "ann")
    clock.advance(5 * MINUTE)
    await accepted(service, database, "bob")
    clock.advance(MINUTE)
    assert (await census(database, clock)).oldest_wait_seconds == 6 * MINUTE


async def test_what_uploads_runs_or_is_run_by_others_waits_for_no_worker(
    service: JobMonitoringService, database: Database, clock: FakeClock
) -> None:
    await accepted(service, database, delivery=0, stage="upload", lease_owner="api")
    await claim(service, await accepted(service, database))
    await service.create_job("ann", "external")
    clock.advance(MINUTE)
    assert (await census(database, clock)).oldest_wait_seconds == 0


async def test_what_ended_lately_is_counted_for_all_owners_by_the_code_of_its_problem(
    service: JobMonitoringService, database: Database, clock: FakeClock
) -> None:
    async def fail(owner: str, code: str) -> None:
        lease = await claim(service, await accepted(service, database, owner))
        await service.fail(lease, {"detail": "no", "code": code})

    await fail("ann", "old.one")
    await fail("only long ago", "old.one")
    clock.advance(RECENT.total_seconds() + 1)
    for owner in ("ann", "bob", "zoe"):
        await fail(owner, "csv.broken")
    await fail("bob", "internal")
    done = await claim(service, await accepted(service, database))
    async with database.write() as session:
        await service.finish_in(session, done, outcome="succeeded")
    await accepted(service, database, "nobody's end")
    assert (await census(database, clock)).ended == {
        ("import", "failed", "csv.broken"): 3, ("import", "failed", "internal"): 1, ("import", "completed", ""): 1,
    }  # fmt: skip
