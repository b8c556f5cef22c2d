"""Traces: one joins the request, the job and its stages; nothing is made, and nothing imported, unless it is wanted."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from uuid import UUID

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from headway.app import PREFIX, create_app
from headway.errors import BadRequest
from headway.intake.identity import KIND
from headway.jobs.execution import Task, TaskContext
from headway.jobs.service import JobMonitoringService
from headway.kit import tracing
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.settings import Settings
from tests.support.executing import executing
from tests.support.signals import RecordingSignal

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE = int(CALLER.split("-")[1], 16)


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    """What the product makes its traces with while the test runs."""
    provider = TracerProvider(shutdown_on_exit=False)
    tracing.use(provider)
    yield provider
    tracing.use(None)


@pytest.fixture
def spans(provider: TracerProvider) -> InMemorySpanExporter:
    """Every span that ends while the test runs."""
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


@pytest.fixture
async def client(
    settings: Settings, provider: TracerProvider, spans: InMemorySpanExporter
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, traces=provider)
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.post(
            f"{PREFIX}/auth/token", data={"username": "admin@example.org", "password": "correct-horse-battery"}
        )
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        spans.clear()
        yield http


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    [found] = [span for span in spans.get_finished_spans() if span.name == name]
    return found


async def run(database: Database, job_id: UUID, error: Exception | None = None) -> None:
    """Work on an import as a worker does, in a process of its own: it knows nothing but the job's row."""
    service = JobMonitoringService(database, SystemClock(), RecordingSignal())

    async def work(context: TaskContext) -> None:
        await context.progress.report(45, "Reading", stage="parse")
        await context.progress.report(75, "Storing", stage="store")
        if error is not None:
            raise error
        async with database.write() as session:
            await service.finish_in(session, context.lease, outcome="succeeded")

    await executing(service, {KIND: Task(work)}).execute(job_id)


async def test_one_trace_joins_upload_job_and_stages(
    client: httpx.AsyncClient, database: Database, spans: InMemorySpanExporter
) -> None:
    answer = await client.post(
        f"{PREFIX}/imports", files={"file": ("a.csv", b"a,b\n1,2\n")}, headers={"traceparent": CALLER}
    )
    assert answer.status_code == 202, answer.text
    await run(database, UUID(answer.json()["id"]))
    upload, attempt = named(spans, f"POST {PREFIX}/imports"), named(spans, "job attempt")
    stages = [named(spans, f"stage {name}") for name in ("parse", "store")]
    assert {span.context.trace_id for span in (upload, attempt, *stages) if span.context} == {TRACE}
    assert attempt.parent is not None
    assert upload.context is not None
    assert attempt.parent.span_id == upload.context.span_id
    assert {stage.parent.span_id for stage in stages if stage.parent} == {attempt.context.span_id}  # type: ignore[union-attr]
    assert (attempt.attributes or {})["job.id"] == answer.json()["id"]
    assert stages[0].end_time is not None
    assert stages[1].start_time is not None
    assert stages[0].end_time <= stages[1].start_time


async def test_a_failure_is_seen_in_the_trace_by_its_code(
    client: httpx.AsyncClient, database: Database, spans: InMemorySpanExporter
) -> None:
    answer = await client.post(f"{PREFIX}/imports", files={"file": ("a.csv", b"a,b\n1,2\n")})
    await run(database, UUID(answer.json()["id"]), BadRequest("Line 3 of secret.csv"))
    attempt = named(spans, "job attempt")
    assert (attempt.attributes or {})["error.type"] == "request.malformed"
    assert not attempt.status.is_ok
    assert "secret" not in attempt.to_json()


async def test_what_people_look_for_is_in_no_trace(client: httpx.AsyncClient, spans: InMemorySpanExporter) -> None:
    assert (await client.get(f"{PREFIX}/jobs", params={"q": "redundancies 2027"})).status_code == 200
    assert "redundancies" not in named(spans, f"GET {PREFIX}/jobs").to_json()


async def test_nothing_is_traced_unless_it_is_wanted(settings: Settings, database: Database) -> None:
    assert tracing.carried() is None
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http,
    ):
        assert (await http.get("/healthz")).status_code == 200
    service = JobMonitoringService(database, SystemClock(), RecordingSignal())
    job = await service.create_job("ann", "external")
    assert (await service.get_delivered(job.id)).trace_parent is None


def test_what_makes_traces_is_imported_by_nobody_who_does_not_want_them() -> None:
    code = (
        "import sys, headway.app, headway.worker; from headway.kit import tracing;"
        "assert tracing.start('api') is None;"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
    assert said.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, False),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, False),
    ],
)
def test_the_standard_variables_decide(environment: dict[str, str], wanted: bool) -> None:
    assert tracing.are_wanted(environment) is wanted


def test_without_the_extra_it_is_said_and_nothing_breaks(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    assert tracing.start("api") is None
    assert "headway[otel]" in caplog.text


def test_spans_are_sent_where_the_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_given: object) -> None: ...

    collector = HTTPServer(("127.0.0.1", 0), Collector)
    serving = threading.Thread(target=collector.serve_forever, daemon=True)
    serving.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_port}")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "our-headway")
    monkeypatch.setenv("NO_PROXY", "*")
    provider = tracing.start("worker")
    with tracing.span("job attempt"):
        pass
    tracing.stop(provider)
    collector.shutdown()
    collector.server_close()
    [(path, body)] = received
    assert path == "/v1/traces"
    for word in (b"job attempt", b"our-headway", b"deployment.environment.name", b"headway.process", b"worker"):
        assert word in body
