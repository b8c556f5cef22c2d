"""Programs send files to jobs that end while the bytes arrive: an ended job has the files that it had at its end.

A program that was started twice does that, and one that is slow to hear of a cancel. Of each pair of requests one ends
the job, and the other one brings the last bytes of a file: before the end, after it, or at the same moment.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Literal
from uuid import uuid4

import httpx

from chaos.backends import running_backend
from chaos.experiment import Options, Outcome
from chaos.product import running_product
from headway.app import PREFIX
from headway.kit.db import Database
from tests.support.people import add_people, client_of

Order = Literal["file first", "end first", "together"]
ORDERS: tuple[Order, ...] = ("file first", "end first", "together")
AT_ONCE = 6
LEAST_JOBS = 30
"""However slow the machine is: with fewer nothing is proven."""


def run(options: Options) -> Outcome:
    """Send files to jobs, and end these, for `options.seconds`."""
    return asyncio.run(_run(options))


async def _run(options: Options) -> Outcome:
    outcome, data = Outcome(), options.folder / "data"
    with running_backend(options) as backend, running_product(data, backend.environment) as product:
        database = Database(backend.environment.get("DATABASE_URL", f"sqlite:///{data / 'headway.db'}"))
        [token] = await add_people(database, (data / "jwt_secret").read_text().strip(), f"{uuid4().hex}@example.org")
        await database.close()
        seen: Counter[str] = Counter()
        end = asyncio.get_running_loop().time() + options.seconds
        async with client_of(product.url + PREFIX, token) as client:
            while asyncio.get_running_loop().time() < end or seen.total() < LEAST_JOBS:
                chances = [random.Random(f"{options.seed} {seen.total() + number}") for number in range(AT_ONCE)]
                seen.update(await asyncio.gather(*(_one(client, chance, outcome) for chance in chances)))
        outcome.figures |= {"jobs": seen.total(), **seen}
    return outcome


async def _one(client: httpx.AsyncClient, chance: random.Random, outcome: Outcome) -> str:
    """Send two files to a job, of which the second one meets its end; return how that one was answered."""
    job = (await client.post("/jobs", json={"job_type": "external", "title": "Late"})).raise_for_status().json()["id"]
    (await client.put(f"/jobs/{job}/artifacts/early.txt", content=b"early")).raise_for_status()
    order, begun, go = chance.choice(ORDERS), asyncio.Event(), asyncio.Event()
    sending = asyncio.create_task(client.put(f"/jobs/{job}/artifacts/late.txt", content=_in_halves(begun, go)))
    await begun.wait()
    if order != "end first":
        go.set()
    if order == "file first":
        await sending
    elif order == "together":
        await asyncio.sleep(chance.uniform(0, 0.02))
    (await client.post(f"/jobs/{job}/progress", json={"status": "completed"})).raise_for_status()
    go.set()
    answer = await sending
    await _judge(client, job, order, answer, outcome)
    return f"{order}: {answer.status_code}"


async def _in_halves(begun: asyncio.Event, go: asyncio.Event) -> AsyncIterator[bytes]:
    yield b"la"
    begun.set()
    await go.wait()
    yield b"te"


async def _judge(client: httpx.AsyncClient, job: str, order: Order, answer: httpx.Response, outcome: Outcome) -> None:
    listed = [file["name"] for file in await _items(client, f"/jobs/{job}/artifacts")]
    taken = answer.status_code == 201
    outcome.expect(taken or answer.status_code == 409, f"a file of job {job} was answered {answer.status_code}")
    said = f"the file of job {job} was answered {answer.status_code}, and its files are {listed}"
    outcome.expect(listed == ["early.txt", *(["late.txt"] if taken else [])], said)
    outcome.expect(taken or order != "file first", f"a file that came before the end of job {job} was refused")
    last = (await _items(client, f"/jobs/{job}/events"))[-1]["kind"]
    outcome.expect(last == "completed", f"job {job} had ended when it took a file: its last event is {last!r}")


async def _items(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(path)).raise_for_status().json()["items"]
    return found
