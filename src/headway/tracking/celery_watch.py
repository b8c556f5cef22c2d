"""The thread beside a Celery worker: signs of life for what it runs, cancellations, and messages that are nowhere."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from typing import Any

from celery import Celery
from celery.worker import state as worker_state
from kombu.exceptions import OperationalError
from sqlalchemy.exc import SQLAlchemyError

from headway.jobs.tracked import BEAT_SECONDS, Waiting
from headway.tracking.errors import TaskMessageLost
from headway.tracking.ledger import Ledger
from headway.tracking.redis_broker import CannotTell, find_messages

log = logging.getLogger("headway.tracking")

LOOK_FOR_MESSAGES_SECONDS = 10.0
"""A message has to be nowhere in two looks so far apart before its job is given up."""

AWAY = (SQLAlchemyError, OperationalError, OSError, TimeoutError)


class Watch:
    """Begins with the worker and ends with its process: a worker that is killed takes its signs of life with it."""

    def __init__(self, app: Celery, ledger: Ledger, terminate: Collection[str]) -> None:
        self._app = app
        self._ledger = ledger
        self._terminate = frozenset(terminate)
        self._stop = threading.Event()
        self._missing: dict[str, int] = {}
        self._can_look = True
        self._is_away = False
        self.hostname: str | None = None

    def begin(self, sender: Any, **_: Any) -> None:
        self.hostname = sender.hostname
        self._stop.clear()
        for seconds, look in ((BEAT_SECONDS, self.beat), (LOOK_FOR_MESSAGES_SECONDS, self.look_for_messages)):
            threading.Thread(target=self._every, args=(seconds, look), name="headway watch", daemon=True).start()

    def end(self, **_: Any) -> None:
        self._stop.set()

    def _every(self, seconds: float, look: Any) -> None:
        while not self._stop.wait(seconds):
            try:
                with self._ledger.unforked():
                    look()
            except Exception as error:
                # Whoever is away is asked again; meanwhile nobody is judged. A broker's library has errors of its own
                # for that, and whatever else it is: nobody but this thread would look again.
                if not self._is_away:
                    unforeseen = not isinstance(error, AWAY)
                    said = error or type(error).__name__
                    log.warning("the job table or the broker is away: %s", said, exc_info=unforeseen)
                self._is_away = True
            else:
                self._is_away = False

    def beat(self) -> None:
        """Give a sign of life for what this worker runs, and have stopped what is to be."""
        requests = dict(worker_state.requests)
        running = {ref: request.name for ref, request in requests.items() if request.time_start is not None}
        worker = self.hostname
        if running and worker is not None:
            for ref in self._ledger.call(lambda jobs: jobs.beat(worker, running)):
                self._stop_running(ref, running[ref])
        # What waits in this worker for its time or for a free process is discarded when that comes.
        held = requests.keys() - running.keys()
        if held:
            worker_state.revoked.update(self._ledger.call(lambda jobs: jobs.list_cancelled(held)))

    def _stop_running(self, ref: str, task: str) -> None:
        if task in self._terminate:
            log.info("the owner of task %s cancelled it; its process is ended", ref)
            self._app.control.revoke(ref, terminate=True, signal="SIGTERM", destination=[self.hostname])

    def look_for_messages(self) -> None:
        """Fail the jobs whose messages are nowhere, twice in a row."""
        waiting = self._ledger.call(lambda jobs: jobs.list_waiting(LOOK_FOR_MESSAGES_SECONDS))
        if not waiting or not self._can_look:
            return
        queues = {*self._app.amqp.queues, *(each.queue for each in waiting if each.queue)}
        try:
            found = find_messages(self._app, queues, {each.ref for each in waiting})
        except CannotTell as reason:
            log.warning("lost messages cannot be noticed: %s", reason)
            self._can_look = reason.is_for_now
            return
        self._judge([each for each in waiting if each.ref not in found and not self._holds(each.ref)])

    def _holds(self, ref: str) -> bool:
        return ref in worker_state.requests

    def _judge(self, gone: list[Waiting]) -> None:
        before, self._missing = self._missing, {each.ref: each.job.version for each in gone}
        for each in gone:
            if before.get(each.ref) == each.job.version:
                self._lose(each)

    def _lose(self, waiting: Waiting) -> None:
        if self._ledger.call(lambda jobs: jobs.lose(waiting, TaskMessageLost())):
            log.warning("task %s is neither with the broker nor with a worker; its job has failed", waiting.ref)
