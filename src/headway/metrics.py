"""What operators see from outside: `GET /metrics`, in the text format of Prometheus.

Requests, streams and uploads are this process's own. Jobs and workers are read from the database at each scrape, so
every API process tells the same of them, and workers need no port (docs/decisions/0023).
"""

from __future__ import annotations

import asyncio
import logging
import platform
import secrets
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from fastapi.security.utils import get_authorization_scheme_param
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import BaseRoute

from headway.engine.lease import count_alive
from headway.errors import Forbidden, Unauthorized
from headway.intake.arrival import Arrivals
from headway.jobs.census import Census, take_census
from headway.jobs.live import LiveFeed
from headway.kit.actor import Actor
from headway.kit.asgi import App, Message, Receive, Scope, Send
from headway.kit.clock import Clock
from headway.kit.db import Database
from headway.kit.room import disk_room

log = logging.getLogger(__name__)

PATH = "/metrics"
DATABASE_SECONDS = 5.0
"""How long a scrape waits for the database; Prometheus itself gives up after ten seconds."""

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""The label of methods and addresses that no route knows: clients can think of any number of them."""

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600)
"""In seconds. The long ones are for uploads, which are answered after their last byte."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What only the database knows."""

    census: Census
    workers: int


class Metrics:
    """All numbers of one API process."""

    def __init__(
        self, database: Database, clock: Clock, live: LiveFeed, arrivals: Arrivals, folders: Mapping[str, Path]
    ) -> None:
        """`folders` are those whose disks may fill up, by the name that the label `folder` gives them."""
        self._database = database
        self._clock = clock
        self._live = live
        self._arrivals = arrivals
        self._folders = folders
        self._ended_before: set[tuple[str, str, str]] = set()
        # When each series began would double their number, and nothing here reads it.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own
        self._registry = CollectorRegistry()
        ProcessCollector(namespace="headway", registry=self._registry)
        self.requests = Counter(
            "headway_http_requests", "Requests.", ["method", "route", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "headway_http_request_duration_seconds", "Time until an answer begins; a stream may last much longer.",
            ["method", "route"], buckets=BUCKETS, registry=self._registry,
        )  # fmt: skip

    async def scrape(self) -> bytes:
        """Return the page. Takes no write transaction, and answers also while the database does not."""
        stored = await self._ask_database()
        families = [*self._of_process(), *self._of_disks(), *self._of_database(stored)]
        return generate_latest(_Page(self._registry, families))

    async def _ask_database(self) -> _Stored | None:
        try:
            async with asyncio.timeout(DATABASE_SECONDS), self._database.read() as session:
                census = await take_census(session, self._clock)
                return _Stored(census, await count_alive(session, self._database, self._clock))
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("the database could not be asked for metrics: %s", type(error).__name__)
            return None

    def _of_process(self) -> Iterator[Metric]:
        build = GaugeMetricFamily("headway_build_info", "What runs here.", labels=["version", "python"])
        build.add_metric([version("headway"), platform.python_version()], 1)
        yield build
        streams = "Event streams that are open to this process."
        yield GaugeMetricFamily("headway_event_streams", streams, self._live.open_streams)
        yield GaugeMetricFamily(
            "headway_uploads", "Uploads that are arriving in this process.", self._arrivals.in_flight
        )
        received = "Bytes of files that have arrived in this process, of uploads that failed too."
        yield CounterMetricFamily("headway_upload_received_bytes", received, self._arrivals.received_bytes)

    def _of_disks(self) -> Iterator[Metric]:
        free = GaugeMetricFamily("headway_disk_free_bytes", "Free on the disk of a folder.", labels=["folder"])
        size = GaugeMetricFamily("headway_disk_size_bytes", "Size of the disk of a folder.", labels=["folder"])
        for name, folder in self._folders.items():
            try:
                room = disk_room(folder)
            except OSError as error:
                log.warning("the disk of %s could not be looked at for metrics: %s", folder, error)
                continue
            free.add_metric([name], room.free)
            size.add_metric([name], room.total)
        yield from (free, size)

    def _of_database(self, stored: _Stored | None) -> Iterator[Metric]:
        up = GaugeMetricFamily("headway_up", "Whether a part answers: 1 or 0.", labels=["part"])
        up.add_metric(["database"], int(stored is not None))
        yield up
        if stored is None:
            # Left out rather than told as 0, which would say that all is well, or that all workers are dead.
            return
        yield GaugeMetricFamily(
            "headway_workers_alive", "Workers that have lately given a sign of life.", stored.workers
        )
        yield from self._of_jobs(stored.census)

    def _of_jobs(self, census: Census) -> Iterator[Metric]:
        live = GaugeMetricFamily("headway_jobs_live", "Jobs that have not ended.", labels=["job_type", "status"])
        for kind, number in census.live.items():
            live.add_metric(kind, number)
        yield live
        wait = "How long the first accepted job has waited for a worker; 0 if none waits."
        yield GaugeMetricFamily("headway_jobs_oldest_wait_seconds", wait, max(0.0, census.oldest_wait_seconds))
        ended = GaugeMetricFamily(
            "headway_jobs_ended_15m", "Jobs that ended in the last 15 minutes; `code` is the problem's.",
            labels=["job_type", "status", "code"],
        )  # fmt: skip
        # What was there once stays as 0: an average over time leaves gaps out, and would be too high.
        self._ended_before |= census.ended.keys()
        for end in sorted(self._ended_before):
            ended.add_metric(end, census.ended[end])
        yield ended


class _Page(Collector):
    """What is counted all the time, and after it what was looked up for one scrape."""

    def __init__(self, counted: CollectorRegistry, looked_up: Iterable[Metric]) -> None:
        self._counted = counted
        self._looked_up = looked_up

    def collect(self) -> Iterator[Metric]:
        yield from self._counted.collect()
        yield from self._looked_up


class MeasuredRequests:
    """ASGI middleware that counts every request and how long its answer took to begin."""

    def __init__(self, app: App, metrics: Metrics, clock: Clock, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        # A route of an included router knows its own part of the address only.
        self._templates = {id(each.original_route): each.path_format for each in iter_route_contexts(routes)}
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = self._clock.monotonic(), "none"

        async def answering(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                self._count(scope, status, began)
            await send(message)

        try:
            await self._app(scope, receive, answering)
        finally:
            if status == "none":
                # The client went away before there was an answer.
                self._count(scope, status, began)

    def _count(self, scope: Scope, status: str, began: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        # Never the path that was asked for, which is anybody's text, but that of the route which took it.
        taken_by = scope.get("route")
        route = self._templates.get(id(taken_by)) or getattr(taken_by, "path", OTHER)
        self._metrics.requests.labels(method, route, status).inc()
        self._metrics.seconds.labels(method, route).observe(self._clock.monotonic() - began)


def serve_metrics(
    app: FastAPI, metrics: Metrics, verify: Callable[[str], Awaitable[Actor]], *, token: str, is_public: bool
) -> None:
    """Add the address: for who bears `token` (if one is set) or is an administrator, or for everybody if public."""

    @app.get(PATH, include_in_schema=False)
    async def scrape(request: Request) -> Response:
        if not is_public:
            await _refuse_strangers(request, verify, token)
        headers = {"Cache-Control": "no-store"}
        return Response(await metrics.scrape(), media_type=CONTENT_TYPE_PLAIN_0_0_4, headers=headers)


async def _refuse_strangers(request: Request, verify: Callable[[str], Awaitable[Actor]], token: str) -> None:
    scheme, borne = get_authorization_scheme_param(request.headers.get("Authorization"))
    if scheme.lower() != "bearer" or not borne:
        raise Unauthorized
    # Headers are read as Latin-1; as bytes, a token may be in any language.
    if token and secrets.compare_digest(borne.encode("latin-1"), token.encode()):
        return
    if not (await verify(borne)).is_admin:
        raise Forbidden("Only administrators may see the metrics.")
