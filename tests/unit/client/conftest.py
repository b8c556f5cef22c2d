"""A running server with somebody whose programs report to it, over a line that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from headway.app import PREFIX, create_app
from headway.kit.db import Database
from headway.settings import Settings
from tests.support.people import add_people, client_of
from tests.support.relay import Relay
from tests.support.serving import serving

SECRET = "Kq3xZp7Rw1Vt9Ls5Yd2Nf8Hb4Jc6Mg0TeUaXiOo"
DEADLINE_SECONDS = 30


@dataclass
class Owner:
    """Somebody who looks at their jobs, and the line of their programs."""

    http: httpx.AsyncClient
    token: str
    line: Relay

    async def jobs(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.http.get(f"{PREFIX}/jobs")).json()["items"]
        return items

    async def only_job(self) -> dict[str, Any]:
        [job] = await self.jobs()
        return job

    async def sees(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until that is so of the owner's only job, and return it."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            while True:
                for job in await self.jobs():
                    if is_so(job):
                        return job
                await asyncio.sleep(0.02)

    async def cancels(self) -> None:
        job = await self.only_job()
        (await self.http.post(f"{PREFIX}/jobs/{job['id']}/cancel")).raise_for_status()


@pytest.fixture
async def owner(settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Owner]:
    app = create_app(settings.model_copy(update={"jwt_secret": SecretStr(SECRET)}))
    # Before the app starts: where there is somebody, no password of a first administrator is hashed.
    [token] = await add_people(database, SECRET, "ada@example.org")
    async with serving(app) as url:
        line = Relay(url)
        monkeypatch.setenv("HEADWAY_URL", line.url)
        monkeypatch.setenv("HEADWAY_TOKEN", token)
        monkeypatch.setenv("NO_PROXY", "*")
        await line.mend()
        async with client_of(url, token) as http:
            yield Owner(http, token, line)
        await line.cut()
