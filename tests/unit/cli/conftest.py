"""A server that speaks Headway's HTTP shapes and does what each test tells it to, for the commands that call one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner

TOKEN = "token-of-ada"
JOB_ID = "01990000-0000-7000-8000-000000000001"
DATASET_ID = "01990000-0000-7000-8000-0000000000aa"


def make_job(**changes: Any) -> dict[str, Any]:
    job = {
        "id": JOB_ID, "job_type": "import", "title": "flights.csv", "status": "running", "phase": "queued",
        "progress": 40, "message": None, "stage": None, "done_units": None, "total_units": None, "unit": None,
        "error": None, "problem": None, "outcome": None, "result": None, "attempt": 0, "version": 3,
        "cancel_requested": False, "related_dataset_id": None, "metadata": {}, "created_at": "2026-11-24T10:00:00Z",
        "started_at": None, "completed_at": None, "updated_at": "2026-11-24T10:00:00Z",
    }  # fmt: skip
    return {**job, **changes}


def completed(**changes: Any) -> dict[str, Any]:
    ended = {"status": "completed", "phase": "completed", "progress": 100, "outcome": "succeeded", "version": 9}
    return make_job(**ended, related_dataset_id=DATASET_ID, **changes)


def make_dataset(**changes: Any) -> dict[str, Any]:
    columns = [{"name": "year", "type": "integer"}, {"name": "carrier", "type": "text"}]
    dataset = {
        "id": DATASET_ID, "name": "flights", "rows": 336776, "rejected_rows": 0, "bytes": 31_000_000, "version": 1,
        "columns": columns, "source": {"file_name": "flights.csv"}, "job_id": JOB_ID,
        "created_at": "2026-11-24T10:00:05Z", "updated_at": "2026-11-24T10:00:05Z",
    }  # fmt: skip
    return {**dataset, **changes}


@dataclass
class Upload:
    """What arrived in one POST /imports."""

    file_name: str
    content: bytes
    options: dict[str, Any]


@dataclass
class FakeServer:
    """Answers by (method, path). A list of answers is used up one by one, its last one for ever."""

    url: str = ""
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    queries: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    bodies: dict[str, Any] = field(default_factory=dict)

    def on(self, method: str, path: str, *bodies: Any, status: int = 200) -> None:
        self.answers[method, "/api/v2" + path] = [(status, body) for body in bodies]

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        waiting = self.answers.get((method, path))
        if waiting is None:
            return 404, {"title": f"no answer for {method} {path}", "status": 404, "detail": ""}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


def _parse_upload(headers: Message, body: bytes) -> Upload:
    head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
    parts = {
        part.get_param("name", header="content-disposition"): part
        for part in BytesParser().parsebytes(head + body).walk()
    }
    options = parts.get("options")
    content = parts["file"].get_payload(decode=True)
    assert isinstance(content, bytes)
    said = options.get_payload(decode=True) if options else b"{}"
    assert isinstance(said, bytes)
    return Upload(parts["file"].get_filename() or "", content, json.loads(said))


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            address = urlsplit(self.path)
            fake.queries.append((address.path, parse_qs(address.query)))
            fake.tokens.append(self.headers.get("Authorization"))
            if self.headers.get("Content-Type") == "application/json":
                fake.bodies[address.path] = json.loads(body)
            if address.path.endswith("/imports"):
                fake.uploads.append(_parse_upload(self.headers, body))
            status, answer = fake.answer(self.command, address.path)
            encoded = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        do_GET = do_POST = _handle  # noqa: N815 - names that http.server calls

        def log_message(self, *_args: object) -> None:
            """Keep the test's output to what the command prints."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{httpd.server_port}"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.fixture
def runner(server: FakeServer, tmp_path: Path) -> CliRunner:
    """Return a runner of commands for somebody who has a token for `server`."""
    return CliRunner(
        env={"HEADWAY_URL": server.url, "HEADWAY_TOKEN": TOKEN, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    )
