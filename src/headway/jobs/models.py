"""The tables of jobs. `background_jobs` owns every state; an engine only delivers."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from headway.jobs.runner import Queue, queue_of
from headway.kit.db import Base, Json, UtcDateTime

ACTIVE_STATUSES = ("pending", "running")
_ACTIVE = sa.text("status in ('pending', 'running')")
_ENDED = sa.text("completed_at is not null")
_HAS_DATASET = sa.text("related_dataset_id is not null")
_WAITING = sa.text("status = 'pending' and waiting_since is not null")
_HELD = sa.text("status = 'running' and lease_owner is not null")
_STALLED = sa.text("stalled_at is not null")
_ENDED_BADLY = sa.text("status in ('failed', 'cancelled') or outcome = 'partial'")
_IS_KEPT = sa.text("object_key is not null")
_NAMED = sa.text("engine_ref is not null")


class BackgroundJob(Base):
    """One tracked run of a task. `user_id` is opaque and `related_dataset_id` no foreign key: a host may mount this."""

    __tablename__ = "background_jobs"
    __table_args__ = (
        sa.CheckConstraint("status in ('pending', 'running', 'completed', 'failed', 'cancelled')", name="status"),
        sa.CheckConstraint("progress between 0 and 100", name="progress"),
        sa.CheckConstraint(
            "(started_at is null or created_at <= started_at)"
            " and (completed_at is null or coalesce(started_at, created_at) <= completed_at)",
            name="times",
        ),
        sa.Index("ix_background_jobs_owner", "user_id", sa.text("created_at DESC"), sa.text("id DESC")),
        sa.Index("ix_background_jobs_active", "user_id", "created_at", sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
        sa.Index("ix_background_jobs_recent", "user_id", "completed_at", sqlite_where=_ENDED, postgresql_where=_ENDED),
        sa.Index(
            "ix_background_jobs_dataset", "related_dataset_id", sqlite_where=_HAS_DATASET, postgresql_where=_HAS_DATASET
        ),
        # For retention, which asks for no owner: of a million jobs it finds the oldest 500 in 0.3 ms instead of 1.3 s.
        sa.Index("ix_background_jobs_ended", "status", "completed_at", sqlite_where=_ENDED, postgresql_where=_ENDED),
        # For whoever looks for trouble in a long history: one job in ten of it, and no live one.
        sa.Index(
            "ix_background_jobs_ended_badly", "user_id", "created_at", "id",
            sqlite_where=_ENDED_BADLY, postgresql_where=_ENDED_BADLY,
        ),
        # For operators, who ask for all owners: each holds a handful of jobs, and no progress moves one of them.
        sa.Index(
            "ix_background_jobs_waiting", "queue", "waiting_since", "paused_at",
            sqlite_where=_WAITING, postgresql_where=_WAITING,
        ),
        sa.Index("ix_background_jobs_held", "lease_owner", sqlite_where=_HELD, postgresql_where=_HELD),
        sa.Index("ix_background_jobs_stalled", "stalled_at", sqlite_where=_STALLED, postgresql_where=_STALLED),
        sa.Index(
            "ux_background_jobs_engine_ref", "engine", "engine_ref", "user_id",
            unique=True, sqlite_where=_NAMED, postgresql_where=_NAMED,
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.Text)
    job_type: Mapped[str] = mapped_column(sa.Text)
    status: Mapped[str] = mapped_column(sa.Text, server_default="pending")
    progress: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    message: Mapped[str | None] = mapped_column(sa.Text)
    error: Mapped[str | None] = mapped_column(sa.Text)
    related_dataset_id: Mapped[UUID | None] = mapped_column(sa.Uuid)
    # `metadata` is taken by SQLAlchemy's own attribute of that name.
    details: Mapped[dict[str, Any]] = mapped_column("metadata", Json, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    title: Mapped[str] = mapped_column(sa.Text, server_default="")
    kind: Mapped[str | None] = mapped_column(sa.Text)
    stage: Mapped[str | None] = mapped_column(sa.Text)
    done_units: Mapped[int | None] = mapped_column(sa.BigInteger)
    total_units: Mapped[int | None] = mapped_column(sa.BigInteger)
    failed_units: Mapped[int | None] = mapped_column(sa.BigInteger)
    unit: Mapped[str | None] = mapped_column(sa.Text)
    # The attempt of which it is noted that somebody reported a percent out of bounds.
    clamped_attempt: Mapped[int | None] = mapped_column(sa.Integer)
    outcome: Mapped[str | None] = mapped_column(sa.Text)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    problem: Mapped[dict[str, Any] | None] = mapped_column(Json)
    attempt: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    # Limits nothing: crashes, losses and time end a job, not a number of attempts. It is never read or written here;
    # versions that run beside this one during an update still read it, so that only a later one may drop it.
    max_attempts: Mapped[int] = mapped_column(sa.Integer, server_default="3", deferred=True)
    crash_count: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    # How often the job was given to the engine; 0 means that it was never accepted.
    delivery: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    worker_losses: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    version: Mapped[int] = mapped_column(sa.BigInteger, server_default="1")
    engine: Mapped[str] = mapped_column(sa.Text, server_default="external")
    # By what name whoever runs it knows it: the key of a program, the id of a task in another engine.
    engine_ref: Mapped[str | None] = mapped_column(sa.Text)
    # In which queue, and since when, it waits or last waited for a worker; null until it is accepted.
    queue: Mapped[str | None] = mapped_column(sa.Text)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Since when its owner has been told that the queue is paused.
    paused_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_owner: Mapped[str | None] = mapped_column(sa.Text)
    lease_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    heartbeat_seconds: Mapped[int] = mapped_column(sa.Integer, server_default="60")
    stalled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When its present delivery was given to the engine, and when a job that a worker keeps is to be tried again.
    queued_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    scheduled_for: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Units per second of the present stage, from where it was last measured, and since when it is.
    rate: Mapped[float | None] = mapped_column(sa.Float)
    rated_units: Mapped[int | None] = mapped_column(sa.BigInteger)
    rated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    rated_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # What it declared of its stages; see `stages.Declared`.
    stages: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    # By then it should have ended: as likely as not, and nine times in ten.
    likely_end_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    late_end_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Set for an upload that may be continued until then, by whoever holds it or, while nobody does, by anybody new.
    resumable_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dismissed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When one of its owner's pages took it on to say that it has ended.
    notified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The W3C `traceparent` of what created it, while traces are made.
    trace_parent: Mapped[str | None] = mapped_column(sa.Text)
    # When its events were deleted, as ones that are not kept as long as their job.
    events_dropped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def place(self) -> Queue:
        """The queue in which it waits, or will."""
        # An older version that made it wait while both ran may have left it out.
        return "bulk" if (self.queue or queue_of(self.job_type)) == "bulk" else "imports"


IS_ACTIVE = BackgroundJob.status.in_([sa.literal(status, literal_execute=True) for status in ACTIVE_STATUSES])
"""Written out and not as parameters: from those no database can tell that the small index of active jobs will do."""

IS_PAUSED = sa.and_(
    BackgroundJob.status == sa.literal("pending", literal_execute=True),
    sa.func.coalesce(BackgroundJob.stage, "") == "upload",
    BackgroundJob.lease_owner.is_(None),
    BackgroundJob.resumable_until.is_not(None),
)
"""An upload that nobody sends, as `states.is_paused` says: it waits for its person, and nothing runs."""

IS_WAITING = sa.and_(
    BackgroundJob.status == sa.literal("pending", literal_execute=True), BackgroundJob.waiting_since.is_not(None)
)
"""Accepted, and in nobody's hands."""

IS_HELD = sa.and_(
    BackgroundJob.status == sa.literal("running", literal_execute=True), BackgroundJob.lease_owner.is_not(None)
)
"""Run by one of our workers."""


ENDED_BADLY = sa.or_(
    BackgroundJob.status.in_([sa.literal(status, literal_execute=True) for status in ("failed", "cancelled")]),
    BackgroundJob.outcome == sa.literal("partial", literal_execute=True),
)
"""Failed, cancelled, or completed in part: the words of its index."""


class PausedQueue(Base):
    """A queue from which no job starts. It exists as long as the pause does."""

    __tablename__ = "paused_queues"

    name: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    paused_at: Mapped[datetime] = mapped_column(UtcDateTime)
    paused_by: Mapped[str] = mapped_column(sa.Text)
    reason: Mapped[str] = mapped_column(sa.Text, server_default="")


class JobCount(Base):
    """How many jobs an owner has of a type in a state: the sum over the slots. Triggers keep it, and nothing else does.

    `state` is the status of a job, or `partial` for a completed one that left something out.
    """

    __tablename__ = "job_counts"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    user_id: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    job_type: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    state: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    slot: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(sa.BigInteger)


class EndedJobs(Base):
    """How many jobs of all owners ended so within one minute. It outlives the jobs."""

    __tablename__ = "ended_jobs"

    # Minutes since 1970: both databases can divide them into longer spans.
    minute: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    count: Mapped[int] = mapped_column(sa.Integer)


class JobEvent(Base):
    """One numbered fact in the life of a job: lifecycle and stages only, never a progress tick."""

    __tablename__ = "job_events"

    job_id: Mapped[UUID] = mapped_column(sa.ForeignKey("background_jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(sa.Text)
    attempt: Mapped[int] = mapped_column(sa.Integer)
    data: Mapped[dict[str, Any]] = mapped_column(Json, server_default="{}")


class JobDuration(Base):
    """How long it took one job from the beginning of a stage to its end."""

    __tablename__ = "job_durations"
    __table_args__ = (sa.Index("ix_job_durations_alike", "job_type", "stage", "size_class", "measured_at"),)

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    job_type: Mapped[str] = mapped_column(sa.Text)
    stage: Mapped[str] = mapped_column(sa.Text)
    size_class: Mapped[int] = mapped_column(sa.Integer)
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seconds: Mapped[float] = mapped_column(sa.Float)


class JobCheckpoint(Base):
    """What one attempt finished for good, so that the next one need not do it again."""

    __tablename__ = "job_checkpoints"

    job_id: Mapped[UUID] = mapped_column(sa.ForeignKey("background_jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    attempt: Mapped[int] = mapped_column(sa.Integer)
    value: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class JobArtifact(Base):
    """A file that an attempt of a job left for its owner. Without an object it has expired; what it was stays known."""

    __tablename__ = "job_artifacts"
    __table_args__ = (
        sa.Index("ix_job_artifacts_owner", "user_id", sqlite_where=_IS_KEPT, postgresql_where=_IS_KEPT),
        sa.Index("ix_job_artifacts_expires_at", "expires_at", sqlite_where=_IS_KEPT, postgresql_where=_IS_KEPT),
    )

    job_id: Mapped[UUID] = mapped_column(sa.ForeignKey("background_jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    # The job's, here once more: what all of somebody's artifacts take is asked with every upload.
    user_id: Mapped[str] = mapped_column(sa.Text)
    attempt: Mapped[int] = mapped_column(sa.Integer)
    media_type: Mapped[str] = mapped_column(sa.Text)
    bytes: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.Text)
    rows: Mapped[int | None] = mapped_column(sa.BigInteger)
    object_key: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Null if it is kept for as long as its job is.
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class JobLog(Base):
    """Some lines of what an attempt of a job did, one after another. Numbers that no row has are lines not kept."""

    __tablename__ = "job_logs"
    __table_args__ = (sa.Index("ix_job_logs_written_at", "written_at"),)

    job_id: Mapped[UUID] = mapped_column(sa.ForeignKey("background_jobs.id", ondelete="CASCADE"), primary_key=True)
    first_number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(sa.Integer)
    line_count: Mapped[int] = mapped_column(sa.Integer)
    bytes: Mapped[int] = mapped_column(sa.Integer)
    # Of each line its moment, its level, who said it, and the text.
    lines: Mapped[list[list[str]]] = mapped_column(Json)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
