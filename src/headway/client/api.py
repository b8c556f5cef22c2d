"""The whole HTTP API for Python programs, sync and async, typed by its OpenAPI document.

`Api().ask(routes.list_datasets(limit=10))` returns what the server answers; `routes` has a function for each route.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx

from headway.client import routes, schema
from headway.client.calls import Call
from headway.client.connection import PREFIX, UPLOAD_TIMEOUT, refused_by
from headway.client.errors import HeadwayError, Unreachable
from headway.client.transfers import Steps, following, importing

Answer = TypeVar("Answer")


def _settings(url: str | None, token: str | None) -> dict[str, Any]:
    url, token = url or os.environ.get("HEADWAY_URL"), token or os.environ.get("HEADWAY_TOKEN")
    if not url or not token:
        raise HeadwayError("Say url and token, or set HEADWAY_URL and HEADWAY_TOKEN.")
    headers = {"Authorization": f"Bearer {token}"}
    return {
        "base_url": url.rstrip("/") + PREFIX,
        "headers": headers,
        "timeout": UPLOAD_TIMEOUT,
        "follow_redirects": True,
    }


class Api:
    """One server, for one person or program. Raises `Refused` where it says no, `Unreachable` where nobody answers."""

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        self._http = httpx.Client(**_settings(url, token))

    @property
    def url(self) -> str:
        return str(self._http.base_url).removesuffix("/").removesuffix(PREFIX)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def ask(self, call: Call[Answer]) -> Answer:
        """Return the answer to a call: JSON, or bytes where it is no JSON."""
        answer: Answer = _meaning(self._send(call))
        return answer

    def download(self, call: Call[bytes], target: Path) -> None:
        """Write an answer to a file piece by piece."""
        try:
            with self._http.stream(call.method, call.path, **call.to_request()) as answer:
                if answer.is_error:
                    answer.read()
                    raise refused_by(answer)
                with target.open("wb") as file:
                    for piece in answer.iter_bytes():
                        file.write(piece)
        except httpx.HTTPError as error:
            raise Unreachable(str(error) or type(error).__name__) from error

    def import_file(
        self, path: Path, options: Mapping[str, Any] | None = None, *, name: str | None = None
    ) -> schema.JobResponse:
        """Send a file, going on after every break of the line; return the job that makes a dataset of it."""
        with path.open("rb") as file:
            job_id = self._take(importing(file, path.stat().st_size, name or path.name, options))
        return self.ask(routes.get_job_by_id(job_id))

    def wait_for(self, job_id: str) -> schema.JobResponse:
        """Return a job once it has ended, well or badly. A server that is away is asked again for as long as it takes."""
        job: schema.JobResponse = self._take(following(job_id))
        return job

    def _take(self, steps: Steps) -> Any:
        said: httpx.Response | HeadwayError | None = None
        while True:
            try:
                asked = steps.send(said)
            except StopIteration as done:
                return done.value
            said = self._tried(asked)

    def _tried(self, asked: Call[Any] | float) -> httpx.Response | HeadwayError | None:
        if isinstance(asked, float):
            time.sleep(asked)  # The caller's own thread waits, as it does for every answer.
            return None
        try:
            answer = self._send(asked)
        except Unreachable as error:
            return error
        return refused_by(answer) if answer.is_error else answer

    def _send(self, call: Call[Any]) -> httpx.Response:
        try:
            return self._http.request(call.method, call.path, **call.to_request())
        except httpx.HTTPError as error:
            raise Unreachable(str(error) or type(error).__name__) from error


class AsyncApi:
    """The same for programs with an event loop."""

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        self._http = httpx.AsyncClient(**_settings(url, token))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._http.aclose()

    async def ask(self, call: Call[Answer]) -> Answer:
        answer: Answer = _meaning(await self._send(call))
        return answer

    async def import_file(
        self, path: Path, options: Mapping[str, Any] | None = None, *, name: str | None = None
    ) -> schema.JobResponse:
        with await asyncio.to_thread(path.open, "rb") as file:
            job_id = await self._take(importing(file, path.stat().st_size, name or path.name, options))
        return await self.ask(routes.get_job_by_id(job_id))

    async def wait_for(self, job_id: str) -> schema.JobResponse:
        job: schema.JobResponse = await self._take(following(job_id))
        return job

    async def _take(self, steps: Steps) -> Any:
        said: httpx.Response | HeadwayError | None = None
        while True:
            try:
                asked = steps.send(said)
            except StopIteration as done:
                return done.value
            said = await self._tried(asked)

    async def _tried(self, asked: Call[Any] | float) -> httpx.Response | HeadwayError | None:
        if isinstance(asked, float):
            await asyncio.sleep(asked)
            return None
        try:
            answer = await self._send(asked)
        except Unreachable as error:
            return error
        return refused_by(answer) if answer.is_error else answer

    async def _send(self, call: Call[Any]) -> httpx.Response:
        try:
            return await self._http.request(call.method, call.path, **call.to_request())
        except httpx.HTTPError as error:
            raise Unreachable(str(error) or type(error).__name__) from error


def _meaning(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise refused_by(answer)
    if not answer.content:
        return None
    return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.content
