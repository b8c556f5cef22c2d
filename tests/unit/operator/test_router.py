"""What administrators are told and do over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from headway.accounts.models import User
from headway.engine.models import WorkerLease
from headway.intake.sweep import Leftover, Report
from headway.jobs.models import BackgroundJob
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.kit.tally import Tally
from headway.operator import measurements as module
from headway.operator import router as router_module
from headway.operator.measurements import Measurements
from headway.operator.service import BUSY_POLL_MS, IDLE_POLL_MS
from headway.settings import KeepDays, Settings
from headway.storage.store import ObjectStore
from tests.support.office import Office, opened_office


async def overview(office: Office) -> dict[str, Any]:
    answer = await office.client.get("/operator")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_an_installation_at_rest_says_so(office: Office) -> None:
    told = await overview(office)
    assert (told["workers"], told["lost_workers"], told["storage"]) == ([], [], None)
    assert told["stalled"] == told["failed"] == {"items": [], "more": False}
    expected = {"waiting": 0, "waiting_since": None, "running": 0, "places": 0, "paused": None}
    assert told["queues"] == [{"name": "imports", **expected}, {"name": "bulk", **expected}]
    assert told["next_poll_ms"] == IDLE_POLL_MS
    assert len(told["throughput"]["spans"]) == 144
    assert told["retention"]["last_sweep"] is None
    assert {disk["folder"] for disk in told["disks"]} <= {"data", "store"}
    assert all(0 < disk["free_bytes"] <= disk["size_bytes"] for disk in told["disks"])
    assert told["versions"]["database"].startswith(("SQLite 3", "PostgreSQL 1"))


async def test_workers_are_told_with_what_they_do_and_the_lost_ones_apart(office: Office) -> None:
    now = SystemClock().now()
    async with office.database.write() as session:
        for name, age, more in (
            ("alive", 1, {"version": "1.2.3", "places": 3, "memory_bytes": 300_000_000}),
            ("older", 1, {}),
            ("lost", 60, {"places": 9}),
        ):
            beat_at = now - timedelta(seconds=age)
            lease = WorkerLease(executor_id=name, host=f"{name}.internal", pid=7, started_at=now, beat_at=beat_at)
            for key, value in more.items():
                setattr(lease, key, value)
            session.add(lease)
    job_id = await office.waiting()
    assert await office.jobs.claim(job_id, "alive", seconds=60)
    await office.waiting("export")
    told = await overview(office)
    workers = {worker["id"]: worker for worker in told["workers"]}
    assert workers.keys() == {"alive", "older"}
    alive = workers["alive"]
    assert (alive["host"], alive["version"], alive["memory_bytes"]) == ("alive.internal", "1.2.3", 300_000_000)
    assert alive["places"] == {"imports": 3, "bulk": 1}
    assert (workers["older"]["version"], workers["older"]["places"]) == (None, {"imports": None, "bulk": 1})
    (job,) = alive["jobs"]
    assert (job["title"], job["owner"], job["attempt"]) == (
        "orders.csv", {"id": office.ada, "email": "ada@example.org"}, 1,
    )  # fmt: skip
    assert [worker["id"] for worker in told["lost_workers"]] == ["lost"]
    assert [(queue["waiting"], queue["running"], queue["places"]) for queue in told["queues"]] == [(0, 1, 3), (1, 0, 2)]
    assert told["next_poll_ms"] == BUSY_POLL_MS


async def test_a_queue_is_paused_and_resumed_and_says_by_whom(office: Office) -> None:
    job_id = await office.waiting()
    paused = await office.client.post("/queues/imports/pause", json={"reason": "  moving house "})
    assert paused.status_code == 200
    told = paused.json()["paused"]
    assert (told["by"]["email"], told["reason"]) == ("admin@example.org", "moving house")
    assert (await office.client.get("/queues")).json()["items"][0] == paused.json()
    (job,) = (await office.client.get("/queues/imports/jobs")).json()["items"]
    assert (job["id"], job["paused"], job["message"]) == (str(job_id), True, "Paused by the operator: moving house")
    resumed = await office.client.post("/queues/imports/resume")
    assert resumed.json()["paused"] is None
    refused = await office.client.post("/queues/exports/pause", json={})
    assert (refused.status_code, refused.json()["code"]) == (404, "queue.not_found")


async def test_jobs_in_trouble_are_told_and_tried_again(office: Office) -> None:
    for _ in range(12):
        lease = await office.jobs.claim(await office.waiting(), "worker", seconds=60)
        assert lease is not None
        await office.jobs.fail(lease, {"detail": "Line 3 is broken.", "code": "csv.broken"})
    everything = await overview(office)
    assert (everything["jobs"]["failed"], everything["jobs"]["running"]) == (12, 0)
    told = everything["failed"]
    assert (len(told["items"]), told["more"]) == (10, True)
    page = (await office.client.get("/operator/jobs?state=failed&limit=8")).json()
    rest = (await office.client.get(f"/operator/jobs?state=failed&limit=8&cursor={page['next_cursor']}")).json()
    ids = [job["id"] for job in (*page["items"], *rest["items"])]
    assert len(set(ids)) == 12
    assert (page["items"][0]["code"], page["items"][0]["retryable"]) == ("csv.broken", True)
    again = await office.client.post(f"/operator/jobs/{ids[0]}/retry")
    assert (again.status_code, again.json()["phase"]) == (202, "retrying")
    cancelled = await office.client.post(f"/operator/jobs/{ids[0]}/cancel")
    assert (cancelled.status_code, cancelled.json()["phase"]) == (202, "cancelled")


async def test_nothing_of_a_file_but_its_name_is_told(office: Office) -> None:
    lease = await office.jobs.claim(await office.waiting(), "worker", seconds=60)
    assert lease is not None
    problem = {"detail": "Line 3 is broken.", "code": "csv.broken", "sample": "a secret cell"}
    await office.jobs.fail(lease, problem)
    for path in ("/operator", "/operator/jobs?state=failed"):
        answer = await office.client.get(path)
        assert "orders.csv" in answer.text
        assert "a secret cell" not in answer.text


async def test_deeds_are_read_with_the_names_of_people(office: Office) -> None:
    job_id = await office.waiting()
    await office.client.post("/queues/bulk/pause", json={"reason": "no room"})
    await office.client.post(f"/operator/jobs/{job_id}/cancel")
    refused, cancelled, paused = (
        (await office.client.post(f"/operator/jobs/{job_id}/cancel")).status_code,
        *(await office.client.get("/audit")).json()["items"][1:3],
    )
    assert refused == 409
    assert paused["actor"] == {"id": office.admin, "email": "admin@example.org"}
    assert (paused["action"], paused["target"]["id"], paused["details"]) == (
        "queue.pause", "bulk", {"reason": "no room"},
    )  # fmt: skip
    assert (paused["address"], paused["request_id"], paused["result"]) == ("127.0.0.1", "request-7", "done")
    assert (cancelled["action"], cancelled["target"]["id"]) == ("job.cancel", str(job_id))
    of_job = (await office.client.get(f"/audit?target_type=job&target={job_id}&limit=1")).json()
    assert of_job["items"][0]["result"] == "job.ended"
    rest = (await office.client.get(f"/audit?target_type=job&target={job_id}&cursor={of_job['next_cursor']}")).json()
    assert [entry["result"] for entry in rest["items"]] == ["done"]


async def test_the_audit_is_filtered_by_deed_and_by_who_did_it(office: Office) -> None:
    job_id = await office.waiting()
    for number in range(3):
        await office.client.post("/queues/bulk/pause", json={"reason": f"reason {number}"})
    await office.client.post(f"/operator/jobs/{job_id}/cancel")

    async def deeds(query: str) -> list[str]:
        answer = await office.client.get(f"/audit?{query}")
        assert answer.status_code == 200, answer.text
        return [entry["action"] for entry in answer.json()["items"]]

    assert await deeds("action=queue.pause") == ["queue.pause"] * 3
    assert await deeds("actor=headway") == ["user.create"]
    assert await deeds(f"actor={office.admin}&target_type=job&target={job_id}") == ["job.cancel"]
    assert await deeds(f"actor={office.admin}&action=job.retry") == []
    first = (await office.client.get(f"/audit?actor={office.admin}&action=queue.pause&limit=2")).json()
    assert len(first["items"]) == 2
    assert await deeds(f"actor={office.admin}&action=queue.pause&cursor={first['next_cursor']}") == ["queue.pause"]


async def test_half_a_filter_is_refused_and_not_taken_for_none(office: Office) -> None:
    for query in ("target_type=job", "target=imports", "action=job.eat", "actor=%00"):
        answer = await office.client.get(f"/audit?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid"), query


async def test_whoever_was_erased_has_no_name_any_more(office: Office) -> None:
    await office.waiting()
    async with office.database.write() as session:
        await session.execute(sa.delete(User).where(User.email == "ada@example.org"))
    (job,) = (await office.client.get("/queues/imports/jobs")).json()["items"]
    assert job["owner"] == {"id": office.ada, "email": None}


async def test_throughput_is_told_for_hours_and_days(office: Office) -> None:
    lease = await office.jobs.claim(await office.waiting(), "worker", seconds=60)
    assert lease is not None
    await office.jobs.fail(lease, {"detail": "no", "code": "internal"})
    for window, minutes, count in (("3h", 1, 180), ("24h", 10, 144), ("7d", 60, 168)):
        told = (await office.client.get(f"/operator/throughput?window={window}")).json()
        assert (told["minutes"], len(told["spans"])) == (minutes, count)
        assert sum(span["failed"] for span in told["spans"]) == 1
    assert (await office.client.get("/operator/throughput?window=1y")).status_code == 422


async def test_storage_and_sweeps_are_told_once_they_were_measured(office: Office) -> None:
    clock = SystemClock()
    measurements = Measurements(office.database, clock)
    uploaded = await office.client.post("/imports?filename=a.csv", content=b"a,b\n1,2\n")
    assert uploaded.status_code == 202
    job = (await office.client.post("/jobs", json={"job_type": "external"})).json()["id"]
    assert (await office.client.put(f"/jobs/{job}/artifacts/a.txt", content=b"12345")).status_code == 201
    await measurements.measure_storage()
    leftovers = (
        Leftover("sessions", Tally(3)), Leftover("originals without a row", Tally()), Leftover("lost rows", Tally(1), ("rows/x",)),
    )  # fmt: skip
    await measurements.save_sweep(Report(clock.now(), leftovers, None), "worker-1")
    told = await overview(office)
    storage = told["storage"]
    assert (storage["owners"], storage["files"], storage["original_bytes"], storage["datasets"]) == (1, 1, 8, 0)
    (largest,) = storage["largest"]
    assert storage["artifact_bytes"] == largest["artifact_bytes"] == 5
    assert (largest["owner"]["email"], largest["original_bytes"], largest["row_bytes"]) == ("admin@example.org", 8, 0)
    swept = told["retention"]["last_sweep"]
    assert (swept["by"], swept["removed"]) == ("worker-1", [{"kind": "sessions", "count": 3, "bytes": None}])
    assert swept["problems"] == ["lost rows: 1. rows/x."]


async def test_storage_is_measured_once_an_hour_whoever_measures(office: Office) -> None:
    measurements = Measurements(office.database, SystemClock())
    await measurements.measure_storage()
    first = await measurements.find(module.STORAGE)
    await Measurements(office.database, SystemClock()).measure_storage()
    assert await measurements.find(module.STORAGE) == first


async def test_how_long_types_of_jobs_are_kept_is_told(settings: Settings, database: Database) -> None:
    days = {"export": KeepDays(completed=7), "validation": KeepDays(failed=0, events=1)}
    changed = settings.model_copy(update={"keep_types": days, "keep_cancelled_days": 3})
    async with opened_office(changed, database) as office:
        told = (await overview(office))["retention"]
    assert (told["keep_cancelled_days"], told["keep_events_days"]) == (3, 0)
    kinds = ("completed", "failed", "cancelled", "events", "artifacts", "logs")
    nothing = dict.fromkeys(f"{kind}_days" for kind in kinds)
    assert told["keep_types"] == {
        "export": {**nothing, "completed_days": 7}, "validation": {**nothing, "failed_days": 0, "events_days": 1},
    }  # fmt: skip


async def test_old_jobs_are_counted_by_the_settings(office: Office) -> None:
    lease = await office.jobs.claim(await office.waiting(), "worker", seconds=60)
    assert lease is not None
    await office.jobs.fail(lease, {"detail": "no", "code": "internal"})
    old = SystemClock().now() - timedelta(days=91)
    async with office.database.write() as session:
        await session.execute(
            sa.update(BackgroundJob).values(created_at=old, started_at=old, completed_at=old, updated_at=old)
        )
    told = (await overview(office))["retention"]
    assert told["due"] == {"completed": 0, "failed": 1}
    assert (told["keep_completed_days"], told["keep_failed_days"], told["keep_audit_days"]) == (30, 90, 365)
    assert (told["keep_artifact_days"], told["keep_log_days"]) == (14, 30)


async def test_somebody_is_erased_with_what_runs_and_what_is_stored(
    office: Office, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that does not stop in time finds itself gone, and can write nothing any more."""
    monkeypatch.setattr(router_module, "STOP_SECONDS", 0.0)
    job_id = await office.running(percent=40)
    key = f"originals/{job_id}"
    writer = await store.open_writer(key)
    await writer.write(b"a,b")
    await writer.commit()
    answer = await office.client.delete(f"/users/{office.ada}")
    erased = {"datasets": 0, "files": 0, "jobs": 1}
    assert (answer.status_code, answer.json()) == (200, {**erased, "objects": 1, "left": 0})
    assert (await office.client.get(f"/users/{office.ada}")).status_code == 404
    assert (await office.client.delete(f"/users/{office.ada}")).json()["code"] == "users.not_found"
    (entry,) = (await office.client.get("/audit", params={"action": "user.delete"})).json()["items"]
    assert (entry["actor"]["id"], entry["target"], entry["result"]) == (
        office.admin, {"id": office.ada, "email": None}, "done",
    )  # fmt: skip
    assert entry["details"] == erased
    assert [found.key async for found in store.list("originals")] == []


async def test_the_last_administrator_is_not_erased(office: Office) -> None:
    answer = await office.client.delete(f"/users/{office.admin}")
    assert (answer.status_code, answer.json()["code"]) == (409, "users.last_admin")
    (entry,) = (await office.client.get("/audit", params={"action": "user.delete"})).json()["items"]
    assert entry["result"] == "users.last_admin"
