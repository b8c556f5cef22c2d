"""A host with Celery on a real Redis, one for all tests of a session that ask for it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from celery import Celery

from headway.jobs.deliveries import Deliveries
from headway.jobs.history import JobHistory
from headway.jobs.reaper import Reaper
from headway.jobs.service import JobMonitoringService
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from tests.support.celery_app import hurry, make_app
from tests.support.celery_host import Host, Worker
from tests.support.redis import Broker, running_redis
from tests.support.signals import RecordingSignal


@pytest.fixture(scope="module")
def redis_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running_redis(tmp_path_factory.mktemp("redis")) as broker:
        yield broker


@pytest.fixture(scope="module")
def celery_place(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The database of the host, which its workers and the owner's side of Headway share."""
    path = tmp_path_factory.mktemp("host") / "headway.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def celery_app(redis_broker: Broker, celery_place: str) -> Iterator[Celery]:
    """The producer's half, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch.setattr)
        app, tracking = make_app(redis_broker.url, celery_place)
        yield app
        tracking.close()
        app.close()


@pytest.fixture(scope="module")
def celery_worker(
    redis_broker: Broker, celery_place: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    worker = Worker(redis_broker, celery_place, tmp_path_factory.mktemp("worker") / "log")
    yield worker
    worker.kill()


@pytest.fixture
async def host(celery_app: Celery, celery_worker: Worker, celery_place: str, tmp_path: Path) -> AsyncIterator[Host]:
    """Somebody of the host, its worker, and Headway, which looks for the silent."""
    database, clock, signal = Database(celery_place), SystemClock(), RecordingSignal()
    service = JobMonitoringService(database, clock, signal)
    reaper = Reaper(database, clock, service, Deliveries(database, clock, signal, None))  # type: ignore[arg-type]

    async def look() -> None:
        while True:
            await reaper.sweep({})
            await asyncio.sleep(0.1)

    looking = asyncio.create_task(look())
    celery_worker.start()
    yield Host(celery_app, celery_worker, service, JobHistory(database), tmp_path, f"user-{uuid4().hex[:8]}")
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    await database.close()
