"""Bringing a file in and following a job, as steps that know no connection: each yields what to ask, or how long to wait.

The sync and the async client take the same steps. What breaks is gone on with: an upload where it stopped, a look at a
job as often as it takes.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Generator, Mapping
from typing import Any, BinaryIO
from uuid import uuid4

import httpx

from headway.client import routes, schema
from headway.client.calls import Call
from headway.client.errors import HeadwayError, Refused, Unreachable

PIECE_BYTES = 8 * 1024 * 1024
PAUSES = (0.0, 0.2, 1.0, 3.0, 10.0)
"""Seconds before another try; the last one from there on. A line that flickers costs nothing."""

TRIES = 10
"""Of an upload, without a byte that got through."""

WAIT_SECONDS = 25
ENDED = frozenset({"completed", "failed", "cancelled"})
TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {"Content-Type": "application/offset+octet-stream"}

Steps = Generator[Call[Any] | float, httpx.Response | HeadwayError | None, Any]
"""Yields a call and is sent its answer, or why there is none; or yields seconds and is sent None."""


def importing(file: BinaryIO, size: int, name: str, options: Mapping[str, Any] | None) -> Steps:
    """Send a file, and return the id of the job that makes a dataset of it."""
    said = {"filename": name, **({"options": json.dumps(dict(options))} if options else {})}
    encoded = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items())
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": encoded, "Idempotency-Key": str(uuid4())}
    begun = yield from _persist(Call("POST", "/uploads", headers=headers))
    job_id, offset = begun.headers["Headway-Job"], int(begun.headers["Upload-Offset"])
    while offset < size:
        offset = yield from _send_piece(file, f"/uploads/{job_id}", offset)
    return job_id


def _send_piece(file: BinaryIO, path: str, offset: int) -> Steps:
    """Send one piece from an offset on, or from where the server says that it is; return where it stands then."""
    failed = 0
    while True:
        file.seek(offset)
        headers = {**TUS, **BYTES, "Upload-Offset": str(offset)}
        answer = yield Call("PATCH", path, headers=headers, body=file.read(PIECE_BYTES))
        if isinstance(answer, httpx.Response):
            return int(answer.headers["Upload-Offset"])
        failed += 1
        yield from _pause(answer, failed, TRIES)
        looked = yield from _persist(Call("HEAD", path, headers=TUS))
        if int(looked.headers["Upload-Offset"]) > offset:
            return int(looked.headers["Upload-Offset"])


def following(job_id: str) -> Generator[Call[Any] | float, Any, schema.JobResponse]:
    """Return a job as soon as it has ended. Whoever takes the steps sees every look at it."""
    version = 0
    while True:
        wait = WAIT_SECONDS if version else 0
        look = routes.get_job_by_id(job_id, wait=wait, after_version=version)
        answer = yield from _persist(look, tries=None)
        job: schema.JobResponse = answer.json()
        if job["status"] in ENDED:
            return job
        version = job["version"]


def _persist(call: Call[Any], tries: int | None = TRIES) -> Steps:
    """Ask until there is an answer, or one that says no for good."""
    failed = 0
    while True:
        answer = yield call
        if isinstance(answer, httpx.Response):
            return answer
        failed += 1
        yield from _pause(answer, failed, tries)


def _pause(error: Any, failed: int, tries: int | None) -> Steps:
    """Wait before another try, or raise what cannot be helped by one."""
    passing = isinstance(error, Unreachable) or (isinstance(error, Refused) and error.retryable)
    if not passing or (tries is not None and failed >= tries):
        raise error
    yield PAUSES[min(failed - 1, len(PAUSES) - 1)]
