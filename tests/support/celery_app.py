"""A Celery app as a host has one, with tasks that know nothing of Headway, and one that reports and can be stopped.

`celery -A tests.support.celery_app worker` runs it, as its environment says.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery import Celery, Task
from celery.exceptions import Ignore, Reject

from headway.jobs import tracked
from headway.tracking import celery_watch
from headway.tracking.celery import Tracking, track
from headway.tracking.celery_task import current_job


def hurry(change: Callable[[object, str, object], None] = setattr) -> None:
    """Let all that waits for seconds or minutes in a product wait for one or less."""
    change(tracked, "HEARTBEAT_SECONDS", 2)
    change(tracked, "SENT_WITHIN_SECONDS", 1)
    change(celery_watch, "BEAT_SECONDS", 0.2)
    change(celery_watch, "LOOK_FOR_MESSAGES_SECONDS", 0.4)


def make_app(broker: str, database_url: str) -> tuple[Celery, Tracking]:
    app = Celery("host", broker=broker, set_as_current=False)
    app.conf.update(
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_transport_options={"socket_timeout": 5},
    )
    add_tasks(app)
    return app, track(app, database_url, terminate=["goes_on_until"])


def add_tasks(app: Celery) -> None:
    _add_quick_tasks(app)
    _add_long_tasks(app)
    _add_deadly_tasks(app)


def _add_quick_tasks(app: Celery) -> None:
    @app.task(name="succeeds")
    def succeeds() -> str:
        return "done"

    @app.task(name="fails")
    def fails() -> None:
        raise ValueError("disk 3 is full")

    @app.task(name="sends_another")
    def sends_another() -> None:
        succeeds.delay()

    @app.task(name="ignores")
    def ignores() -> None:
        raise Ignore

    @app.task(name="rejects", acks_late=True)
    def rejects() -> None:
        raise Reject("no room", requeue=False)

    @app.task(name="tries_again", bind=True, max_retries=3, default_retry_delay=0, autoretry_for=(ConnectionError,))
    def tries_again(self: Task[Any, Any]) -> None:
        if self.request.retries < 2:
            raise ConnectionError("the line is busy")


def _add_long_tasks(app: Celery) -> None:
    @app.task(name="goes_on_until")
    def goes_on_until(path: str) -> None:
        """Run until a file is there, and leave one's process id beside it."""
        Path(f"{path}.pid").write_text(str(os.getpid()))
        while not Path(path).exists():
            time.sleep(0.01)

    @app.task(name="goes_on_late", acks_late=True, reject_on_worker_lost=True)
    def goes_on_late(path: str) -> None:
        goes_on_until(path)

    @app.task(name="reports_until_stopped")
    def reports_until_stopped() -> None:
        job = current_job()
        assert job is not None
        for done in range(1_000_000):
            job.progress(message="Copying", done_units=done, total_units=1_000_000, unit="rows")
            time.sleep(0.005)


def _add_deadly_tasks(app: Celery) -> None:
    @app.task(name="takes_too_long", time_limit=1)
    def takes_too_long() -> None:
        while True:
            time.sleep(0.01)

    @app.task(name="kills_itself")
    def kills_itself() -> None:
        os.kill(os.getpid(), signal.SIGKILL)


if "HEADWAY_TEST_BROKER" in os.environ:
    hurry()
    app, _tracking = make_app(os.environ["HEADWAY_TEST_BROKER"], os.environ["DATABASE_URL"])
