"""The thread that reports one job: creates it, tells what has changed, gives signs of life, and tells the end."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from typing import Any
from uuid import UUID, uuid4

from headway.client.connection import Away, Connection
from headway.client.errors import Refused
from headway.client.state import State

log = logging.getLogger("headway.client")

LOOK_SECONDS = 0.1
REPORT_SECONDS = 0.2
"""Reports of one job are at least so far apart; its owner's pages show no more than four changes a second."""

BEAT_SECONDS = 5.0
"""At the latest after so long a job learns that it was cancelled, however rarely it reports."""

LONGEST_PAUSE_SECONDS = 30.0
PAUSE_AT_THE_END_SECONDS = 2.0
LAST_CHANCE_SECONDS = 5.0
"""How long a program that ends may take to tell the ends of its jobs."""

LINES_AT_ONCE = 200

WRONG = frozenset({400, 413, 422})
BARE_END = frozenset({"status", "error"})

_open: set[Reporting] = set()


class Reporting(threading.Thread):
    """Reports until the end has been told, or until the server says that nothing more counts."""

    def __init__(self, connection: Connection, creation: dict[str, Any], state: State) -> None:
        super().__init__(name="headway job", daemon=True)
        self._connection = connection
        self._creation = creation
        self._state = state
        self._told: dict[str, Any] = {}
        self._told_at = float("-inf")
        self._beat_seconds = min(BEAT_SECONDS, creation["heartbeat_seconds"] / 3)
        self.title = creation["title"]

    def run(self) -> None:
        _open.add(self)
        try:
            self._create()
            while not self._state.told.is_set():
                self._look()
        except Refused as refused:
            self._give_up(f"Headway does not take the job {self.title!r}: {refused}")
        finally:
            self._state.tried.set()
            self._state.told.set()
            _open.discard(self)

    def _create(self) -> None:
        """Create the job. The key makes a repeated request find what an unanswered one may have made."""
        headers = {"Idempotency-Key": uuid4().hex}
        answer = self._insist("POST", "/jobs", json=self._creation, headers=headers)
        self._state.job_id = UUID(answer["id"])
        # The first report says that the work has begun, whether or not there is more to say.
        self._state.tried.set()

    def _insist(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Ask until there is an answer."""
        pause = 0.5
        while True:
            try:
                return self._connection.ask(method, path, **request)
            except Away:
                self._state.tried.set()
                self._rest(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _rest(self, seconds: float) -> None:
        """Wait, but not past the moment in which the work ends: whoever ends it may be waiting."""
        if self._state.ending is None:
            self._state.woken.wait(seconds)
        else:
            self._state.told.wait(min(seconds, PAUSE_AT_THE_END_SECONDS))  # which only this thread sets

    def _look(self) -> None:
        """Tell what there is to tell, if it is time."""
        state = self._state
        changed = state.ending is not None or state.untold_lines > 0 or state.snapshot() != self._told
        since = time.monotonic() - self._told_at
        if state.ending is None and since < (REPORT_SECONDS if changed else self._beat_seconds):
            state.woken.wait(LOOK_SECONDS)
            return
        self._tell()

    def _tell(self) -> None:
        state = self._state
        ending, now = state.ending, state.snapshot()
        lines, dropped = state.first_lines(LINES_AT_ONCE)
        report = {key: value for key, value in now.items() if self._told.get(key) != value}
        if lines:
            gap = [{"text": f"{dropped:,} earlier lines were not kept.", "level": "warning"}] if dropped else []
            report["log"] = [*gap, *lines][:LINES_AT_ONCE]
            lines = lines[: LINES_AT_ONCE - len(gap)]
        # Lines that do not fit into one report go before the end, after which nothing is taken.
        is_last = ending is not None and len(lines) == state.untold_lines
        if is_last:
            report |= ending or {}
        try:
            answer = self._insist("POST", f"/jobs/{state.job_id}/progress", json=report)
        except Refused as refused:
            self._understand(refused, report)
        else:
            state.cancelled |= answer["cancel_requested"]
            if is_last:
                state.told.set()
        self._told, self._told_at = now, time.monotonic()
        state.forget_lines(lines, dropped if lines else 0)

    def _understand(self, refused: Refused, report: dict[str, Any]) -> None:
        """Tell a report that counts no more from one that is wrong in itself."""
        ended_as = refused.problem.get("job_status")
        if ended_as is not None and ended_as == report.get("status"):
            self._state.told.set()  # said before, by a report whose answer was lost
        elif ended_as == "cancelled":
            self._state.cancelled = True
            self._give_up(None)
        elif refused.status in WRONG and report.keys() - BARE_END:
            log.error("Headway did not take a report on the job %r: %s", self.title, refused)
            if (ending := self._state.ending) is not None:
                # Without what is wrong with it, it is told next.
                self._state.ending = {key: value for key, value in ending.items() if key in BARE_END}
        else:
            self._give_up(f"Nothing more is reported on the job {self.title!r}: {refused}")

    def _give_up(self, why: str | None) -> None:
        self._state.over = why or "The job was cancelled."
        if why is not None:
            log.error("%s", why)
        self._state.told.set()


def _tell_ends() -> None:
    """Give what has not been told yet a last chance, and say of what that was not enough."""
    until = time.monotonic() + LAST_CHANCE_SECONDS
    for reporting in tuple(_open):
        reporting.join(max(0.0, until - time.monotonic()))
        if reporting.is_alive():
            log.error("The program ends, and Headway was not told how the job %r ended.", reporting.title)


atexit.register(_tell_ends)
