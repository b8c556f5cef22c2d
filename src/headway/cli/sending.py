"""Sends a large file with tus: whatever breaks on the way is gone on with, by this run or by a later one.

Nothing is kept on this machine: the server knows which uploads are paused, and by its digest which is of this file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from headway.cli.client import Client, ServerProblem, Unreachable
from headway.cli.progress import Progress

RESUMABLE_FROM_BYTES = 8 * 1024 * 1024
"""Smaller files go in one request: sent again whole, so much takes seven seconds at 10 Mbit/s."""

CHUNK_BYTES = 16 * 1024 * 1024
"""What proxies let pass as one request."""

READ_BYTES = 256 * 1024
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 10.0
PATIENCE_SECONDS = 300.0
"""How long nothing may get through before this run gives up. The upload stays, and a later run goes on with it."""

BYTES = "application/offset+octet-stream"
OURS = {"Tus-Resumable": "1.0.0"}
GONE = frozenset({httpx.codes.NOT_FOUND, httpx.codes.GONE})
FINISHED = "upload.finished"
"""The answer to bytes that had arrived, although the answer to them did not."""


class Sender:
    """Sends one file. `job_id` is known once the server has begun to keep it."""

    def __init__(self, client: Client, path: Path, options: dict[str, Any], progress: Progress) -> None:
        self._client = client
        self._path = path
        self._options = options
        self._progress = progress
        self._size = path.stat().st_size
        self._offset = 0
        self.job_id: str | None = None

    def send(self) -> dict[str, Any]:
        """Send what the server does not have yet, and return the job."""
        metadata = self._metadata(_sha256(self._path, self._progress))
        self.job_id = self._find_begun(metadata)
        if self.job_id is not None:
            self._progress.resumed(self._offset)
        else:
            self._begin(metadata)
        while self._offset < self._size:
            self._persist(self._send_chunk)
        return self._client.get(f"/jobs/{self.job_id}")

    def _metadata(self, sha256: str) -> dict[str, str]:
        options = {"options": json.dumps(self._options)} if self._options else {}
        return {"filename": self._path.name, "sha256": sha256, **options}

    # ------------------------------------------------------------------------ beginning

    def _find_begun(self, metadata: dict[str, str]) -> str | None:
        """Return the paused upload of this very file with these options, if there is one."""
        for job in self._client.get("/jobs/active")["jobs"]:
            is_ours = job["resumable_until"] and job["metadata"].get("sha256") == metadata["sha256"]
            if is_ours and self._said(job["id"]) == metadata:
                return str(job["id"])
        return None

    def _said(self, job_id: str) -> dict[str, str]:
        """Return what was said of an upload when it was begun; nothing if it cannot be gone on with."""
        try:
            answer = self._client.exchange("HEAD", f"/uploads/{job_id}", headers=OURS)
        except ServerProblem:
            return {}
        self._offset = int(answer.headers["Upload-Offset"])
        return _decoded(answer.headers.get("Upload-Metadata", ""))

    def _begin(self, metadata: dict[str, str]) -> None:
        encoded = ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())
        headers = {**OURS, "Upload-Length": str(self._size), "Upload-Metadata": encoded}
        answer = self._client.exchange("POST", "/uploads", headers=headers)
        self.job_id = answer.headers["Headway-Job"]
        self._offset = int(answer.headers["Upload-Offset"])
        if self._offset == self._size:
            self._progress.known()

    # -------------------------------------------------------------------------- sending

    def _persist(self, send: Callable[[], None]) -> None:
        """Do something until it is done; an attempt that got bytes through makes patience begin anew."""
        deadline, pause, farthest = time.monotonic() + PATIENCE_SECONDS, FIRST_PAUSE_SECONDS, self._offset
        while True:
            try:
                send()
            except (Unreachable, ServerProblem) as error:
                if not _may_pass(error) or time.monotonic() > deadline:
                    raise
            else:
                return
            time.sleep(pause)  # the server is away: asking again at once would only add to its load
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            if self._look() > farthest:
                deadline, pause, farthest = time.monotonic() + PATIENCE_SECONDS, FIRST_PAUSE_SECONDS, self._offset

    def _look(self) -> int:
        """Ask where the upload stands; whoever does not answer is asked again with the next attempt."""
        try:
            answer = self._client.exchange("HEAD", f"/uploads/{self.job_id}", headers=OURS)
        except Unreachable:
            self._progress.away()
        except ServerProblem as error:
            if error.problem["status"] in GONE:
                # Its job tells what became of it.
                self._offset = self._size
            elif not _may_pass(error):
                raise
        else:
            self._offset = int(answer.headers["Upload-Offset"])
        return self._offset

    def _send_chunk(self) -> None:
        length = min(CHUNK_BYTES, self._size - self._offset)
        if not length:
            return
        headers = {
            **OURS, "Upload-Offset": str(self._offset), "Content-Type": BYTES, "Content-Length": str(length),
        }  # fmt: skip
        with self._path.open("rb") as file:
            file.seek(self._offset)
            try:
                answer = self._client.exchange(
                    "PATCH", f"/uploads/{self.job_id}", headers=headers, content=self._pieces(file, length)
                )
            except ServerProblem as error:
                if error.problem.get("code") != FINISHED:
                    raise
                self._offset = self._size
                return
        self._offset = int(answer.headers["Upload-Offset"])

    def _pieces(self, file: BinaryIO, length: int) -> Iterator[bytes]:
        sent = 0
        while sent < length and (piece := file.read(min(READ_BYTES, length - sent))):
            yield piece
            sent += len(piece)
            self._progress.uploaded(self._offset + sent)


def _may_pass(error: Unreachable | ServerProblem) -> bool:
    """Say whether another try may end otherwise."""
    if isinstance(error, Unreachable):
        return True
    return bool(error.problem.get("retryable")) or error.problem["status"] >= httpx.codes.INTERNAL_SERVER_ERROR


def _sha256(path: Path, progress: Progress) -> str:
    """Return the digest of a file: what the server has of it need not be sent, and what arrives is compared with it."""
    found = hashlib.sha256()
    progress.reading()
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            found.update(piece)
    return found.hexdigest()


def _decoded(metadata: str) -> dict[str, str]:
    pairs = [pair.partition(" ") for pair in metadata.split(",") if pair]
    return {name: base64.b64decode(value).decode() for name, _, value in pairs}
