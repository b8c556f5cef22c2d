"""Users for the experiments: one that asks all the time and takes times, uploaders that repeat, and who runs."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import httpx

from chaos.experiment import Outcome
from tests.support.product import Server

GOAL_MS, WORST_MS = 100, 250
"""99 of 100 answers should come within the first; beyond the second a promise is broken."""

PROBE_TIMEOUT_SECONDS = 10
UPLOAD_TIMEOUT_SECONDS = 12
MOST_PAUSE_SECONDS = 2.0
"""Retry-After may say more; a chaos run has only so much time."""


def percentile(values: Iterable[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of the values do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0


# ---------------------------------------------------------------------------- asking


@dataclass(frozen=True)
class Probe:
    """One request: when it was due (`time.monotonic`), seconds from then to its answer, its status or 0."""

    due: float
    seconds: float
    status: int


@dataclass
class Probes:
    """What the asking user saw; complete once the block of `probing` has ended."""

    seen: list[Probe] = field(default_factory=list)

    def ms(self, percent: float, since: float = 0) -> float:
        return round(percentile((probe.seconds for probe in self.seen if probe.due >= since), percent) * 1000, 1)

    def figures(self) -> dict[str, float | int | str]:
        p99 = self.ms(99)
        return {
            "probes": len(self.seen),
            "probe p50 ms": self.ms(50),
            "probe p99 ms": p99,
            "probe max ms": self.ms(100),
            f"probe p99 <= {GOAL_MS} ms": "yes" if p99 <= GOAL_MS else "no",
        }

    def judge(self, outcome: Outcome) -> None:
        """Put the figures into the outcome, and the broken promises."""
        p99 = self.ms(99)
        failed = Counter(probe.status for probe in self.seen if probe.status != 200)
        outcome.figures |= self.figures()
        outcome.expect(bool(self.seen), "GET /jobs/active was never answered")
        outcome.expect(
            p99 <= WORST_MS, f"GET /jobs/active took {p99:.0f} ms in the 99th percentile, over {WORST_MS} ms"
        )
        outcome.expect(not failed, f"GET /jobs/active failed, by status (0: no answer): {dict(failed)}")


@contextlib.contextmanager
def probing(client: httpx.Client, *, per_second: float = 20, fresh: bool = False) -> Iterator[Probes]:
    """Ask for the active jobs with the client's token until the block ends.

    It is a process of its own, so that the load in this one does not slow its clock. `fresh` opens a connection for
    each request.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    url, token = f"{client.base_url}jobs/active", client.headers["Authorization"]
    process = context.Process(target=_probe, args=(theirs, url, token, 1 / per_second, fresh), daemon=True)
    process.start()
    theirs.close()
    probes = Probes()
    try:
        ours.recv()
        yield probes
    finally:
        with contextlib.suppress(OSError, EOFError):
            ours.send("stop")
            probes.seen += ours.recv()
        process.join(PROBE_TIMEOUT_SECONDS)
        process.kill()
        process.join()
        ours.close()


def _probe(control: Connection, url: str, token: str, every: float, fresh: bool) -> None:
    asyncio.run(_ask_until_told(control, url, token, every, fresh=fresh))


async def _ask_until_told(control: Connection, url: str, token: str, every: float, *, fresh: bool) -> None:
    limits = httpx.Limits(max_keepalive_connections=0 if fresh else None)
    headers = {"Authorization": token}
    seen: list[Probe] = []
    client = httpx.AsyncClient(timeout=PROBE_TIMEOUT_SECONDS, headers=headers, limits=limits, trust_env=False)
    async with client, asyncio.TaskGroup() as asking:
        await client.get(url)
        control.send("ready")
        due = time.monotonic()
        # Nobody waits for the answer to an earlier request, or a stall would be one slow answer only.
        while not control.poll():
            asking.create_task(_ask(client, url, due, seen))
            due += every
            await asyncio.sleep(max(0.0, due - time.monotonic()))
    control.send(seen)


async def _ask(client: httpx.AsyncClient, url: str, due: float, seen: list[Probe]) -> None:
    try:
        status = (await client.get(url)).status_code
    except httpx.HTTPError:
        status = 0
    seen.append(Probe(due, time.monotonic() - due, status))


# ---------------------------------------------------------------------------- processes


def main_pids(server: Server) -> dict[str, int]:
    """Return the pids of the API and of the worker by these names, 0 for one that does not run."""
    words = {"api": "headway.app", "worker": "headway.worker"}
    return {name: next(iter(server.pids(word)), 0) for name, word in words.items()}


def expect_same_processes(server: Server, pids: dict[str, int], outcome: Outcome) -> None:
    """Note who was restarted. A restarted API has a new address, which the server is given."""
    for name, pid in main_pids(server).items():
        outcome.expect(pid == pids[name], f"the {name} died and was started again, or is still away")
    addresses = [line.rpartition(" ")[2] for line in server.lines if "ready on http" in line]
    server.url = addresses[-1]


# ---------------------------------------------------------------------------- uploading


@dataclass(frozen=True)
class Upload:
    """A file to be uploaded, under its idempotency key."""

    key: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Answers:
    """What uploads were answered, and what of it may not be."""

    kinds: Counter[str] = field(default_factory=Counter)
    forbidden: Counter[str] = field(default_factory=Counter)

    def note(self, answer: httpx.Response) -> None:
        code = _code(answer)
        self.kinds[f"{answer.status_code} {code}".strip()] += 1
        if answer.status_code == 503 and "retry-after" not in answer.headers:
            self.forbidden[f"503 {code} without Retry-After"] += 1
        elif answer.status_code not in {200, 202, 409, 503}:
            self.forbidden[f"{answer.status_code} {code}"] += 1


def upload_until_acknowledged(
    client: httpx.Client, upload: Upload, answers: Answers, may_go_on: Callable[[], bool]
) -> str | None:
    """Repeat the upload under its key until it is acknowledged; return its job, or None if there was no more time."""
    while may_go_on():
        try:
            answer = client.post(
                "/imports",
                params={"filename": f"{upload.key}.csv"},
                content=upload.content,
                headers={"Idempotency-Key": upload.key},
                timeout=UPLOAD_TIMEOUT_SECONDS,
            )
        except httpx.TransportError as error:
            answers.kinds[type(error).__name__] += 1
            time.sleep(MOST_PAUSE_SECONDS / 4)  # nothing was said, so a client waits by itself
            continue
        answers.note(answer)
        if answer.status_code in {200, 202}:
            return str(answer.json()["id"])
        wait = answer.headers.get("retry-after", "1")
        # As long as the product asks for.
        time.sleep(min(MOST_PAUSE_SECONDS, float(wait) if wait.isdigit() else 1.0))
    return None


def _code(answer: httpx.Response) -> str:
    with contextlib.suppress(ValueError, AttributeError):
        body: dict[str, Any] = answer.json()
        return str(body.get("code", ""))
    return ""
