"""A stage for the jobs: the built pages, with whatever jobs a test puts on. For states that the product passes too fast.

Answers are validated as the API's own, so that what is shown here is what the server could say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse

from headway.jobs.schemas import JobResponse
from headway.web.static import SECURITY_HEADERS, mount_ui

ME = {"id": "00000000-0000-4000-8000-000000000001", "email": "ann@example.org", "role": "user"}

HOST_PAGE = """<!doctype html><html lang="en" dir="{direction}"><head><meta charset="utf-8"><title>A host</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<link rel="icon" href="/logo.svg">
<script type="module" src="/headway-jobs.js"></script></head>
<body><main><h1>Somebody else's page</h1><headway-jobs></headway-jobs><button id="other">Other</button></main></body></html>"""

UNSET: dict[str, Any] = {
    name: None
    for name, field in JobResponse.model_fields.items()
    if field.is_required() and type(None) in getattr(field.annotation, "__args__", ())
}


def a_job(number: int, phase: str, title: str, *, age: float = 20, **facts: Any) -> dict[str, Any]:
    """Return a job as the API tells it, begun `age` seconds ago."""
    now = datetime.now(UTC)
    ended = phase in {"completed", "partial", "failed", "cancelled"}
    status = {"partial": "completed"}.get(phase, phase) if ended else "running"
    known = {
        **UNSET,
        "id": UUID(int=number),
        "job_type": "import",
        "title": title,
        "status": status,
        "phase": phase,
        "progress": 100 if status == "completed" else 40,
        "attempt": 1,
        "version": 1,
        "cancel_requested": phase == "cancelling",
        "paused": False,
        "metadata": {},
        "created_at": now - timedelta(seconds=age),
        "started_at": None if phase in {"queued", "uploading"} else now - timedelta(seconds=age - 1),
        "completed_at": now - timedelta(seconds=1) if ended else None,
        "updated_at": now,
    }
    answer: dict[str, Any] = JobResponse.model_validate({**known, **facts}).model_dump(mode="json")
    return answer


def problem(code: str, title: str, detail: str, action: str, **facts: Any) -> dict[str, Any]:
    return {
        "type": f"https://headway.example/errors/{code}", "title": title, "status": 422, "detail": detail, "code": code,
        "user_action": action, "retryable": False, **facts,
    }  # fmt: skip


class Stage:
    """The jobs that are on, and the pages that watch them."""

    def __init__(self, jobs: list[dict[str, Any]]) -> None:
        self.jobs = {job["id"]: job for job in jobs}
        self.asked: list[tuple[str, str, Any]] = []
        """Everything that a page asked for that would change something: method, path, body."""
        self._streams: list[asyncio.Queue[bytes | None]] = []
        self._closed = False
        self.app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        self.app.state.live = self
        self._add_routes()
        mount_ui(self.app)

    def put(self, *jobs: dict[str, Any]) -> None:
        """Put jobs on, or new states of them, and tell every page."""
        for job in jobs:
            known = self.jobs.get(job["id"])
            newer = {**job, "version": known["version"] + 1 if known else 1}
            self.jobs[job["id"]] = newer
            ended = job["status"] in {"completed", "failed", "cancelled"}
            self._send("finished" if ended else "job", newer)

    def remove(self, job: dict[str, Any]) -> None:
        if self.jobs.pop(job["id"], None):
            self._send("removed", {"id": job["id"]})

    async def close(self) -> None:
        """End every stream and open no more, as a server does that goes away."""
        self._closed = True
        for stream in self._streams:
            stream.put_nowait(None)

    def _send(self, event: str, data: Any) -> None:
        for stream in self._streams:
            stream.put_nowait(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())

    def _active(self) -> dict[str, Any]:
        counts = {"running": 0, "queued": 0, "paused": 0, "attention": 0}
        now = datetime.now(UTC).isoformat()
        return {"jobs": list(self.jobs.values()), "counts": counts, "next_poll_ms": 30_000, "server_time": now}

    async def _events(self) -> AsyncIterator[bytes]:
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._streams.append(stream)
        try:
            yield f"event: snapshot\ndata: {json.dumps(self._active())}\n\n".encode()
            while not self._closed and (frame := await stream.get()) is not None:
                yield frame
        finally:
            self._streams.remove(stream)

    def _add_routes(self) -> None:
        api = "/api/v2"

        @self.app.get(f"{api}/me")
        async def me() -> dict[str, Any]:
            return ME

        @self.app.get(f"{api}/jobs/active")
        async def active() -> dict[str, Any]:
            return self._active()

        @self.app.get(f"{api}/jobs/stream")
        async def stream() -> StreamingResponse:
            return StreamingResponse(self._events(), media_type="text/event-stream")

        @self.app.post(f"{api}/jobs/{{path:path}}")
        async def act(path: str, request: Request) -> Response:
            body = json.loads(await request.body() or b"null")
            self.asked.append(("POST", path, body))
            if path.endswith("/notified"):
                return JSONResponse({"first": self.asked.count(("POST", path, body)) == 1})
            gone = body["ids"] if path == "bulk" else [path.removesuffix("/dismiss")]
            if path == "bulk" or path.endswith("/dismiss"):
                for job in [self.jobs[one] for one in gone if one in self.jobs]:
                    self.remove(job)
            return JSONResponse({"done": gone, "refused": []})

        @self.app.get("/host")
        async def host(direction: str = "ltr") -> HTMLResponse:
            return HTMLResponse(HOST_PAGE.format(direction=direction), headers=SECURITY_HEADERS)
