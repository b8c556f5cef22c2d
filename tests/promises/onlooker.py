"""Somebody who looks on: keeps all that one live stream tells, as a client of any make would."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.product import until

Told = tuple[str, dict[str, Any]]
PATIENCE_SECONDS = 100
"""How long anything is waited for: long, as the machine may be busy with other things."""

ENDED = {"completed", "failed", "cancelled"}


@dataclass
class Onlooker:
    """The events of a stream in their order, each with its name. `at_end` is called at once with each ended job."""

    told: list[Told] = field(default_factory=list)
    at_end: Callable[[dict[str, Any]], None] | None = None

    def of(self, job: str) -> list[dict[str, Any]]:
        """Return every state of a job that was told, the one in a snapshot too."""
        states: list[dict[str, Any]] = []
        for name, data in list(self.told):
            if name in {"job", "finished"}:
                states.append(data)
            elif name == "snapshot":
                states.extend(data["jobs"])
        return [state for state in states if state["id"] == job]

    def until(
        self, job: str, condition: Callable[[dict[str, Any]], bool], seconds: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """Wait until a state of the job is told that meets the condition; return it."""
        return until(lambda: next((state for state in self.of(job) if condition(state)), None), seconds)

    def until_ended(self, job: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        return self.until(job, lambda state: state["status"] in ENDED, seconds)

    def take(self, name: str, data: dict[str, Any]) -> None:
        self.told.append((name, data))
        if name == "finished" and self.at_end is not None:
            self.at_end(data)


@contextlib.contextmanager
def looking_on(client: httpx.Client, at_end: Callable[[dict[str, Any]], None] | None = None) -> Iterator[Onlooker]:
    """Open a stream beside a client's own requests; what it tells arrives while the block runs."""
    onlooker = Onlooker(at_end=at_end)
    options: dict[str, Any] = {"base_url": client.base_url, "headers": client.headers, "trust_env": False}
    with httpx.Client(timeout=30, **options) as own, own.stream("GET", "/jobs/stream") as answer:
        answer.raise_for_status()
        reading = threading.Thread(target=_read, args=(answer, onlooker), daemon=True)
        reading.start()
        until(lambda: onlooker.told)
        yield onlooker
        with contextlib.suppress(httpx.HTTPError):
            answer.extensions["network_stream"].get_extra_info("socket").shutdown(2)
        reading.join()


def _read(answer: httpx.Response, onlooker: Onlooker) -> None:
    name = ""
    with contextlib.suppress(httpx.HTTPError, httpx.StreamError):
        for line in answer.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                onlooker.take(name, json.loads(line.removeprefix("data: ")))
