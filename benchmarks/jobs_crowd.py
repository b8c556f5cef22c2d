"""A running product on PostgreSQL, and a crowd of people who each hold a live stream."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import jwt
import sqlalchemy as sa

from benchmarks.jobs_history import fresh_database
from headway.jobs.service import EXTERNAL, JobMonitoringService
from headway.jobs.signal import open_signal
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.kit.processes import allow_many_files
from tests.support.light_streams import LightStream, until_all
from tests.support.people import add_people
from tests.support.product import Server, free_port, running_server

STREAMS_AT_ONCE = 200
"""So many are being opened at a time when a crowd gathers."""

STREAMS_OF_AN_ADDRESS = 20_000
PATIENCE_SECONDS = 120


@dataclass
class Crowd:
    """The product, its database, and the streams, one for each person."""

    server: Server
    database: Database
    service: JobMonitoringService
    owners: list[str]
    tokens: list[str]
    streams: list[LightStream]

    @property
    def api(self) -> int:
        (found,) = self.server.pids("headway.app")
        return found

    async def open_streams(self) -> float:
        """Open a stream for everybody; return how many seconds passed until all had their snapshot."""
        began = time.monotonic()
        for first in range(0, len(self.tokens), STREAMS_AT_ONCE):
            opened = []
            for number in range(first, min(first + STREAMS_AT_ONCE, len(self.tokens))):
                source = f"127.0.0.{2 + number // STREAMS_OF_AN_ADDRESS}"
                opened.append(LightStream(self.server.url, self.tokens[number], source=source))
                opened[-1].open()
            self.streams += opened
            await self.until(lambda stream: stream.is_current, opened)
        return time.monotonic() - began

    async def until(
        self, condition: Callable[[LightStream], bool], streams: Sequence[LightStream] | None = None
    ) -> None:
        if not await until_all(self.streams if streams is None else streams, condition, PATIENCE_SECONDS):
            raise SystemExit(f"the streams did not get so far within {PATIENCE_SECONDS} s")

    async def create_jobs(self, each: int) -> dict[str, list[UUID]]:
        """Create so many jobs for everybody; return their ids by owner."""
        made: dict[str, list[UUID]] = {}
        async with self.database.write() as session:
            for owner in self.owners:
                jobs = [
                    await self.service.create_in(
                        session, owner, "external", title=f"Job {number}", engine=EXTERNAL, heartbeat_seconds=3600
                    )
                    for number in range(each)
                ]
                made[owner] = [job.id for job in jobs]
        return made

    async def versions(self) -> dict[str, dict[str, tuple[int, str]]]:
        """Return version and status of every job by owner and id, as the database has them."""
        found: dict[str, dict[str, tuple[int, str]]] = {owner: {} for owner in self.owners}
        async with self.database.read() as session:
            rows = await session.execute(
                sa.text("select user_id, cast(id as text), version, status from background_jobs")
            )
            for owner, job_id, version, status in rows:
                if owner in found:
                    found[owner][job_id] = (version, status)
        return found

    def end_api(self, number: signal.Signals) -> None:
        """End the API; the product starts another at the same address."""
        os.kill(self.api, number)


@contextlib.asynccontextmanager
async def gathered(folder: Path, postgres: str, people: int) -> AsyncIterator[Crowd]:
    """Run the product with so many people, whose streams are not opened yet."""
    url = fresh_database(postgres)
    folder.mkdir(parents=True)
    environment = {"DATABASE_URL": url, "HEADWAY_LOG_LEVEL": "warning"}
    with running_server(folder / "data", environment, free_port()) as server:
        allow_many_files()
        database = Database(url)
        changes = open_signal(database, listening=False)
        await changes.start()
        secret = (folder / "data" / "jwt_secret").read_text().strip()
        tokens = await add_people(database, secret, *(f"{uuid4().hex}@example.org" for _ in range(people)))
        owners = [str(jwt.decode(token, options={"verify_signature": False})["sub"]) for token in tokens]
        service = JobMonitoringService(database, SystemClock(), changes)
        crowd = Crowd(server, database, service, owners, tokens, [])
        try:
            yield crowd
        finally:
            for stream in crowd.streams:
                stream.close()
            await asyncio.sleep(0)
            await changes.close()
            await database.close()
