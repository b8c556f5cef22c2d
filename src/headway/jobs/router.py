"""The HTTP side of jobs. Made by a function that takes the host's way to say who is calling."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from headway.errors import Unauthorized
from headway.jobs.deliveries import Deliveries
from headway.jobs.errors import (
    JobEnded,
    JobNotFound,
    JobStillRunning,
    NotRetryable,
    NotYoursToReport,
    StaleLease,
    TooManyStreams,
    UnknownFilter,
)
from headway.jobs.live import LiveFeed
from headway.jobs.schemas import ActiveJobs, CreateJob, JobEvents, JobResponse, ProgressAnswer, ReportProgress
from headway.jobs.service import JobMonitoringService
from headway.kit.actor import Actor
from headway.kit.pagination import BadCursor, Page
from headway.kit.problems import responses
from headway.kit.text import PlainText

STATUSES = frozenset({"running", "completed", "failed", "cancelled", "pending"})
STREAM_HEADERS = {
    "Cache-Control": "no-store",
    # Tells nginx and its like to pass events on as they come.
    "X-Accel-Buffering": "no",
}


def build_jobs_router(
    service: JobMonitoringService,
    live: LiveFeed,
    deliveries: Deliveries,
    actor: Callable[..., Any],
) -> APIRouter:
    """Return the routes under `/jobs`. `actor` is a FastAPI dependency that returns an `Actor` or raises."""
    router = APIRouter(prefix="/jobs", tags=["jobs"], responses=responses(Unauthorized))
    caller = Annotated[Actor, Depends(actor)]

    @router.get("/active")
    async def get_active_jobs(
        who: caller, response: Response, if_none_match: Annotated[str | None, Header()] = None
    ) -> ActiveJobs:
        """Your running and waiting jobs, and those that ended a short while ago.

        Completed jobs stay for 5 minutes, failed and cancelled ones for an hour unless dismissed.
        """
        answer = await service.get_active_jobs(who.owner)
        etag = _etag(answer)
        if if_none_match == etag:
            return Response(status_code=304, headers={"ETag": etag})  # type: ignore[return-value]  # FastAPI passes it
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = "no-cache"
        return answer

    @router.get("/stream", responses=responses(TooManyStreams), response_class=StreamingResponse)
    async def stream_jobs(
        who: caller, request: Request, last_event_id: Annotated[str | None, Header()] = None
    ) -> StreamingResponse:
        """Server-sent events: `snapshot` first, then `job`, `finished` and `removed`; `bye` asks to come back."""
        events = await live.stream(who.owner, last_event_id)
        return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)

    @router.get("", responses=responses(BadCursor, UnknownFilter))
    async def list_jobs(
        who: caller,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: str | None = None,
        status: Annotated[
            str | None, Query(description="Comma-separated: running, completed, failed, cancelled")
        ] = None,
        job_type: PlainText | None = None,
    ) -> Page[JobResponse]:
        """Your jobs, newest first, by keyset: a page at any depth costs the same."""
        statuses = [word for word in (status or "").split(",") if word]
        unknown = sorted(set(statuses) - STATUSES)
        if unknown:
            raise UnknownFilter(f"There is no status {unknown[0]!r}.", allowed=sorted(STATUSES))
        return await service.list_jobs(who.owner, limit=limit, cursor=cursor, statuses=statuses, job_type=job_type)

    @router.post("", status_code=201)
    async def create_job(who: caller, body: CreateJob, response: Response) -> JobResponse:
        """Create a job that you run yourself and report on with `POST /jobs/{id}/progress`."""
        job = await service.create_job(
            who.owner,
            body.job_type,
            title=body.title,
            message=body.message,
            metadata=body.metadata,
            heartbeat_seconds=body.heartbeat_seconds,
        )
        response.headers["Location"] = f"/api/v2/jobs/{job.id}"
        return job

    @router.get("/{job_id}", responses=responses(JobNotFound))
    async def get_job_by_id(who: caller, job_id: UUID) -> JobResponse:
        """One of your jobs. Somebody else's answers 404."""
        return await service.get_job_by_id(job_id, who.owner)

    @router.post("/{job_id}/progress", responses=responses(JobNotFound, StaleLease, JobEnded, NotYoursToReport))
    async def report_progress(who: caller, job_id: UUID, body: ReportProgress) -> ProgressAnswer:
        """Report on a job that you run: progress, sign of life, ending; the answer says if it was cancelled."""
        return await service.report(job_id, who.owner, body)

    @router.get("/{job_id}/events", responses=responses(JobNotFound))
    async def list_events(who: caller, job_id: UUID) -> JobEvents:
        """What happened to the job: its lifecycle and its stages, in order."""
        return await service.list_events(job_id, who.owner)

    @router.post(
        "/{job_id}/cancel", status_code=202, responses={200: {"model": JobResponse}, **responses(JobNotFound, JobEnded)}
    )
    async def cancel_job(who: caller, job_id: UUID, response: Response) -> JobResponse:
        """Cancel: a waiting job ends at once (200), a running one is asked to stop (202)."""
        job = await service.request_cancel(job_id, who.owner)
        if job.status == "cancelled":
            response.status_code = 200
            await deliveries.cancel(job_id)
        return job

    @router.post("/{job_id}/retry", status_code=202, responses=responses(JobNotFound, JobStillRunning, NotRetryable))
    async def retry_job(who: caller, job_id: UUID) -> JobResponse:
        """Run a failed or cancelled job again, from what it had finished for good."""
        return await deliveries.retry(job_id, who.owner)

    @router.post("/{job_id}/dismiss", status_code=204, responses=responses(JobNotFound, JobStillRunning))
    async def dismiss_job(who: caller, job_id: UUID) -> None:
        """Take an ended job out of the active list. History keeps it."""
        await service.dismiss(job_id, who.owner)

    return router


def _etag(answer: ActiveJobs) -> str:
    """Return a tag over everything but the time of day, so that an unchanged list answers 304."""
    body = answer.model_dump_json(exclude={"server_time"})
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:24]}"'
