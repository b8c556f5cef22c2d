"""Live updates under a crowd, over processes on PostgreSQL. `./x bench jobs [RUNS] [SHARE]`; 3 and 1 without arguments.

- from a worker's call to the changed page of a real browser, with 1,000 streams open and 500 calls a second;
- 10,000 streams on which nothing happens: memory of the API, and how long other requests take meanwhile;
- the server is restarted under 2,000 streams, and jobs change while it is away: when is everybody current again;
- the API is killed 20 times under 200 streams while jobs end: what did anybody miss, or hear twice;
- what reporting progress costs an import: see `jobs_cost`.

SHARE makes all of it smaller, 0.1 for a tenth of the streams and kills. The figures come from clients on the same
machine, which share its cores with the product.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from playwright.async_api import Page, async_playwright

from benchmarks import jobs_cost
from benchmarks.figures import percentile, say, say_machine
from benchmarks.jobs_crowd import Crowd, gathered
from tests.browser.conftest import signed_in
from tests.support.browser import FLAGS, find_chromium, uibuild
from tests.support.light_streams import LightStream
from tests.support.memory import resident_mb
from tests.support.people import client_of
from tests.support.postgres import running_postgres
from tests.support.product import ADMIN, PASSWORD, until

WATCHERS, CALLS_PER_SECOND, MARKS = 999, 500, 80
IDLE, REQUESTS = 10_000, 300
STORM = 2_000
KILLS, UNDER_KILLS, JOBS_EACH = 20, 200, 5

OBSERVE = """element => {
  const card = element.shadowRoot
  window.marks = {}
  const look = () => {
    const found = /mark (\\d+)/.exec(card.textContent)
    if (found) window.marks[found[1]] ??= (performance.timeOrigin + performance.now()) / 1000
  }
  new MutationObserver(look).observe(card, { childList: true, characterData: true, subtree: true })
}"""
"""Notes when the first text with each mark was in the page."""

Run = Callable[[Path, str, float], Coroutine[Any, Any, dict[str, float]]]


@dataclass(frozen=True)
class Part:
    """One measurement: how it is run, and of each figure its unit and what was promised."""

    title: str
    run: Run
    figures: dict[str, tuple[str, float | None]]


def main(arguments: list[str]) -> None:
    runs = int(arguments[0]) if arguments else 3
    share = float(arguments[1]) if len(arguments) > 1 else 1.0
    chosen = arguments[2:] or [*PARTS, "cost"]
    say_machine()
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name, running_postgres() as postgres:
        for part in (part for part in PARTS if part in chosen):
            results = [
                asyncio.run(PARTS[part].run(Path(name) / f"{part}-{number}", postgres, share)) for number in range(runs)
            ]
            print(PARTS[part].title + (f" (a share of {share:g})" if share != 1 else ""))
            for figure, (unit, target) in PARTS[part].figures.items():
                say(figure, [result[figure] for result in results], unit, target)
    if "cost" in chosen:
        jobs_cost.main([str(runs), str(int(1_000_000 * share))])


# ------------------------------------------------------------ from a call to the page


async def call_to_page(folder: Path, postgres: str, share: float) -> dict[str, float]:
    async with gathered(folder, postgres, int(WATCHERS * share)) as crowd, async_playwright() as playwright:
        jobs = [job for of_one in (await crowd.create_jobs(1)).values() for job in of_one]
        opened = await crowd.open_streams()
        path, needs = find_chromium()
        if (node := uibuild().find_node()) is not None:
            os.environ["PLAYWRIGHT_NODEJS_PATH"] = node[0]
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS, env={**os.environ, **needs})
        page = (await signed_in(browser, crowd.server.url, ADMIN, PASSWORD)).page
        body = {"job_type": "external", "title": "Marked", "heartbeat_seconds": 3600}
        created = await page.request.post("/api/v2/jobs", data=body, headers={"Origin": crowd.server.url})
        marked = UUID((await created.json())["id"])
        await crowd.service.start_job(marked)
        await page.locator("headway-jobs button.open").click()
        await page.locator("headway-job-card").evaluate(OBSERVE)
        called, rate = await _report(crowd, jobs, CALLS_PER_SECOND * share, marked)
        latencies, passed_over = await _latencies(page, called)
        await browser.close()
    return {
        "streams opened in": opened,
        "calls a second": rate,
        "call to page, median": percentile(latencies, 50),
        "call to page, 95th percentile": percentile(latencies, 95),
        "call to page, 99th percentile": percentile(latencies, 99),
        "marks that were seen only with a newer one": passed_over,
    }


async def _report(crowd: Crowd, jobs: list[UUID], rate: float, marked: UUID) -> tuple[dict[str, float], float]:
    """Let another process report for all jobs; return when it made each marked call, and its calls a second."""
    command = [sys.executable, "-m", "benchmarks.jobs_reporter", crowd.database.sync_url, str(rate), str(MARKS * 0.35)]
    process = await asyncio.create_subprocess_exec(
        *command, str(marked), str(MARKS), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate("\n".join(map(str, jobs)).encode())
    lines = dict(line.split() for line in said.decode().splitlines())
    achieved = float(lines.pop("rate"))
    return {number: float(at) for number, at in lines.items()}, achieved


async def _latencies(page: Page, called: dict[str, float]) -> tuple[list[float], int]:
    """Return in how many ms each call was seen, and how many only with a newer one. The last one is waited for."""
    await page.wait_for_function(f"() => window.marks[{len(called)}] !== undefined")
    seen = {int(number): at for number, at in (await page.evaluate("() => window.marks")).items()}
    numbers = sorted(seen)
    # The page shows states and not a log: one that is passed over is seen with the first that is newer.
    shown = {number: seen[numbers[bisect_left(numbers, number)]] for number in map(int, called)}
    return [(shown[int(number)] - at) * 1000 for number, at in called.items()], len(called) - len(seen)


# ----------------------------------------------------------------------- idle streams


async def idle(folder: Path, postgres: str, share: float) -> dict[str, float]:
    async with gathered(folder, postgres, int(IDLE * share)) as crowd:
        alone = resident_mb(crowd.api)
        opened = await crowd.open_streams()
        async with client_of(f"{crowd.server.url}/api/v2", crowd.tokens[0]) as client:
            await _timed(client, 20)
            times = await _timed(client, REQUESTS)
        wrong = [text for stream in crowd.streams for text in stream.wrong]
        dropped = sum(stream.connections - 1 for stream in crowd.streams)
        return {
            "streams opened in": opened,
            "memory of the API without streams": alone,
            "memory of the API": resident_mb(crowd.api),
            "GET /jobs/active, median": percentile(times, 50),
            "GET /jobs/active, 99th percentile": percentile(times, 99),
            "streams that broke": dropped + len(wrong),
        }


async def _timed(client: httpx.AsyncClient, requests: int) -> list[float]:
    found = []
    for _ in range(requests):
        began = time.perf_counter()
        (await client.get("/jobs/active")).raise_for_status()
        found.append((time.perf_counter() - began) * 1000)
    return found


# ------------------------------------------------------------------- the server restarts


async def restart(folder: Path, postgres: str, share: float) -> dict[str, float]:
    async with gathered(folder, postgres, int(STORM * share)) as crowd:
        jobs = await crowd.create_jobs(2)
        opened = await crowd.open_streams()
        ready = len(crowd.server.lines)
        began = time.monotonic()
        crowd.end_api(signal.SIGTERM)
        await crowd.until(lambda stream: not stream.is_current)
        async with crowd.database.write() as session:
            for first, second in jobs.values():
                await crowd.service.progress_in(session, first, 50)
                await crowd.service.progress_in(session, second, 70)
        await asyncio.to_thread(until, lambda: any("ready on" in line for line in crowd.server.lines[ready:]))
        answered = time.monotonic()
        expected = await crowd.versions()
        of_stream = {id(stream): expected[owner] for stream, owner in zip(crowd.streams, crowd.owners, strict=True)}
        await crowd.until(lambda stream: stream.is_current and _knows(stream, of_stream[id(stream)]))
        current = time.monotonic()
        wrong = sum(len(stream.wrong) for stream in crowd.streams)
    return {
        "streams opened in": opened,
        "until the server answers again": answered - began,
        "all current, after it answers": current - answered,
        "all current, after the signal to stop": current - began,
        "wrong states": wrong,
    }


def _knows(stream: LightStream, expected: dict[str, tuple[int, str]]) -> bool:
    known = stream.known
    return all(job in known and known[job].version >= version for job, (version, _) in expected.items())


# ----------------------------------------------------------------- the server is killed


async def kills(folder: Path, postgres: str, share: float) -> dict[str, float]:
    chance = random.Random(7)
    count = max(2, int(KILLS * share))
    async with gathered(folder, postgres, int(UNDER_KILLS * share)) as crowd:
        jobs = [job for of_one in (await crowd.create_jobs(JOBS_EACH)).values() for job in of_one]
        await crowd.open_streams()
        chance.shuffle(jobs)
        for number in range(count):
            ready = len(crowd.server.lines)
            due = jobs[number * len(jobs) // count : (number + 1) * len(jobs) // count]
            ending = asyncio.create_task(_end_jobs(crowd, due))
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            crowd.end_api(signal.SIGKILL)
            await ending
            await asyncio.to_thread(
                until, lambda ready=ready: any("ready on" in line for line in crowd.server.lines[ready:])
            )
        expected = await crowd.versions()
        of_stream = {id(stream): expected[owner] for stream, owner in zip(crowd.streams, crowd.owners, strict=True)}
        await crowd.until(lambda stream: _knows(stream, of_stream[id(stream)]))
        ends = [stream.ends[job] for stream in crowd.streams for job in of_stream[id(stream)]]
        return {
            "kills": count,
            "ends that somebody missed": ends.count(0),
            "ends that somebody heard twice": sum(count > 1 for count in ends),
            "other wrong states": sum(len(stream.wrong) for stream in crowd.streams),
        }


async def _end_jobs(crowd: Crowd, jobs: list[UUID]) -> None:
    for job in jobs:
        await crowd.service.update_progress(job, 60)
        await crowd.service.complete_job(job)


PARTS = {
    "page": Part(
        f"From a worker's call to the page: {WATCHERS + 1} streams, {CALLS_PER_SECOND} calls a second",
        call_to_page,
        {
            "streams opened in": ("s", None),
            "calls a second": ("", None),
            "call to page, median": ("ms", None),
            "call to page, 95th percentile": ("ms", 150),
            "call to page, 99th percentile": ("ms", None),
            "marks that were seen only with a newer one": ("", None),
        },
    ),
    "idle": Part(
        f"{IDLE} streams on which nothing happens",
        idle,
        {
            "streams opened in": ("s", None),
            "memory of the API without streams": ("MB", None),
            "memory of the API": ("MB", 400),
            "GET /jobs/active, median": ("ms", None),
            "GET /jobs/active, 99th percentile": ("ms", 25),
            "streams that broke": ("", 0),
        },
    ),
    "restart": Part(
        f"The server is restarted under {STORM} streams, and every job changes while it is away",
        restart,
        {
            "streams opened in": ("s", None),
            "until the server answers again": ("s", None),
            "all current, after it answers": ("s", 5),
            "all current, after the signal to stop": ("s", None),
            "wrong states": ("", 0),
        },
    ),
    "kills": Part(
        f"The API is killed {KILLS} times under {UNDER_KILLS} streams while {UNDER_KILLS * JOBS_EACH} jobs end",
        kills,
        {
            "kills": ("", None),
            "ends that somebody missed": ("", 0),
            "ends that somebody heard twice": ("", 0),
            "other wrong states": ("", 0),
        },
    ),
}


if __name__ == "__main__":
    main(sys.argv[1:])
