"""One server, one caller: requests whose answers are JSON, "away: try again", or "refused: do not"."""

from __future__ import annotations

import functools
import logging
import os
import threading
from typing import Any

import httpx

from headway.client.errors import Refused

log = logging.getLogger("headway.client")

PREFIX = "/api/v2"
TIMEOUT = httpx.Timeout(10, connect=5)
UPLOAD_TIMEOUT = httpx.Timeout(300, connect=5)
"""The answer to a file comes when its bytes are durable."""

TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})


class Away(Exception):
    """The server gave no answer, or asks to come back later."""


class Connection:
    """Sends requests from any thread. That the server is away is logged once, and once that it is back."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT)
        self._lock = threading.Lock()
        self._is_away = False

    def ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Return the JSON that the server answers. Raises `Away` or `Refused`."""
        try:
            answer = self._http.request(method, self.url + PREFIX + path, **request)
        except httpx.HTTPError as error:
            said = f"{error or type(error).__name__}"
            self._note_away(said)
            raise Away(said) from error
        if answer.status_code in TRY_LATER:
            said = f"it answered {answer.status_code}"
            self._note_away(said)
            raise Away(said)
        self._note_back()
        return _meaning(answer)

    def _note_away(self, why: str) -> None:
        with self._lock:
            was_away, self._is_away = self._is_away, True
        if not was_away:
            log.warning("Headway at %s is away (%s). The work goes on, and is told when it is back.", self.url, why)

    def _note_back(self) -> None:
        with self._lock:
            was_away, self._is_away = self._is_away, False
        if was_away:
            log.warning("Headway at %s is back.", self.url)


def _meaning(answer: httpx.Response) -> dict[str, Any]:
    body = body_of(answer)
    if answer.is_success and body is not None:
        return body
    raise refused_by(answer)


def body_of(answer: httpx.Response) -> dict[str, Any] | None:
    """Return the JSON object of an answer; None if it is none."""
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def refused_by(answer: httpx.Response) -> Refused:
    """Return what an answer that is of no use says."""
    body = None if answer.is_success else body_of(answer)
    foreign = {"detail": f"{answer.url} answered {answer.status_code}, but not as Headway does.",
               "user_action": "Check the address, and any proxy on the way."}  # fmt: skip
    return Refused(answer.status_code, body or foreign)


def connect(url: str | None, token: str | None) -> Connection | None:
    """Return the connection to the server that is given or that the environment names; None if none is.

    A process shares one for each server, and a forked process makes its own.
    """
    url = url or os.environ.get("HEADWAY_URL")
    token = token or os.environ.get("HEADWAY_TOKEN")
    if not url or not token:
        _say_unset("HEADWAY_TOKEN" if url else "HEADWAY_URL")
        return None
    return _connection(url, token, os.getpid())


@functools.cache
def _connection(url: str, token: str, _process: int) -> Connection:
    return Connection(url, token)


@functools.cache
def _say_unset(name: str) -> None:
    log.warning("%s is not set, so jobs of this program are not reported.", name)
