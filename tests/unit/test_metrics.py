"""What `GET /metrics` says, and to whom."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr, ValidationError

from headway.accounts.models import User
from headway.accounts.tokens import Claims, TokenSigner
from headway.app import PREFIX, create_app
from headway.engine.models import WorkerLease
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.settings import Settings
from tests.support.serving import serving
from tests.support.signals import RecordingSignal

SECRET = "Kq3xZp7Rw1Vt9Ls5Yd2Nf8Hb4Jc6Mg0TeUaXiOo"
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "operate.md"
SCRAPER = "long-enough-to-be-hard-to-guess-ß"

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Product:
    """The app as it runs, and who asks it."""

    def __init__(self, app: FastAPI, url: str, tokens: dict[str, str]) -> None:
        self.app = app
        self.url = url
        self.tokens = tokens

    def client(self, who: str | None = "admin") -> httpx.AsyncClient:
        headers = [(b"Authorization", f"Bearer {self.tokens.get(who, who)}".encode())] if who else []
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=30)

    async def status(self, who: str | None, **headers: str) -> int:
        async with self.client(who) as client:
            answer = await client.get("/metrics", headers=headers)
        expected = "text/plain" if answer.status_code == 200 else "application/problem+json"
        assert answer.headers["content-type"].startswith(expected)
        assert answer.is_error or answer.headers["cache-control"] == "no-store"
        return answer.status_code

    async def samples(self) -> Samples:
        async with self.client(SCRAPER) as client:
            return read(await client.get("/metrics"))


def read(answer: httpx.Response) -> Samples:
    """Return what a collector would take from the answer: value by name and labels."""
    assert answer.status_code == 200, answer.text
    families = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in families}) == len(families), "a family may be told only once"
    assert all(family.documentation for family in families)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


@pytest.fixture
async def product(settings: Settings, database: Database) -> AsyncIterator[Product]:
    app = create_app(settings.model_copy(update={"jwt_secret": SecretStr(SECRET), "metrics_token": SecretStr(SCRAPER)}))
    async with serving(app) as url:
        yield Product(app, url, await _tokens(database))


async def _tokens(database: Database) -> dict[str, str]:
    signer = TokenSigner(SECRET, 3600, SystemClock())
    async with database.write() as session:
        admin = (await session.execute(sa.select(User))).scalar_one()
        user = User(
            id=uuid4(), email="ada@example.org", role="user", password_hash=admin.password_hash, credentials_version=0,
            created_at=admin.created_at, password_changed_at=admin.created_at,
        )  # fmt: skip
        session.add(user)
    return {"admin": signer.issue(Claims(admin.id, 0)), "ada": signer.issue(Claims(user.id, 0))}


# ------------------------------------------------------------------------------------- to whom


async def test_administrators_and_who_bears_the_token_may_look(product: Product) -> None:
    expected = {None: 401, "noise": 401, SCRAPER[:-1]: 401, SCRAPER + "x": 401, "ada": 403, "admin": 200, SCRAPER: 200}
    assert {who: await product.status(who) for who in expected} == expected


async def test_the_token_is_nothing_but_a_bearer_token(product: Product) -> None:
    for header in ("Basic", "Digest"):
        async with product.client(None) as client:
            sent = {"Authorization": f"{header} {SCRAPER}".encode()}
            assert (await client.get("/metrics", headers=sent)).status_code == 401
    async with product.client(SCRAPER) as client:
        assert (await client.get(f"{PREFIX}/me")).status_code == 401


async def test_without_a_token_of_its_own_nothing_but_an_administrator_gets_in(settings: Settings) -> None:
    async with asking(create_app(settings)) as client:
        for sent in ({}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
            assert (await client.get("/metrics", headers=sent)).status_code == 401


async def test_it_is_open_to_all_only_where_that_is_said(settings: Settings) -> None:
    async with asking(create_app(settings.model_copy(update={"metrics_public": True}))) as client:
        assert (await client.get("/metrics")).status_code == 200


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 16 characters"):
        Settings(metrics_token="short")


@contextlib.asynccontextmanager
async def asking(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Ask an app that was never started: nothing of it is open."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


# -------------------------------------------------------------------------------------- requests


async def test_requests_are_counted_by_their_route_and_never_by_what_was_asked_for(product: Product) -> None:
    async with product.client() as client:
        for _ in range(3):
            assert (await client.get(f"{PREFIX}/jobs/{uuid4()}")).status_code == 404
        await client.get(f"{PREFIX}/jobs/{uuid4()}/secret")
        await client.get("/nothing/of/the/sort")
        await client.request("BREW", f"{PREFIX}/jobs")
        await client.request("PUT", f"{PREFIX}/jobs")
        await client.post(f"{PREFIX}/auth/session", content=b"{", headers={"Content-Type": "application/json"})
    samples = await product.samples()
    requests = {
        (labels["method"], labels["route"], labels["status"]): count
        for (name, found), count in samples.items()
        if name == "headway_http_requests_total" and (labels := dict(found))["route"] != "/readyz"
    }
    assert requests == {
        ("GET", f"{PREFIX}/jobs/{{job_id}}", "404"): 3, ("GET", "other", "404"): 2, ("other", f"{PREFIX}/jobs", "405"): 1,
        ("PUT", f"{PREFIX}/jobs", "405"): 1, ("POST", "other", "400"): 1,
    }  # fmt: skip
    labels = {"method": "GET", "route": f"{PREFIX}/jobs/{{job_id}}"}
    assert value(samples, "headway_http_request_duration_seconds_count", **labels) == 3


async def test_what_nobody_foresaw_is_counted_and_carries_an_id(product: Product) -> None:
    @product.app.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    async with product.client() as client:
        answer = await client.get("/broken", headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.headers["x-request-id"], answer.json()["support_id"]) == (500, "mine", "mine")
    samples = await product.samples()
    assert value(samples, "headway_http_requests_total", method="GET", route="/broken", status="500") == 1


async def test_open_streams_are_counted_while_they_are_open(product: Product) -> None:
    async with product.client("ada") as ada, ada.stream("GET", f"{PREFIX}/jobs/stream") as stream:
        pieces = stream.aiter_bytes()
        await anext(pieces)
        assert value(await product.samples(), "headway_event_streams") == 1
    await until(product, lambda samples: value(samples, "headway_event_streams") == 0)


async def test_uploads_are_counted_while_they_arrive_and_their_bytes_for_ever(product: Product) -> None:
    go_on = asyncio.Event()

    async def content() -> AsyncIterator[bytes]:
        yield b"a,b\n"
        await go_on.wait()
        yield b"1,2\n"

    async with product.client("ada") as ada:
        upload = asyncio.create_task(ada.post(f"{PREFIX}/imports?filename=a.csv", content=content()))
        await until(product, lambda samples: value(samples, "headway_upload_received_bytes_total") == 4)
        assert value(await product.samples(), "headway_uploads") == 1
        go_on.set()
        assert (await upload).status_code == 202
    samples = await product.samples()
    assert (value(samples, "headway_uploads"), value(samples, "headway_upload_received_bytes_total")) == (0, 8)
    assert value(samples, "headway_jobs_live", job_type="import", status="pending") == 1


async def test_the_guide_names_what_there_is(product: Product, database: Database) -> None:
    service = JobMonitoringService(database, SystemClock(), RecordingSignal())
    await service.fail(await _claimed(service, database), {"detail": "no", "code": "csv.broken"})
    await product.samples()  # a request that has been answered
    told = {name for name, _ in await product.samples() if not name.startswith("headway_process_")}
    told = {re.sub(r"_(bucket|count|sum)$", "", name) for name in told}
    written = set(
        re.findall(r"headway_[a-z0-9_]+", GUIDE.read_text().partition("## Watch it")[2].partition("\n## ")[0])
    )
    assert written - {"headway_token", "headway_process_"} == told


async def until(product: Product, is_so: Callable[[Samples], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so(await product.samples()):
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------------------- jobs, workers, disks


async def test_workers_jobs_and_disks_are_told_as_they_are(product: Product, database: Database, backend: str) -> None:
    now = SystemClock().now()
    service = JobMonitoringService(database, SystemClock(), RecordingSignal())
    failed = await _claimed(service, database)
    await service.fail(failed, {"detail": "no", "code": "csv.broken"})
    await _claimed(service, database)
    async with database.write() as session:
        for name in ("one", "two"):
            session.add(WorkerLease(executor_id=name, host="h", pid=1, started_at=now, beat_at=now))
    samples = await product.samples()
    assert value(samples, "headway_up", part="database") == 1
    assert value(samples, "headway_workers_alive") == 2
    assert value(samples, "headway_jobs_live", job_type="import", status="running") == 1
    assert value(samples, "headway_jobs_oldest_wait_seconds") == 0
    assert value(samples, "headway_jobs_ended_15m", job_type="import", status="failed", code="csv.broken") == 1
    disks = {dict(labels)["folder"] for name, labels in samples if name == "headway_disk_free_bytes"}
    assert disks == ({"data", "store"} if backend == "sqlite" else {"data"})
    for folder in disks:
        free, size = (value(samples, f"headway_disk_{what}_bytes", folder=folder) for what in ("free", "size"))
        assert free is not None
        assert size is not None
        assert 0 < free <= size
    assert value(samples, "headway_process_resident_memory_bytes")
    assert [labels for (name, labels) in samples if name == "headway_build_info"]
    assert all(name.startswith("headway_") for name, _ in samples)


async def test_an_end_that_was_told_once_is_told_as_0_when_it_is_long_ago(product: Product, database: Database) -> None:
    service = JobMonitoringService(database, SystemClock(), RecordingSignal())
    await service.fail(await _claimed(service, database), {"detail": "no", "code": "csv.broken"})
    ended = {"job_type": "import", "status": "failed", "code": "csv.broken"}
    assert value(await product.samples(), "headway_jobs_ended_15m", **ended) == 1
    async with database.write() as session:
        await session.execute(sa.text("delete from background_jobs"))
    assert value(await product.samples(), "headway_jobs_ended_15m", **ended) == 0


async def _claimed(service: JobMonitoringService, database: Database) -> Any:
    async with database.write() as session:
        job = await service.create_in(session, "ann", "import", kind="test", engine="test", delivery=1)
    return await service.claim(job.id, "worker", seconds=3600)


# ------------------------------------------------------------------------------------- database


async def test_a_scrape_answers_while_somebody_writes_and_writes_nothing(product: Product, database: Database) -> None:
    begun: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        begun.append(statement.split(maxsplit=1)[0].upper())

    async with database.write() as session:
        await session.execute(sa.text("update users set email = email"))
        sa.event.listen(sa.Engine, "before_cursor_execute", note)
        async with asyncio.timeout(10):
            samples = await product.samples()
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    assert value(samples, "headway_up", part="database") == 1
    assert "SELECT" in begun
    assert {"INSERT", "UPDATE", "DELETE"}.isdisjoint(begun)


async def test_it_answers_while_the_database_is_away_and_says_so(settings: Settings) -> None:
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        away = f"postgresql://someone@127.0.0.1:{nobody_listens.getsockname()[1]}/some"
        changed = {"metrics_token": SecretStr(SCRAPER), "database_url": SecretStr(away)}
        async with asking(create_app(settings.model_copy(update=changed))) as client:
            answer = await client.get("/metrics", headers={"Authorization": f"Bearer {SCRAPER}".encode()})
    samples = read(answer)
    assert value(samples, "headway_up", part="database") == 0
    assert value(samples, "headway_event_streams") == 0
    assert value(samples, "headway_disk_free_bytes", folder="data")
    # A 0 would say that all workers are dead, or that nothing waits.
    assert not [name for name, _ in samples if name.startswith(("headway_jobs", "headway_workers"))]
