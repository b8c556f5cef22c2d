"""The API is killed while jobs end, and clients lose their connections: nobody misses an end, or is told it twice.

Thirty people each hold a stream that comes back as pages do. The jobs are moved in the database, as a worker does it, so
that they go on while nobody answers. What each client knows at the end is held against the database.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from uuid import UUID, uuid4

import jwt
import sqlalchemy as sa

from chaos.backends import running_backend
from chaos.experiment import Options, Outcome
from chaos.product import Product, running_product
from headway.jobs.service import EXTERNAL, JobMonitoringService
from headway.jobs.signal import open_signal
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from tests.support.light_streams import ENDED, LightStream, until_all
from tests.support.people import add_people

PEOPLE = 30
MOST_JOBS = 1000
LEAST_KILLS = 3
"""However slow the machine is: with fewer nothing is proven."""

CURRENT_SECONDS = 45
"""So long after a kill, and after the last one, everybody may take to know everything."""

SHOWN = 5
"""Violations of one kind that are told."""


def run(options: Options) -> Outcome:
    """Kill the API, and cut clients off, again and again for `options.seconds`."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Outcome:
    outcome, data = Outcome(), options.folder / "data"
    with running_backend(options) as backend, running_product(data, backend.environment) as product:
        url = backend.environment.get("DATABASE_URL", f"sqlite:///{data / 'headway.db'}")
        database = Database(url)
        changes = open_signal(database, listening=False)
        await changes.start()
        secret = (data / "jwt_secret").read_text().strip()
        tokens = await add_people(database, secret, *(f"{uuid4().hex}@example.org" for _ in range(PEOPLE)))
        owners = [str(jwt.decode(token, options={"verify_signature": False})["sub"]) for token in tokens]
        streams = {owner: LightStream(product.url, token) for owner, token in zip(owners, tokens, strict=True)}
        jobs = _Jobs(database, JobMonitoringService(database, SystemClock(), changes), owners)
        try:
            await _disturb(options, product, streams, jobs, outcome)
            await _judge(streams, jobs, outcome)
        finally:
            for stream in streams.values():
                stream.close()
            await changes.close()
            await database.close()
    return outcome


class _Jobs:
    """Jobs of everybody, one after the other, each with a beginning, some progress and an end."""

    def __init__(self, database: Database, service: JobMonitoringService, owners: list[str]) -> None:
        self._database = database
        self._service = service
        self._owners = owners
        self.ended = 0

    async def keep_ending(self, stop: asyncio.Event, chance: random.Random) -> None:
        while not stop.is_set() and self.ended < MOST_JOBS:
            owner = chance.choice(self._owners)
            async with self._database.write() as session:
                job = await self._service.create_in(
                    session, owner, "external", title="Short", engine=EXTERNAL, heartbeat_seconds=3600
                )
            await self._service.start_job(job.id)
            for progress in (20, 60):
                await self._service.update_progress(job.id, progress)
            await self._service.complete_job(job.id)
            self.ended += 1
            await asyncio.sleep(chance.uniform(0, 0.03))

    async def versions(self) -> dict[str, dict[str, tuple[int, str]]]:
        """Return version and status of every job by owner and id."""
        found: dict[str, dict[str, tuple[int, str]]] = {owner: {} for owner in self._owners}
        async with self._database.read() as session:
            rows = await session.execute(sa.text("select user_id, id, version, status from background_jobs"))
            for owner, job_id, version, status in rows:
                if owner in found:
                    found[owner][str(job_id if isinstance(job_id, UUID) else UUID(job_id))] = (version, status)
        return found


async def _disturb(
    options: Options, product: Product, streams: dict[str, LightStream], jobs: _Jobs, outcome: Outcome
) -> None:
    """Kill the API as soon as everybody is back; between two kills cut some clients off."""
    chance, stop = options.random("reconnects"), asyncio.Event()
    for stream in streams.values():
        stream.open()
    await _all_back(streams, outcome)
    ending = asyncio.create_task(jobs.keep_ending(stop, options.random("jobs")))
    kills = cuts = 0
    end = asyncio.get_running_loop().time() + options.seconds
    while (asyncio.get_running_loop().time() < end or kills < LEAST_KILLS) and not outcome.violations:
        for stream in chance.sample(list(streams.values()), PEOPLE // 3):
            stream.cut()
            cuts += 1
        await asyncio.sleep(chance.uniform(0.2, 1.0))
        for pid in product.pids("api"):
            os.kill(pid, signal.SIGKILL)
            kills += 1
        await until_all(streams.values(), lambda stream: not stream.is_current, CURRENT_SECONDS)
        await _all_back(streams, outcome)
    stop.set()
    await ending
    outcome.figures |= {"API killed": kills, "connections cut": cuts, "jobs ended": jobs.ended}


async def _all_back(streams: dict[str, LightStream], outcome: Outcome) -> None:
    back = await until_all(streams.values(), lambda stream: stream.is_current, CURRENT_SECONDS)
    missing = sum(not stream.is_current for stream in streams.values())
    outcome.expect(
        back, f"{missing} of {PEOPLE} clients were told nothing for {CURRENT_SECONDS} s after they came back"
    )


async def _judge(streams: dict[str, LightStream], jobs: _Jobs, outcome: Outcome) -> None:
    """Hold what everybody knows against the database."""
    expected = await jobs.versions()
    due = {id(stream): expected[owner] for owner, stream in streams.items()}
    await until_all(streams.values(), lambda stream: _knows(stream, due[id(stream)]), CURRENT_SECONDS)
    for owner, stream in streams.items():
        missed = [job for job, (_, status) in expected[owner].items() if status in ENDED and not stream.ends[job]]
        outcome.violations += [f"a client never heard of the end of job {job}" for job in missed[:SHOWN]]
        twice = [job for job, count in stream.ends.items() if count > 1]
        outcome.violations += [f"the end of job {job} was news twice" for job in twice[:SHOWN]]
        outcome.violations += stream.wrong[:SHOWN]
    outcome.figures["streams opened"] = sum(stream.connections for stream in streams.values())
    outcome.figures["snapshots"] = sum(stream.snapshots for stream in streams.values())


def _knows(stream: LightStream, expected: dict[str, tuple[int, str]]) -> bool:
    known = stream.known
    return all(job in known and known[job].version >= version for job, (version, _) in expected.items())
