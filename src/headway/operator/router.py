"""The HTTP side of operating, for administrators only."""
# No `from __future__ import annotations`: FastAPI could not resolve closures in Annotated.

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from headway.accounts.errors import LastAdmin, UserNotFound
from headway.audit.dependencies import by_request
from headway.audit.log import Action, Target, TargetType
from headway.audit.reading import Wanted
from headway.errors import Forbidden, Invalid, Unauthorized
from headway.jobs.errors import JobEnded, JobNotFound, JobReplaced, JobStillRunning, NotRetryable, QueueNotFound
from headway.jobs.operating import JobOperations
from headway.kit.actor import Actor
from headway.kit.pagination import BadCursor, Page
from headway.kit.problems import responses
from headway.kit.text import PlainText
from headway.operator.erasing import Eraser
from headway.operator.schemas import (
    AuditAnswer,
    ErasedUser,
    OperatorJob,
    Overview,
    PauseQueue,
    QueueAnswer,
    Queues,
    Throughput,
)
from headway.operator.service import OperatorService, Window

STOP_SECONDS = 5.0
"""How long an answer waits for jobs to stop: clients do not wait for ever."""

Limit = Annotated[int, Query(ge=1, le=100)]


def build_operator_router(
    service: OperatorService, operations: JobOperations, eraser: Eraser, admin: Callable[..., Any]
) -> APIRouter:
    """Return the routes for operators. `admin` is a FastAPI dependency that returns an administrator or raises."""
    router = APIRouter(responses=responses(Unauthorized, Forbidden))
    router.include_router(_looking(service, admin))
    router.include_router(_steering(service, operations, admin))
    router.include_router(_queues(service, operations, admin))
    router.include_router(_audit(service, admin))
    router.include_router(_people(eraser, admin))
    return router


def _looking(service: OperatorService, admin: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/operator", tags=["operator"], dependencies=[Depends(admin)])

    @router.get("")
    async def get_overview() -> Overview:
        """Workers and what they do, queues, jobs in trouble, throughput of a day, storage, retention, versions."""
        return await service.overview()

    @router.get("/throughput")
    async def get_throughput(window: Window = "24h") -> Throughput:
        """How many jobs of all owners ended when."""
        return await service.throughput(window)

    @router.get("/jobs", responses=responses(BadCursor))
    async def list_troubled_jobs(
        state: Literal["stalled", "failed"], limit: Limit = 50, cursor: str | None = None
    ) -> Page[OperatorJob]:
        """Jobs of all owners of which nobody has been heard, or that failed; the newest first."""
        return await service.jobs(state, limit=limit, cursor=cursor)

    return router


def _steering(service: OperatorService, operations: JobOperations, admin: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/operator/jobs", tags=["operator"])
    operator = Annotated[Actor, Depends(admin)]

    @router.post("/{job_id}/cancel", status_code=202, responses=responses(JobNotFound, JobEnded))
    async def cancel_any_job(who: operator, request: Request, job_id: UUID) -> OperatorJob:
        """Cancel a job of anybody: a waiting one ends at once, a running one is asked to stop. Audited."""
        return await service.named(await operations.cancel(job_id, by_request(who, request)))

    @router.post(
        "/{job_id}/retry", status_code=202, responses=responses(JobNotFound, JobStillRunning, NotRetryable, JobReplaced)
    )
    async def retry_any_job(who: operator, request: Request, job_id: UUID) -> OperatorJob:
        """Run a failed or cancelled job of anybody again. Audited."""
        return await service.named(await operations.retry(job_id, by_request(who, request)))

    return router


def _queues(service: OperatorService, operations: JobOperations, admin: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/queues", tags=["operator"])
    operator = Annotated[Actor, Depends(admin)]

    @router.get("")
    async def list_queues(_who: operator) -> Queues:
        """What waits and runs, and what is paused."""
        return Queues(items=await service.queues())

    @router.get("/{queue}/jobs", responses=responses(QueueNotFound, BadCursor))
    async def list_waiting_jobs(
        _who: operator, queue: str, limit: Limit = 50, cursor: str | None = None
    ) -> Page[OperatorJob]:
        """Jobs of all owners that wait in a queue, the longest wait first."""
        return await service.waiting_in(queue, limit=limit, cursor=cursor)

    @router.post("/{queue}/pause", responses=responses(QueueNotFound))
    async def pause_queue(who: operator, request: Request, queue: str, body: PauseQueue) -> QueueAnswer:
        """Let no job of this queue start until it is resumed, on any worker. Running jobs go on. Audited."""
        await operations.pause(queue, body.reason, by_request(who, request))
        return await service.queue(queue)

    @router.post("/{queue}/resume", responses=responses(QueueNotFound))
    async def resume_queue(who: operator, request: Request, queue: str) -> QueueAnswer:
        """Let the jobs of this queue start again. Audited."""
        await operations.resume(queue, by_request(who, request))
        return await service.queue(queue)

    return router


def _audit(service: OperatorService, admin: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/audit", tags=["operator"], dependencies=[Depends(admin)])

    @router.get("", responses=responses(BadCursor, Invalid))
    async def list_audit(
        limit: Limit = 50,
        cursor: str | None = None,
        action: Annotated[Action | None, Query(description="Only this deed.")] = None,
        actor: Annotated[
            PlainText | None, Query(description="Only what was done by this id, `local:NAME` or `headway`.")
        ] = None,
        target_type: Annotated[TargetType | None, Query(description="With `target`: only what was done to it.")] = None,
        target: PlainText | None = None,
    ) -> Page[AuditAnswer]:
        """Who did what to whom and from where, newest first."""
        if (target_type is None) != (target is None):
            raise Invalid("Say `target_type` and `target` together, or neither of them.")
        of = Target(target_type, target) if target_type is not None and target is not None else None
        return await service.audit(Wanted(action, actor, of), limit=limit, cursor=cursor)

    return router


def _people(eraser: Eraser, admin: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/users", tags=["users"])
    operator = Annotated[Actor, Depends(admin)]

    @router.delete("/{user_id}", responses=responses(UserNotFound, LastAdmin))
    async def erase_user(who: operator, request: Request, user_id: UUID) -> ErasedUser:
        """Erase a user with all files, datasets and jobs of theirs, for ever. Administrators only. Audited.

        What runs is asked to stop and waited for, five seconds at most. If this breaks off, the account is disabled:
        send it again. Objects that are `left` are deleted by the sweep.
        """
        rows = await eraser.erase_rows(user_id, by=by_request(who, request), stop_seconds=STOP_SECONDS)
        return ErasedUser(**asdict(await eraser.belongings.erase_objects(rows)))

    return router
