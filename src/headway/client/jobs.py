"""`job`: one tracked job, as a block of a program."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar, Unpack, overload
from urllib.parse import quote
from uuid import UUID

from headway.client.connection import UPLOAD_TIMEOUT, Away, connect
from headway.client.errors import JobCancelled, NotAttached, Refused
from headway.client.reporting import Reporting
from headway.client.state import Level, State, short

log = logging.getLogger("headway.client")
Row = TypeVar("Row")

FIRST_ANSWER_SECONDS = 5.0
LAST_ANSWER_SECONDS = 5.0
"""How long a block waits at its beginning and its end for the server, which may be slow but not away."""

LONGEST_ERROR = 2000


class JobOptions(TypedDict, total=False):
    """What can be said of a job when it is created. `stages` are keys in their order, or keys with their weights."""

    job_type: str
    message: str
    metadata: dict[str, Any]
    stages: Sequence[str] | Mapping[str, float]
    heartbeat_seconds: int
    url: str
    token: str


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that the job has now, as it arrived."""

    name: str
    bytes: int
    sha256: str


class Job:
    """One job. Everything but `attach` returns at once; `with` and `async with` both open it."""

    def __init__(self, title: str, **options: Unpack[JobOptions]) -> None:
        self._connection = connect(options.pop("url", None), options.pop("token", None))
        self._creation = _creation(title, options)
        self._state = State()
        self._failure: str | None = None
        self._result: dict[str, Any] = {}

    @property
    def id(self) -> UUID | None:
        """The job's id; None until the server has given it one."""
        return self._state.job_id

    @property
    def cancel_requested(self) -> bool:
        """Whether the owner pressed *Cancel*, as far as is known."""
        return self._state.cancelled

    # -------------------------------------------------------------- while it runs

    def progress(
        self,
        percent: int | None = None,
        message: str | None = None,
        *,
        stage: str | None = None,
        done: int | None = None,
        total: int | None = None,
        failed: int | None = None,
        unit: str | None = None,
    ) -> None:
        """Say how far the work is. It costs about a microsecond, so say it as often as you like.

        Raises `JobCancelled` if the owner wants the work to stop.
        """
        if done is not None:
            self._state.done = done
        given = {"progress": percent, "total_units": total, "failed_units": failed}
        texts = {"message": message, "stage": stage, "unit": unit}
        values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        values |= {key: short(text) for key, text in texts.items() if text is not None}
        if values:
            self._state.say(values)
        self.check()

    def advance(self, units: int = 1) -> None:
        """Say that so many units more are done. Raises `JobCancelled` as `progress` does."""
        self._state.done = (self._state.done or 0) + units
        if self._state.cancelled:
            self.check()

    def check(self) -> None:
        """Raise `JobCancelled` if the owner wants the work to stop."""
        if self._state.cancelled:
            raise JobCancelled("The owner cancelled this job.")

    def log(self, text: str, level: Level = "info") -> None:
        """Add a line to what the owner reads on the job's page."""
        if self._connection is not None and self._state.over is None:
            self._state.add_line(text, level)

    def result(self, **facts: Any) -> None:
        """Keep facts with the job when it completes: numbers, names, an address."""
        self._result |= facts

    def fail(self, error: str) -> None:
        """Let the job end as failed with this sentence, whatever ends the block."""
        self._failure = error

    def attach(
        self,
        file: Path | str | bytes,
        name: str | None = None,
        *,
        media_type: str | None = None,
        rows: int | None = None,
    ) -> Artifact | None:
        """Give the job a file: a path, or the bytes under a name. Waits until the server has it.

        Returns None if this program's jobs are not reported. Raises `NotAttached` if the server cannot be reached or
        does not take the file.
        """
        name = name or (Path(file).name if not isinstance(file, bytes) else "")
        if not name:
            raise NotAttached("Bytes need a name to become a file of the job.")
        if self._connection is None:
            return None
        if self.id is None or self._state.over is not None:
            raise NotAttached(f"{name!r} was not attached. {self._state.over or 'The server has not created the job.'}")
        media_type = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
        path = f"/jobs/{self.id}/artifacts/{quote(name, safe='')}" + (f"?rows={rows}" if rows is not None else "")
        try:
            answer = self._send(path, file, {"Content-Type": media_type})
        except (Away, Refused) as error:
            raise NotAttached(f"{name!r} was not attached: {error}") from error
        return Artifact(answer["name"], answer["bytes"], answer["sha256"])

    def _send(self, path: str, file: Path | str | bytes, headers: dict[str, str]) -> dict[str, Any]:
        assert self._connection is not None  # noqa: S101 - `attach` has looked
        if isinstance(file, bytes):
            return self._connection.ask("PUT", path, content=file, headers=headers, timeout=UPLOAD_TIMEOUT)
        with Path(file).open("rb") as opened:
            headers["Content-Length"] = str(Path(file).stat().st_size)
            return self._connection.ask("PUT", path, content=opened, headers=headers, timeout=UPLOAD_TIMEOUT)

    # ----------------------------------------------------------------- over rows

    @overload
    def track(self, rows: Iterable[Row], *, total: int | None = None, unit: str = "rows") -> Iterator[Row]: ...
    @overload
    def track(
        self, rows: AsyncIterable[Row], *, total: int | None = None, unit: str = "rows"
    ) -> AsyncIterator[Row]: ...
    def track(
        self, rows: Iterable[Row] | AsyncIterable[Row], *, total: int | None = None, unit: str = "rows"
    ) -> Iterator[Row] | AsyncIterator[Row]:
        """Give back the rows one by one and count them for the job. `total` is their length, if they have one."""
        if total is None and isinstance(rows, Sized):
            total = len(rows)
        self.progress(done=0, total=total, unit=unit)
        return self._count_async(rows) if isinstance(rows, AsyncIterable) else self._count(rows)

    def _count(self, rows: Iterable[Row]) -> Iterator[Row]:
        state = self._state
        for done, row in enumerate(rows, 1):
            yield row
            state.done = done
            if state.cancelled:
                self.check()

    async def _count_async(self, rows: AsyncIterable[Row]) -> AsyncIterator[Row]:
        state, done = self._state, 0
        async for row in rows:
            yield row
            state.done = done = done + 1
            if state.cancelled:
                self.check()

    # ------------------------------------------------------- beginning and ending

    def __enter__(self) -> Self:
        if self._connection is not None:
            Reporting(self._connection, self._creation, self._state).start()
            self._state.tried.wait(FIRST_ANSWER_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._end(_failed(self._failure) if self._failure is not None else _ending(error))

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def _end(self, ending: dict[str, Any]) -> None:
        if self._connection is None:
            return
        if ending["status"] == "completed" and self._result:
            ending["result"] = self._result
        self._state.ending = ending
        self._state.woken.set()
        if not self._state.told.wait(LAST_ANSWER_SECONDS):
            log.warning("The job %r has ended; Headway is told when it is back.", self._creation["title"])


def job(title: str, **options: Unpack[JobOptions]) -> Job:
    """Return a job for `with` or `async with`: created when the block begins, ended as the block ends.

    An exception fails it with its text, `JobCancelled` and the cancellation of an asyncio task cancel it. Without
    `url` and `token`, `HEADWAY_URL` and `HEADWAY_TOKEN` say where to report.
    """
    return Job(title, **options)


def _creation(title: str, options: JobOptions) -> dict[str, Any]:
    stages = options.get("stages")
    weights = stages if isinstance(stages, Mapping) else dict.fromkeys(stages or (), 1.0)
    message = options.get("message")
    return {
        "title": short(title),
        "job_type": options.get("job_type", "external"),
        "message": short(message) if message is not None else None,
        "metadata": options.get("metadata", {}),
        "heartbeat_seconds": options.get("heartbeat_seconds", 60),
        "stages": [{"key": key, "weight": weight} for key, weight in weights.items()] or None,
    }


def _ending(error: BaseException | None) -> dict[str, Any]:
    """Return what is to be reported of a block that ended so."""
    if error is None or (isinstance(error, SystemExit) and error.code in {None, 0}):
        return {"status": "completed"}
    if isinstance(error, JobCancelled):
        return {"status": "cancelled", "message": "Cancelled"}
    if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | GeneratorExit):
        return {"status": "cancelled", "message": "The program was stopped before the end"}
    return _failed(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _failed(said: str) -> dict[str, Any]:
    return {"status": "failed", "error": short(said, LONGEST_ERROR)}
