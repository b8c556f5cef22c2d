"""What a job looks like from outside, and what callers may send."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from headway.kit.pagination import Page
from headway.kit.problems import Problem
from headway.kit.text import Details, PlainText

Status = Literal["pending", "running", "completed", "failed", "cancelled"]
Phase = Literal[
    "uploading", "queued", "retrying", "running", "finishing", "stalled", "cancelling",
    "completed", "partial", "failed", "cancelled",
]  # fmt: skip
ShortText = Annotated[PlainText, StringConstraints(max_length=200)]


class ExpectedEnd(BaseModel):
    """By when jobs like this one have ended: half of them by `likely_at`, nine of ten by `late_at`."""

    likely_at: datetime
    late_at: datetime


class QueuePlace(BaseModel):
    """Where a waiting job stands at this moment. Whoever comes with nothing running may still go before it."""

    position: int = Field(ge=1, description="1 is the next to start.")
    ahead: int = Field(ge=0, description="Waiting jobs that start before it, of everybody.")
    expected_start: datetime | None = Field(
        description="Learned from how long such jobs take; null while too few are known, or no worker is there."
    )


class JobResponse(BaseModel):
    """A job. `status` drives code (a pending job says `running`), `phase` and `message` are what people read."""

    id: UUID
    job_type: str
    title: str
    status: Status
    phase: Phase
    progress: int = Field(ge=0, le=100, description="At most 99 until the result is committed and usable.")
    message: str | None
    stage: str | None
    stage_index: int | None = Field(description="Which of its declared stages it is in, from 1.")
    stage_count: int | None = Field(description="How many stages it declared.")
    done_units: int | None
    total_units: int | None
    failed_units: int | None = Field(description="Those that could not be done; with some, an outcome is `partial`.")
    unit: str | None
    rate: float | None = Field(description="Units per second of the present stage, smoothed over 10 s.")
    expected_end: ExpectedEnd | None = Field(
        description="Learned from jobs of the same type and about the same size; null while too few of them are known."
    )
    error: str | None
    problem: Problem | None
    outcome: str | None
    result: dict[str, Any] | None
    attempt: int
    version: int
    cancel_requested: bool
    paused: bool = Field(description="True while it waits because the operator has paused its queue.")
    resumable_until: datetime | None = Field(
        description="Set while an upload is paused: nobody sends it, and until then anybody of yours may go on."
    )
    related_dataset_id: UUID | None
    metadata: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    # The last member, as the only one that changes without a new version of the job: see `answers.with_place`.
    queue: QueuePlace | None = Field(
        description="Where it stands while it waits for a worker; null otherwise, and in answers to what changed it."
    )


class JobCounts(BaseModel):
    """How many of the caller's visible jobs run, wait, or need a person."""

    running: int = Field(description="Those that go on, or will by themselves: the waiting ones too.")
    queued: int
    paused: int = Field(description="Uploads that wait for somebody to go on with them.")
    attention: int


class HistoryPage(Page[JobResponse]):
    """One page of your jobs. With filters it may hold fewer than `limit`, or none, and still not be the last one."""

    searched_back_to: datetime | None = Field(
        description="Set if this request looked at as many jobs as one does, and no further back than to this moment."
        " Older ones may fit: go on with `next_cursor`."
    )


class TypeCount(BaseModel):
    job_type: str
    count: int


class HistoryCounts(BaseModel):
    """How many of your jobs each filter would show, beside the other one that is set."""

    total: int = Field(description="All jobs that are kept.")
    matching: int = Field(description="Those that fit both filters.")
    status: dict[str, int] = Field(
        description="By word of `status`, of the chosen `job_type`. `running` holds the pending ones, as `completed`"
        " does the partial ones; `paused` uploads are in neither."
    )
    job_types: list[TypeCount] = Field(description="By type, of the chosen `status`; the 100 with most jobs.")
    more_job_types: bool = Field(description="True if there are more types than that.")


class ActiveJobs(BaseModel):
    """Everything the jobs button shows: running and waiting ones, and those that ended a short while ago."""

    jobs: list[JobResponse]
    counts: JobCounts
    next_poll_ms: int = Field(description="For whoever does not use the stream: when to ask again.")
    server_time: datetime


class JobEventResponse(BaseModel):
    seq: int
    at: datetime
    kind: str
    attempt: int
    data: dict[str, Any]


DroppedAt = Annotated[
    datetime | None,
    Field(description="Set if events were deleted before their job: what happened until then is no longer known."),
]


class JobEvents(BaseModel):
    items: list[JobEventResponse]
    events_dropped_at: DroppedAt = None


class AttemptStage(BaseModel):
    """One thing that an attempt did, and from when to when."""

    name: str
    started_at: datetime
    ended_at: datetime | None = None


AttemptOutcome = Literal["running", "completed", "failed", "cancelled", "crashed", "worker_lost", "handed_back"]


class JobAttempt(BaseModel):
    """One time that a job was begun. `outcome` is `running` until it ended."""

    number: int
    outcome: AttemptOutcome
    worker: str | None
    started_at: datetime
    ended_at: datetime | None = None
    problem: Problem | None = None
    stages: list[AttemptStage] = Field(default_factory=list)


class JobAttempts(BaseModel):
    items: list[JobAttempt]
    events_dropped_at: DroppedAt = None


class ReceiptInput(BaseModel):
    """What was given in."""

    file_name: str
    bytes: int
    sha256: str


class ReceiptRows(BaseModel):
    """What became of the rows: every one that was read is stored or rejected."""

    read: int
    stored: int
    rejected: int


class Receipt(BaseModel):
    """What an ended job was given, what it made of it, and who did that: enough to check it years later."""

    job_id: UUID
    job_type: str
    title: str
    status: Status
    outcome: str | None
    error: str | None
    problem: Problem | None
    input: ReceiptInput | None = Field(description="Null if the job took no file, or the file never arrived whole.")
    rows: ReceiptRows | None = Field(description="Null if none were stored.")
    datasets: list[UUID]
    attempts: int
    headway: str | None = Field(description="The version that ran the last attempt; null if another program did.")
    events_dropped_at: DroppedAt = None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime


StageKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,39}$")]


class DeclaredStage(BaseModel):
    """One of the stages that a job goes through. Its share of the whole is its weight among all weights."""

    model_config = ConfigDict(extra="forbid")

    key: StageKey
    weight: float = Field(default=1.0, gt=0, le=1000)


def _different(stages: list[DeclaredStage]) -> list[DeclaredStage]:
    if len({stage.key for stage in stages}) < len(stages):
        raise ValueError("each stage has a key of its own")
    return stages


class CreateJob(BaseModel):
    """A job of a kind that is installed here, or else one that the caller itself will run and report on."""

    model_config = ConfigDict(extra="forbid")

    job_type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
    title: ShortText = ""
    message: ShortText | None = None
    metadata: Details = Field(default_factory=dict)
    heartbeat_seconds: int = Field(default=60, ge=1, le=3600)
    stages: Annotated[list[DeclaredStage], AfterValidator(_different)] | None = Field(
        default=None,
        min_length=1,
        max_length=20,
        description="What it goes through, in order. A report of units without `progress` then gets its percent from"
        " the weights.",
    )
    parameters: Details | None = Field(
        default=None,
        description="What is to be done, as the kind that `job_type` names reads it. Headway runs the job.",
    )


Level = Literal["debug", "info", "warning", "error"]


class ReportedLine(BaseModel):
    """A line of a program. Several lines in one text become several; one that is too long is cut, and says so."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[PlainText, StringConstraints(max_length=20_000)]
    level: Level = "info"


def _from_text(said: object) -> object:
    return {"text": said} if isinstance(said, str) else said


AnyLine = Annotated[ReportedLine, BeforeValidator(_from_text, json_schema_input_type=str | ReportedLine)]


class ReportProgress(BaseModel):
    """Progress, sign of life and question "was I cancelled?" in one call. Every member may be left out."""

    model_config = ConfigDict(extra="forbid")

    progress: int | None = Field(default=None, description="Percent; clamped to 0..100, never going back.")
    message: ShortText | None = None
    stage: ShortText | None = None
    done_units: int | None = Field(default=None, ge=0, le=2**62)
    total_units: int | None = Field(default=None, ge=0, le=2**62)
    failed_units: int | None = Field(default=None, ge=0, le=2**62)
    unit: ShortText | None = None
    status: Literal["running", "completed", "failed", "cancelled"] | None = None
    error: Annotated[PlainText, StringConstraints(max_length=2000)] | None = None
    result: Details | None = None
    related_dataset_id: UUID | None = None
    attempt: int | None = Field(default=None, description="If given and not the job's present attempt: 409.")
    log: list[AnyLine] = Field(
        default_factory=list, max_length=200, description="What it did, in lines: texts, or each with its level."
    )


class ProgressAnswer(BaseModel):
    """What a reporter needs to know: go on, or stop because the owner cancelled."""

    id: UUID
    status: Status
    progress: int
    clamped: bool = Field(description="True if the reported progress was outside 0..100 or below the present one.")
    cancel_requested: bool
    lease_expires_at: datetime | None
    version: int


class RetryJob(BaseModel):
    """How much of a job is to be tried again."""

    model_config = ConfigDict(extra="forbid")

    scope: Literal["all", "failed_items"] = "all"


class NotificationAnswer(BaseModel):
    """Whether the caller is the one to show the notification of a job's end."""

    first: bool = Field(description="True for the first who asked since the job ended, false for all others.")


Action = Literal["cancel", "retry", "dismiss", "delete"]
BULK_LIMIT = 500
"""Most jobs of one bulk request: each is a transaction of its own."""


class JobSelection(BaseModel):
    """Which of your jobs are meant; the members are the filters of `GET /jobs`. An empty one means all of them."""

    model_config = ConfigDict(extra="forbid")

    status: str | None = Field(default=None, description="Comma-separated words; ! before a word leaves it out.")
    job_type: PlainText | None = None
    dataset_id: UUID | None = None
    q: Annotated[PlainText, StringConstraints(max_length=200)] | None = None
    created_from: AwareDatetime | None = None
    created_to: AwareDatetime | None = None


class BulkAction(BaseModel):
    """One action on many jobs: those with these `ids`, or the newest ones that fit `where` and the action."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    ids: list[UUID] | None = Field(default=None, max_length=BULK_LIMIT)
    where: JobSelection | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ids is None) == (self.where is None):
            raise ValueError("send either ids or where")
        return self


class BulkRefusal(BaseModel):
    """Why nothing was done to one job: what its own address would have answered."""

    id: UUID
    code: str
    detail: str


class BulkAnswer(BaseModel):
    done: list[UUID]
    refused: list[BulkRefusal]
    more: bool = Field(default=False, description="True if more jobs fit `where` than one request takes.")
