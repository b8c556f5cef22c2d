"""`track(app, database_url)`: the tasks of a Celery app as tracked jobs, by Celery's own signals; no task changes.

A task is tracked if its message says whose it is, in the header `headway_owner`, or `owner` tells. What a task itself
sends belongs to the same owner. The row is there before the message; a table that is away stops no task.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection, Coroutine, Iterable
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded, TimeLimitExceeded, WorkerLostError
from celery import Celery, current_task, signals
from celery.worker import state as worker_state
from sqlalchemy.exc import SQLAlchemyError

from headway.errors import AppError
from headway.jobs.errors import ReportedFailure
from headway.jobs.tracked import Announcement, TrackedJobs
from headway.tracking.celery_task import RunningTasks, TaskCancelled
from headway.tracking.celery_watch import Watch
from headway.tracking.errors import TaskExpired, TaskProcessLost, TaskRejected, TaskTimeLimit, TaskUnknown
from headway.tracking.ledger import Ledger

log = logging.getLogger("headway.tracking")

OWNER, TITLE = "headway_owner", "headway_title"
"""Headers of a message: `task.apply_async(args, headers={"headway_owner": "ada"})`."""

FindOwner = Callable[[str, dict[str, Any]], str | None]
"""Returns whose task of this name, with these headers, it is; None if it is not to be tracked."""

LONGEST_ERROR = 2000


def track(
    app: Celery, database_url: str, *, owner: FindOwner | None = None, terminate: Collection[str] = ()
) -> Tracking:
    """Track the tasks of a Celery app from now on, in this process and in those that it forks.

    `terminate` names the tasks that may be ended by SIGTERM when their owner cancels them. Every other one learns of it
    by reporting, and one that never reports ends as it would have.
    """
    tracking = Tracking(app, database_url, owner, terminate)
    tracking.connect()
    return tracking


class Tracking:
    """Tells the job table what Celery signals."""

    def __init__(self, app: Celery, database_url: str, owner: FindOwner | None, terminate: Collection[str]) -> None:
        self._app = app
        self._owner = owner
        self._ledger = Ledger(database_url, "celery")
        self._running = RunningTasks(self._ledger)
        self._watch = Watch(app, self._ledger, terminate)

    def connect(self) -> None:
        for signal, receiver in self._receivers():
            signal.connect(receiver, weak=False)

    def close(self) -> None:
        """Stop tracking, and close what this process has opened."""
        for signal, receiver in self._receivers():
            signal.disconnect(receiver)
        self._ledger.close()

    def _receivers(self) -> Iterable[tuple[Any, Callable[..., None]]]:
        return (
            (signals.before_task_publish, self._announce),
            (signals.after_task_publish, self._sent),
            (signals.task_received, self._received),
            (signals.task_prerun, self._start),
            (signals.task_success, self._succeeded),
            (signals.task_retry, self._will_retry),
            (signals.task_failure, self._failed),
            (signals.task_revoked, self._revoked),
            (signals.task_unknown, self._unknown),
            (signals.task_postrun, self._ignored),
            (signals.worker_process_init, self._forked),
            (signals.worker_ready, self._watch.begin),
            (signals.worker_shutdown, self._watch.end),
        )

    def _tell(self, work: Callable[[], Any], about: str) -> Any:
        """Tell the table something; one that is away costs the row's truth for a while, and never the task."""
        try:
            return work()
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("the job table could not be told of the task %s: %s", about, error or type(error).__name__)
            return None

    # -------------------------------------------------------------- whoever sends

    def _announce(self, sender: str, headers: dict[str, Any], routing_key: str | None = None, **_: Any) -> None:
        owner = headers.get(OWNER) or self._inherited() or (self._owner(sender, headers) if self._owner else None)
        if owner is None:
            return
        headers[OWNER] = owner
        if headers.get("retries"):
            self._announce_retry(headers["id"])
            return
        what = _announcement(headers["id"], sender, headers, routing_key)
        self._tell(lambda: self._ledger.call(lambda jobs: jobs.announce(what)), headers["id"])

    def _announce_retry(self, ref: str) -> None:
        """End the attempt before the message of the next one: the signal of a retry comes after it."""
        lease = self._running.find(ref)
        if lease is None:
            return
        # Whoever tries again mostly does so while handling what went wrong.
        problem = ReportedFailure(_sentence(sys.exc_info()[1] or "The task asked to be tried again."))
        said = f"{problem.detail} Trying again"
        self._tell(
            lambda: self._ledger.call(lambda jobs: jobs.give_back(ref, lease.owner, lease.attempt, problem, said)), ref
        )

    def _inherited(self) -> str | None:
        request = getattr(current_task, "request", None) if current_task else None
        owner: str | None = getattr(request, OWNER, None)
        return owner

    def _sent(self, headers: dict[str, Any], **_: Any) -> None:
        if headers.get(OWNER) is not None:
            self._tell(lambda: self._ledger.call(lambda jobs: jobs.sent(headers["id"])), headers["id"])

    # ---------------------------------------------------------------- a worker

    def _received(self, request: Any, **_: Any) -> None:
        """Let Celery discard what was cancelled while no worker was there to hear of it."""
        ref = request.id
        if _owner_of(request) is None:
            return
        for cancelled in self._tell(lambda: self._ledger.call(lambda jobs: jobs.list_cancelled([ref])), ref) or ():
            worker_state.revoked.add(cancelled)

    def _start(self, task_id: str, task: Any, **_: Any) -> None:
        request = task.request
        if getattr(request, OWNER, None) is None:
            return
        headers = {OWNER: getattr(request, OWNER), TITLE: getattr(request, TITLE, None)}
        routing_key = (request.delivery_info or {}).get("routing_key")
        what = _announcement(task_id, task.name, headers, routing_key)
        self._tell(lambda: self._running.begin(what, request.hostname), task_id)

    def _succeeded(self, sender: Any, **_: Any) -> None:
        request = sender.request
        if _owner_of(request) is not None:
            self._end(request.id, lambda jobs, attempt: jobs.complete(request.id, request.hostname, attempt))

    def _will_retry(self, request: Any, reason: Any, **_: Any) -> None:
        if _owner_of(request) is None:
            return
        worker = request.hostname or self._watch.hostname
        problem, when = (
            ReportedFailure(_sentence(getattr(reason, "exc", None) or reason)),
            getattr(reason, "when", None),
        )
        message = f"{problem.detail}. Trying again" + (f", {when}" if when is not None else "")
        self._end(request.id, lambda jobs, attempt: jobs.give_back(request.id, worker, attempt, problem, message))

    def _failed(self, sender: Any, task_id: str, exception: BaseException, **_: Any) -> None:
        # Of a process that was killed the worker's main one tells, which has no request of the task.
        request = sender.request
        worker = request.hostname or self._watch.hostname
        if request.id is not None and _owner_of(request) is None:
            return
        if isinstance(exception, TaskCancelled):
            self._end(task_id, lambda jobs, attempt: jobs.cancel(task_id, worker, attempt))
        else:
            problem = _problem_of(exception)
            self._end(task_id, lambda jobs, attempt: jobs.fail(task_id, worker, attempt, problem))

    def _revoked(self, request: Any, *, expired: bool = False, **_: Any) -> None:
        if _owner_of(request) is None:
            return
        worker = self._watch.hostname
        if expired:
            self._end(request.id, lambda jobs, attempt: jobs.fail(request.id, worker, attempt, TaskExpired()))
        else:
            self._end(request.id, lambda jobs, attempt: jobs.cancel(request.id, worker, attempt))

    def _unknown(self, name: str, id: str, **_: Any) -> None:  # noqa: A002 - Celery's word
        problem = TaskUnknown(f"No worker knows a task named {name[:200]}.")
        self._tell(lambda: self._ledger.call(lambda jobs: jobs.fail(id, None, None, problem)), id)

    def _ignored(self, task_id: str, task: Any, state: str | None = None, retval: Any = None, **_: Any) -> None:
        """End what Celery gives no other signal of: a task that chose to have no result, or refused its message."""
        worker = task.request.hostname
        if _owner_of(task.request) is None or state not in {"IGNORED", "REJECTED"}:
            return
        if state == "IGNORED":
            said = "It ended without a result"
            self._end(task_id, lambda jobs, attempt: jobs.complete(task_id, worker, attempt, said))
        else:
            problem = TaskRejected(str(getattr(retval, "reason", None) or ""))
            if getattr(retval, "requeue", False):
                said = "Put back into the queue"
                self._end(task_id, lambda jobs, attempt: jobs.give_back(task_id, worker, attempt, problem, said))
            else:
                self._end(task_id, lambda jobs, attempt: jobs.fail(task_id, worker, attempt, problem))

    def _end(self, ref: str, end: Callable[[TrackedJobs, int | None], Coroutine[Any, Any, None]]) -> None:
        """Tell an end, fenced by the attempt if this process runs it."""

        def ending() -> None:
            lease = self._running.forget(ref)
            self._ledger.call(lambda jobs: end(jobs, lease.attempt if lease is not None else None))

        self._tell(ending, ref)

    def _forked(self, **_: Any) -> None:
        self._running.forked()


def _announcement(ref: str, task: str, headers: dict[str, Any], queue: str | None) -> Announcement:
    title = str(headers.get(TITLE) or task)
    return Announcement(ref, str(headers[OWNER]), title, task, queue, details={"task": task})


def _owner_of(request: Any) -> str | None:
    """Return the owner that a request names: a task's own one, or the worker's of a message."""
    found: str | None = getattr(request, OWNER, None)
    if found is None and isinstance(headers := getattr(request, "request_dict", None), dict):
        found = headers.get(OWNER)
    return found


def _problem_of(error: BaseException) -> AppError:
    if isinstance(error, TimeLimitExceeded | SoftTimeLimitExceeded):
        limit = error.args[0] if error.args else None
        return TaskTimeLimit(f"It ran for longer than {limit:g} s." if isinstance(limit, int | float) else "")
    if isinstance(error, WorkerLostError):
        return TaskProcessLost(_sentence(error))
    return ReportedFailure(_sentence(error))


def _sentence(error: object) -> str:
    said = f"{type(error).__name__}: {error}" if isinstance(error, BaseException) and str(error) else str(error)
    whole = (said or type(error).__name__).replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return whole if len(whole) <= LONGEST_ERROR else whole[: LONGEST_ERROR - 1] + "…"
