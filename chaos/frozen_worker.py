"""A worker freezes in the middle of a job, another one takes over, and then the first one wakes up: a zombie.

Both are frozen in turn, so that whatever is written while one of them sleeps can only come from the other.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from chaos.arena import Arena, running_arena
from chaos.experiment import POSTGRES_S3, Options, Outcome
from chaos.long_job import long_upload
from tests.support.product import until

TAKEN_SECONDS = 40
ALONE_SECONDS = 20.0
"""Longer than a job may be shown as running with nobody to work on it."""

ZOMBIE_SECONDS = 4.0
"""The zombie wakes for so long while its successor sleeps; less than the successor's lease lasts."""


def run(options: Options) -> Outcome:
    """Do it once for every 30 of `options.seconds`, on PostgreSQL and S3, where two workers can be."""
    outcome = Outcome()
    with running_arena(options.on(POSTGRES_S3), workers=1) as arena:
        rounds = max(1, int(options.seconds // 30))
        for number in range(rounds):
            _freeze_and_wake(arena, outcome, number)
        outcome.figures["zombies"] = rounds
        arena.judge(outcome)
    return outcome


def run_alone(options: Options) -> Outcome:
    """Freeze the only worker: its job must be shown as stalled, and must complete once it goes on."""
    outcome = Outcome()
    with running_arena(options) as arena:
        job_id = long_upload(next(iter(arena.clients.values())), arena.ledger, options.random("long"))
        _wait(arena, job_id, lambda job: job["status"] == "running" and job["stage"] == "parse")
        worker = arena.product.pids("worker")[0]
        os.kill(worker, signal.SIGSTOP)
        try:
            time.sleep(ALONE_SECONDS)  # the experiment itself: so long the worker is frozen
            stalled = _look(arena, job_id)["stalled_at"]
            outcome.expect(stalled is not None, f"nobody said within {ALONE_SECONDS:.0f} s that job {job_id} stalled")
        finally:
            os.kill(worker, signal.SIGCONT)
        arena.judge(outcome)
    return outcome


def _freeze_and_wake(arena: Arena, outcome: Outcome, number: int) -> None:
    client = list(arena.clients.values())[number % len(arena.clients)]
    job_id = long_upload(client, arena.ledger, arena.options.random(f"long {number}"))
    first = _wait(arena, job_id, lambda job: job["status"] == "running" and job["stage"] == "parse")
    zombie = _pid_of(arena, first["lease_owner"])
    os.kill(zombie, signal.SIGSTOP)
    try:
        began = time.monotonic()
        second = _wait(arena, job_id, lambda job: job["attempt"] > first["attempt"] and job["stage"] == "parse")
        outcome.figures[f"taken over after s, {number + 1}"] = round(time.monotonic() - began, 1)
        successor = _pid_of(arena, second["lease_owner"])
        os.kill(successor, signal.SIGSTOP)
        try:
            before = _look(arena, job_id)
            os.kill(zombie, signal.SIGCONT)
            time.sleep(ZOMBIE_SECONDS)  # the experiment itself: so long the zombie may try to write
            after = _look(arena, job_id)
            outcome.expect(
                before["version"] == after["version"],
                f"a zombie of attempt {first['attempt']} wrote on job {job_id} in attempt {after['attempt']}: "
                f"{before['progress']} % became {after['progress']} %, {before['status']} became {after['status']}",
            )
        finally:
            os.kill(successor, signal.SIGCONT)
    finally:
        os.kill(zombie, signal.SIGCONT)
    arena.drain(outcome)


def _wait(arena: Arena, job_id: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    def fitting() -> dict[str, Any] | None:
        job = _look(arena, job_id)
        return job if fits(job) else None

    return until(fitting, TAKEN_SECONDS)


def _look(arena: Arena, job_id: str) -> dict[str, Any]:
    statement = sa.text("select * from background_jobs where id = :id")
    with arena.engine.connect() as connection:
        return dict(connection.execute(statement, {"id": arena.id_parameter(job_id)}).mappings().one())


def _pid_of(arena: Arena, executor: str) -> int:
    statement = sa.text("select pid from worker_leases where executor_id = :id")
    with arena.engine.connect() as connection:
        return int(connection.execute(statement, {"id": executor}).scalar_one())
