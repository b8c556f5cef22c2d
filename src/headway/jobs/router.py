"""The HTTP side of jobs. Made by a function that takes the host's way to say who is calling."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import AwareDatetime, BaseModel

from headway.errors import ScopeMissing, Unauthorized
from headway.jobs.answers import active_tag, job_tag
from headway.jobs.bulk import BulkActions
from headway.jobs.deliveries import Deliveries
from headway.jobs.embedding import (
    CANCEL_ONE,
    IMPORT_ALL,
    READ_ALL,
    READ_ONE,
    CreateJobToken,
    JobToken,
    JobTokens,
    may_cancel,
)
from headway.jobs.errors import (
    JobEnded,
    JobNotFound,
    JobReplaced,
    JobStillRunning,
    NoFailedItems,
    NotRetryable,
    NotYoursToReport,
    ParametersInvalid,
    StaleLease,
    TooManyJobs,
    TooManyStreams,
    UnknownFilter,
    UnknownKind,
)
from headway.jobs.filters import JobFilter, refuse_uncounted, refuse_unknown
from headway.jobs.history import JobHistory
from headway.jobs.live import LiveFeed
from headway.jobs.schemas import (
    ActiveJobs,
    BulkAction,
    BulkAnswer,
    CreateJob,
    HistoryCounts,
    HistoryPage,
    JobAttempts,
    JobEvents,
    JobResponse,
    NotificationAnswer,
    ProgressAnswer,
    Receipt,
    ReportProgress,
    RetryJob,
)
from headway.jobs.service import JobMonitoringService
from headway.jobs.states import TERMINAL
from headway.jobs.submitting import JobSubmissions
from headway.jobs.waiting import JobWaits
from headway.kit.actor import Actor, Scope
from headway.kit.asgi import Receive, Send
from headway.kit.asgi import Scope as ASGIScope
from headway.kit.dependencies import needs
from headway.kit.downloads import is_known
from headway.kit.late_answers import answer_late
from headway.kit.pagination import BadCursor
from headway.kit.problems import problem_response, responses
from headway.kit.text import PlainText

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing has changed."}}


class EventStreamResponse(Response):
    """The answer that becomes a stream of somebody's jobs, or a problem if the feed refuses it."""

    media_type = "text/event-stream"

    def __init__(self, live: LiveFeed, who: Actor, last_event_id: str | None) -> None:
        # The second tells nginx and its like to pass events on as they come.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live = live
        self._who = who
        self._last_event_id = last_event_id

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        await answer_late(self._answer, scope, receive, send)

    async def _answer(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        try:
            await self._live.serve(self._who, self._last_event_id, self.raw_headers, receive, send)
        except TooManyStreams as error:
            await problem_response(error)(scope, receive, send)


def build_jobs_router(
    service: JobMonitoringService,
    history: JobHistory,
    waits: JobWaits,
    live: LiveFeed,
    deliveries: Deliveries,
    bulk: BulkActions,
    submissions: JobSubmissions,
    actor: Callable[..., Any],
    tokens: JobTokens | None = None,
) -> APIRouter:
    """Return the routes under `/jobs`. `actor` is a FastAPI dependency that returns an `Actor` or raises.

    Without `tokens` there is no `POST /jobs/tokens`: a host whose `actor` reads tokens of its own makes them itself.
    """
    router = APIRouter(prefix="/jobs", tags=["jobs"], responses=responses(Unauthorized))
    _add_counting(router, actor, history)
    _add_looking(router, actor, service, history, waits, live)
    _add_reporting(router, actor, service, submissions)
    _add_steering(router, actor, service, deliveries, bulk)
    if tokens is not None:
        _add_tokens(router, tokens, actor)
    return router


def _add_counting(router: APIRouter, actor: Callable[..., Any], history: JobHistory) -> None:
    """The numbers beside the filters of the history."""
    reader = Annotated[Actor, Depends(needs(actor, Scope.JOBS_READ))]

    @router.get("/counts", responses=responses(UnknownFilter))
    async def count_jobs(
        who: reader,
        request: Request,
        status: Annotated[str | None, Query(description="As in `GET /jobs`.")] = None,
        job_type: PlainText | None = None,
    ) -> HistoryCounts:
        """How many of your jobs there are by status and by type. It costs the same however many there are."""
        refuse_uncounted(request.query_params)
        return await history.count_jobs(who.owner, JobFilter.worded(status, job_type, None, None, None, None))


def _add_looking(
    router: APIRouter,
    actor: Callable[..., Any],
    service: JobMonitoringService,
    history: JobHistory,
    waits: JobWaits,
    live: LiveFeed,
) -> None:
    """What an owner sees of their jobs."""
    reader = Annotated[Actor, Depends(needs(actor, Scope.JOBS_READ))]
    watcher = Annotated[Actor, Depends(needs(actor, Scope.JOBS_READ, READ_ALL))]
    job_watcher = Annotated[Actor, Depends(needs(actor, Scope.JOBS_READ, READ_ALL, READ_ONE))]

    @router.get("/active", response_model=ActiveJobs, responses=NOT_MODIFIED)
    async def get_active_jobs(who: watcher, if_none_match: Annotated[str | None, Header()] = None) -> Response:
        """Your running and waiting jobs, and those that ended a short while ago.

        Completed jobs stay for 5 minutes, failed and cancelled ones for an hour unless dismissed. `next_poll_ms` says
        when it is worth to ask again, for whoever does not use the stream.
        """
        answer = await service.get_active_jobs(who.owner)
        return _unless_known(answer, active_tag(answer), if_none_match)

    @router.get("/stream", status_code=200, responses=responses(TooManyStreams), response_class=EventStreamResponse)
    async def stream_jobs(who: watcher, last_event_id: Annotated[str | None, Header()] = None) -> EventStreamResponse:
        """Server-sent events: `snapshot` first, then `job`, `finished` and `removed`; `bye` asks to come back.

        `queue` tells the place of a waiting job, which changes without a new version of it; `auth_expiring` says that what opened the stream is about to expire.
        """
        return EventStreamResponse(live, who, last_event_id)

    @router.get("", responses=responses(BadCursor, UnknownFilter))
    async def list_jobs(
        who: reader,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
        cursor: str | None = None,
        status: Annotated[
            str | None,
            Query(
                description="Comma-separated: running, pending, completed, partial, failed, cancelled; ! before a word"
                " leaves it out."
            ),
        ] = None,
        job_type: PlainText | None = None,
        dataset_id: UUID | None = None,
        q: Annotated[PlainText | None, Query(max_length=200, description="Part of the title.")] = None,
        created_from: Annotated[AwareDatetime | None, Query(description="The first moment, with its offset.")] = None,
        created_to: Annotated[AwareDatetime | None, Query(description="The first moment that is too late.")] = None,
    ) -> HistoryPage:
        """Your jobs, newest first, by keyset: a page at any depth costs the same.

        One request looks at no more than 2,000 jobs for `q`, `job_type` and some statuses. If it ends for that,
        `searched_back_to` says how far it got, and `next_cursor` goes on.
        """
        refuse_unknown(request.query_params)
        where = JobFilter.worded(status, job_type, dataset_id, q, created_from, created_to)
        return await history.list_jobs(who.owner, limit=limit, cursor=cursor, where=where)

    @router.get(
        "/{job_id}", response_model=JobResponse, responses={**NOT_MODIFIED, **responses(JobNotFound, TooManyStreams)}
    )
    async def get_job_by_id(
        who: job_watcher,
        job_id: UUID,
        wait: Annotated[float, Query(ge=0, le=60, description="Seconds to wait for news.")] = 0,
        after_version: Annotated[int, Query(ge=0, description="The version that you know.")] = 0,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """One of your jobs. Somebody else's answers 404.

        With `wait`, the answer comes once the job has a version above `after_version` or has ended, and at the latest
        after so many seconds.
        """
        job = await waits.next_version(job_id, who.owner, after_version=after_version, seconds=wait)
        answer = _unless_known(job, job_tag(job), if_none_match)
        if job.status not in TERMINAL:
            answer.headers["Retry-After"] = "1"
        return answer

    @router.get("/{job_id}/events", responses=responses(JobNotFound))
    async def list_events(who: job_watcher, job_id: UUID) -> JobEvents:
        """What happened to the job: its lifecycle and its stages, in order."""
        return await history.list_events(job_id, who.owner)

    @router.get("/{job_id}/attempts", responses=responses(JobNotFound))
    async def list_attempts(who: job_watcher, job_id: UUID) -> JobAttempts:
        """How often the job was begun, and what came of each time."""
        return await history.list_attempts(job_id, who.owner)

    @router.get("/{job_id}/receipt", responses=responses(JobNotFound, JobStillRunning))
    async def get_receipt(who: reader, job_id: UUID) -> Receipt:
        """What an ended job was given, what came of it, and which version did that."""
        return await history.receipt(job_id, who.owner)


def _add_reporting(
    router: APIRouter, actor: Callable[..., Any], service: JobMonitoringService, submissions: JobSubmissions
) -> None:
    """What a program wants done, and what it says of the jobs that it runs."""
    writer = Annotated[Actor, Depends(needs(actor, Scope.JOBS_WRITE))]

    @router.post(
        "",
        status_code=201,
        responses={
            200: {"model": JobResponse, "description": "The job of this key."},
            **responses(UnknownKind, ParametersInvalid, TooManyJobs),
        },
    )
    async def create_job(
        who: writer,
        body: CreateJob,
        request: Request,
        response: Response,
        idempotency_key: Annotated[PlainText | None, Header(min_length=1, max_length=200)] = None,
    ) -> JobResponse:
        """Submit a job of a kind that is installed here, by its name as `job_type` and with its `parameters`.

        With any other `job_type` the job is yours to run, and you report on it with `POST /jobs/{id}/progress`. With
        an `Idempotency-Key` such a job is created once: the same key again answers 200, with the job that it made.
        """
        known = await service.find_keyed(who.owner, idempotency_key) if idempotency_key is not None else None
        if known is not None:
            response.status_code = 200
            response.headers["Idempotency-Replayed"] = "true"
        job = (
            known
            or await submissions.submit(who.owner, body)
            or await service.create_job(
                who.owner,
                body.job_type,
                title=body.title,
                message=body.message,
                metadata=body.metadata,
                heartbeat_seconds=body.heartbeat_seconds,
                stages=[stage.model_dump() for stage in body.stages] if body.stages else None,
                key=idempotency_key,
            )
        )
        # Wherever a host has mounted this.
        response.headers["Location"] = f"{request.url.path.rstrip('/')}/{job.id}"
        return job

    @router.post("/{job_id}/progress", responses=responses(JobNotFound, StaleLease, JobEnded, NotYoursToReport))
    async def report_progress(who: writer, job_id: UUID, body: ReportProgress) -> ProgressAnswer:
        """Report on a job that you run: progress, sign of life, ending; the answer says if it was cancelled."""
        return await service.report(job_id, who.owner, body)


def _add_steering(
    router: APIRouter,
    actor: Callable[..., Any],
    service: JobMonitoringService,
    deliveries: Deliveries,
    bulk: BulkActions,
) -> None:
    """What an owner does to their jobs."""
    writer = Annotated[Actor, Depends(needs(actor, Scope.JOBS_WRITE))]
    canceller = Annotated[Actor, Depends(needs(actor, Scope.JOBS_WRITE, CANCEL_ONE, IMPORT_ALL))]

    @router.post(
        "/{job_id}/cancel", status_code=202, responses={200: {"model": JobResponse}, **responses(JobNotFound, JobEnded)}
    )
    async def cancel_job(who: canceller, job_id: UUID, response: Response) -> JobResponse:
        """Cancel: a waiting job ends at once (200), a running one is asked to stop (202)."""
        if Scope.JOBS_WRITE not in who.scopes:
            job = await service.get_job_by_id(job_id, who.owner)
            if not may_cancel(who, job_id, job.job_type):
                raise ScopeMissing(
                    f"Without the scope {Scope.JOBS_WRITE} this token cancels imports only.",
                    scope=Scope.JOBS_WRITE.value,
                )
        job = await bulk.cancel(job_id, who.owner)
        if job.status == "cancelled":
            response.status_code = 200
        return job

    @router.post(
        "/{job_id}/retry",
        status_code=202,
        responses=responses(JobNotFound, JobStillRunning, NotRetryable, NoFailedItems, JobReplaced),
    )
    async def retry_job(who: writer, job_id: UUID, body: RetryJob | None = None) -> JobResponse:
        """Run a failed or cancelled job again, from what it had finished for good.

        Without a body all of it. An import is refused once its owner has a dataset of just that file.
        """
        return await deliveries.retry(job_id, who.owner, body.scope if body is not None else "all")

    @router.post("/{job_id}/dismiss", status_code=204, responses=responses(JobNotFound, JobStillRunning))
    async def dismiss_job(who: writer, job_id: UUID) -> None:
        """Take an ended job out of the active list. History keeps it."""
        await service.dismiss(job_id, who.owner)

    @router.post("/{job_id}/notified", responses=responses(JobNotFound, JobStillRunning))
    async def claim_notification(who: writer, job_id: UUID) -> NotificationAnswer:
        """Ask before you notify somebody of a job's end: of all tabs and devices one is told to, once for each end."""
        return NotificationAnswer(first=await service.claim_notification(job_id, who.owner))

    @router.delete("/{job_id}", status_code=204, responses=responses(JobNotFound, JobStillRunning))
    async def delete_job(who: writer, job_id: UUID) -> None:
        """Delete an ended job and its history. The dataset that it made stays; a file that only it needed goes."""
        await service.delete(job_id, who.owner)

    @router.post("/bulk", responses=responses(UnknownFilter))
    async def act_on_jobs(who: writer, body: BulkAction) -> BulkAnswer:
        """Cancel, retry, dismiss or delete many jobs: up to 500 `ids`, or the newest 500 that fit `where`.

        Each is done as its own address does it, and one that is refused stops no other. With `where` only jobs are
        taken that the action can change; `more` says that others are left, so ask again.
        """
        if body.where is None:
            return await bulk.act(who.owner, body.action, body.ids or ())
        return await bulk.act_where(who.owner, body.action, JobFilter.worded(**dict(body.where)))


def _add_tokens(router: APIRouter, tokens: JobTokens, actor: Callable[..., Any]) -> None:
    reader = Annotated[Actor, Depends(needs(actor, Scope.JOBS_READ))]

    @router.post("/tokens", status_code=201, responses=responses(JobNotFound))
    async def create_job_token(who: reader, body: CreateJobToken, response: Response) -> JobToken:
        """Make a short-lived token for a page of yours: it may see, cancel or send only what it names.

        It is taken by `GET /jobs/active`, `/jobs/stream`, `/jobs/{id}`, its `/events` and `/attempts`, and
        `POST /jobs/{id}/cancel`; with `imports:write:user` by `POST /imports`, its `/preview`, `/limits` and `/uploads`.
        It ends early when your password is changed.
        """
        response.headers["Cache-Control"] = "no-store"
        return await tokens.create(who, body)


def _unless_known(answer: BaseModel, tag: str, if_none_match: str | None) -> Response:
    """Return the answer, or 304 to a client that has it."""
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if is_known(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(answer.model_dump_json(), media_type="application/json", headers=headers)
