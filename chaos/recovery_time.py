"""How long it takes from the death of a worker until its job runs again."""

from __future__ import annotations

import os
import signal
import time
from uuid import UUID

import sqlalchemy as sa

from chaos.arena import Arena, running_arena
from chaos.experiment import POSTGRES_S3, Options, Outcome
from chaos.load import percentile
from chaos.long_job import long_upload
from tests.support.product import until

SECONDS_PER_KILL = 9.0
GOAL_SECONDS = 10.0
LOSSES_PER_JOB = 12
"""Fewer than end a job, so that each kill has one that runs."""

ROWS = 6_000_000


def run(options: Options) -> Outcome:
    """Kill the worker that runs a long job, once for every nine seconds of `options.seconds`."""
    outcome = Outcome()
    workers = 1 if options.backend == POSTGRES_S3 else 0
    with running_arena(options, workers=workers) as arena:
        client = next(iter(arena.clients.values()))
        times: list[float] = []
        kills = max(2, int(options.seconds / SECONDS_PER_KILL))
        job_id = ""
        for number in range(kills):
            if number % LOSSES_PER_JOB == 0:
                if job_id:
                    client.post(f"/jobs/{UUID(job_id)}/cancel")
                job_id = long_upload(client, arena.ledger, options.random(f"long {number}"), ROWS)
            times.append(_kill_and_wait(arena, job_id))
        client.post(f"/jobs/{UUID(job_id)}/cancel")
        outcome.figures |= {
            "kills": kills,
            "runs again after s, p50": round(percentile(times, 50), 2),
            "runs again after s, p99": round(percentile(times, 99), 2),
            "runs again after s, max": round(max(times), 2),
        }
        p99 = percentile(times, 99)
        outcome.expect(p99 < GOAL_SECONDS, f"a killed worker's job ran again after {p99:.1f} s in the 99th percentile")
        for fact in arena.ledger.read("violation"):
            outcome.violations.append(fact["sentence"])
    return outcome


def _kill_and_wait(arena: Arena, job_id: str) -> float:
    attempt, pid = _running(arena, job_id, after=0)
    # A supervisor that restarts at once what dies at once would hide how long a healthy one takes.
    arena.wait_until_settled(pid)
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    _running(arena, job_id, after=attempt)
    return time.monotonic() - began


def _running(arena: Arena, job_id: str, *, after: int) -> tuple[int, int]:
    """Wait until the job runs in a later attempt than `after`; return that attempt and its worker's process."""
    statement = sa.text(
        "select j.attempt, l.pid from background_jobs j join worker_leases l on l.executor_id = j.lease_owner"
        " where j.id = :id and j.status = 'running' and j.attempt > :after"
    )

    def look() -> tuple[int, int] | None:
        with arena.engine.connect() as connection:
            found = connection.execute(statement, {"id": arena.id_parameter(job_id), "after": after}).first()
        return (int(found[0]), int(found[1])) if found is not None else None

    return until(look)
