"""What operators are told. People stand in it with their e-mail; of files it holds no more than a job's title."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from headway.jobs.schemas import Phase
from headway.kit.text import PlainText


class Person(BaseModel):
    """Somebody who owns or does something. `email` is null for who was erased, and for what is no user."""

    id: str
    email: str | None


class OperatorJob(BaseModel):
    """A job of anybody. `since` is when what it is doing now began: its wait, its attempt, its silence, its end."""

    id: UUID
    job_type: str
    title: str
    owner: Person
    phase: Phase
    progress: int
    stage: str | None
    message: str | None
    error: str | None
    code: str | None = Field(description="The code of the problem with which it failed.")
    attempt: int
    worker: str | None
    paused: bool
    retryable: bool = Field(description="Whether `POST /operator/jobs/{id}/retry` can run it again.")
    since: datetime
    created_at: datetime


class WorkerPlaces(BaseModel):
    imports: int | None
    bulk: int


class WorkerAnswer(BaseModel):
    """A worker. Null is what an older version, or the system below it, does not tell."""

    id: str
    host: str
    pid: int
    version: str | None
    places: WorkerPlaces
    memory_bytes: int | None = Field(description="Resident, of the worker and the parsers that it has started.")
    started_at: datetime
    beat_at: datetime
    jobs: list[OperatorJob] = Field(description="What it runs now.")


class QueuePause(BaseModel):
    at: datetime
    by: Person
    reason: str


class QueueAnswer(BaseModel):
    """A queue: what waits, what runs, in how many places of living workers."""

    name: str
    waiting: int
    waiting_since: datetime | None = Field(description="Since when the first job waits; null if none does.")
    running: int
    places: int
    paused: QueuePause | None


class Queues(BaseModel):
    items: list[QueueAnswer]


class PauseQueue(BaseModel):
    """Why a queue is paused, for those whose jobs wait in it."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[PlainText, StringConstraints(max_length=200, strip_whitespace=True)] = ""


class EndedJobs(BaseModel):
    """How many jobs ended in the span that begins `at`."""

    at: datetime
    completed: int
    failed: int
    cancelled: int


class Throughput(BaseModel):
    """Spans of equal length, the present one last."""

    minutes: int = Field(description="Length of a span.")
    spans: list[EndedJobs]


class JobTotals(BaseModel):
    """How many jobs of all owners are kept, by the words of their status: `running` holds the pending ones too."""

    running: int
    pending: int
    completed: int
    partial: int
    failed: int
    cancelled: int


class OwnerUse(BaseModel):
    owner: Person
    files: int
    original_bytes: int
    datasets: int
    row_bytes: int
    artifact_bytes: int = Field(default=0, description="Files that their jobs left; 0 where an older version measured.")


class StorageUse(BaseModel):
    """How much room people's things take, as it was measured; within an hour while a worker runs."""

    measured_at: datetime
    owners: int
    files: int
    original_bytes: int
    datasets: int
    row_bytes: int
    artifact_bytes: int = Field(default=0, description="Files that their jobs left; 0 where an older version measured.")
    largest: list[OwnerUse]


class Disk(BaseModel):
    """The disk of a folder, as this API process sees it."""

    folder: str
    free_bytes: int
    size_bytes: int


class Removed(BaseModel):
    kind: str
    count: int
    bytes: int | None


class LastSweep(BaseModel):
    at: datetime
    by: str
    removed: list[Removed]
    problems: list[str]


class OldJobs(BaseModel):
    """How many jobs the next sweep deletes. Nobody counts further than 10,000: 10,001 means more than that."""

    completed: int
    failed: int


class KeepType(BaseModel):
    """Days for jobs of one type; null where it is as for all others."""

    completed_days: int | None
    failed_days: int | None
    cancelled_days: int | None
    events_days: int | None
    artifacts_days: int | None
    logs_days: int | None


class Retention(BaseModel):
    """For how many days things are kept after their end, 0 being for ever, and what sweeps do about it."""

    keep_completed_days: int
    keep_failed_days: int
    keep_cancelled_days: int
    keep_events_days: int = Field(description="0 keeps events as long as their job.")
    keep_types: dict[str, KeepType] = Field(description="Types of jobs of which something else is set.")
    keep_audit_days: int
    keep_artifact_days: int = Field(description="Files that jobs left, from when they were written.")
    keep_log_days: int = Field(description="Lines that tell what jobs did, from when they were written.")
    due: OldJobs
    last_sweep: LastSweep | None = Field(description="Null until a worker has swept.")


class Versions(BaseModel):
    headway: str
    python: str
    database: str
    store: str


class SomeJobs(BaseModel):
    items: list[OperatorJob]
    more: bool = Field(description="Whether `GET /operator/jobs` has others.")


class Overview(BaseModel):
    """All that an operator looks at first."""

    server_time: datetime
    next_poll_ms: int = Field(description="When it is worth to ask again.")
    workers: list[WorkerAnswer]
    lost_workers: list[WorkerAnswer] = Field(description="Workers that stopped without a word in the last day.")
    queues: list[QueueAnswer]
    jobs: JobTotals
    stalled: SomeJobs
    failed: SomeJobs
    throughput: Throughput
    storage: StorageUse | None = Field(description="Null until a worker has measured it.")
    disks: list[Disk]
    retention: Retention
    versions: Versions


class ErasedUser(BaseModel):
    """How much there was of somebody who is no more."""

    datasets: int
    files: int
    jobs: int
    objects: int = Field(description="What was deleted in the store.")
    left: int = Field(description="What the store did not delete; the sweep does.")


class AuditAnswer(BaseModel):
    """Who did what to whom, and from where.

    `result` is `done`, the code of the problem for which it was not, or `begun` for what goes on or was broken off.
    """

    id: UUID
    at: datetime
    actor: Person
    address: str | None
    request_id: str | None
    action: str
    target_type: str
    target: Person = Field(description="Its id; for a user also the e-mail.")
    result: str
    details: dict[str, Any]
