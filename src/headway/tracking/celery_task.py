"""What runs in this process: the lease of each task, and the progress that it tells."""

from __future__ import annotations

import threading
import time
from typing import Any

from headway.errors import AppError
from headway.jobs.errors import JobEnded, JobNotFound, StaleLease
from headway.jobs.service import Lease
from headway.jobs.tracked import Announcement
from headway.tracking.ledger import Ledger

REPORT_SECONDS = 0.2
"""Reports of one task are at least so far apart; what is said in between is told with the next one."""


class TaskCancelled(Exception):
    """The owner pressed *Cancel*. Let it end the task: the job is then shown as cancelled."""


class RunningTasks:
    """The tracked tasks that this process runs at this moment."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._tasks: dict[str, RunningTask] = {}

    def begin(self, what: Announcement, worker: str) -> None:
        lease = self._ledger.call(lambda jobs: jobs.start(what, worker))
        if lease is not None:
            self._tasks[what.ref] = _current[what.ref] = RunningTask(self._ledger, lease)

    def find(self, ref: str) -> Lease | None:
        """Return the lease of a task that this process runs."""
        task = self._tasks.get(ref)
        return task.lease if task is not None else None

    def forget(self, ref: str) -> Lease | None:
        """Tell what a task has said and not told yet; return its lease, as it ends now."""
        _current.pop(ref, None)
        task = self._tasks.pop(ref, None)
        if task is None:
            return None
        task.flush()
        return task.lease

    def forked(self) -> None:
        self._tasks.clear()
        _current.clear()


class RunningTask:
    """Reports of one task. The first is told at once, and later ones when it is time; none waits for a later call."""

    def __init__(self, ledger: Ledger, lease: Lease) -> None:
        self.lease = lease
        self._ledger = ledger
        self._lock = threading.Lock()
        self._unsaid: dict[str, Any] = {}
        self._timer: threading.Timer | None = None
        self._told_at = float("-inf")
        self._stop: AppError | None = None
        self._cancelled = False

    def progress(self, percent: int | None = None, message: str | None = None, **columns: Any) -> None:
        """Say how far the task is; `columns` are stage, done_units, total_units, failed_units, unit.

        Raises `TaskCancelled` if the owner wants it to stop.
        """
        values = {"percent": percent, "message": message[:200] if message is not None else None, **columns}
        with self._lock:
            self._unsaid |= {key: value for key, value in values.items() if value is not None}
            is_due = time.monotonic() - self._told_at >= REPORT_SECONDS
            if not is_due and self._timer is None and self._stop is None:
                self._timer = threading.Timer(REPORT_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()
        if is_due:
            self.flush()
        if self._cancelled:
            raise TaskCancelled("The owner cancelled this job.")

    def flush(self) -> None:
        """Tell what has been said since the last report."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            said, self._unsaid = self._unsaid, {}
            self._told_at = time.monotonic()
            if said and self._stop is None:
                self._tell(said)

    def _tell(self, said: dict[str, Any]) -> None:
        percent, message = said.pop("percent", None), said.pop("message", None)
        try:
            answer = self._ledger.call(lambda jobs: jobs.progress(self.lease, percent, message, said))
        except (StaleLease, JobEnded, JobNotFound) as over:
            # Another attempt has begun, or somebody ended the job: nothing that is said here counts any more.
            self._stop = over
        else:
            self._cancelled = answer.cancel_requested


_current: dict[str, RunningTask] = {}


def current_job() -> RunningTask | None:
    """Return the reports of the Celery task that runs here; None outside of one, and in one that is not tracked."""
    from celery import current_task  # noqa: PLC0415 - this module is needed without Celery as well

    return _current.get(current_task.request.id) if current_task and current_task.request.id else None
