"""What running a job honestly needs beside its 13 columns: attempts, leases, units, outcomes and events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("title", sa.Text(), nullable=False, server_default=""),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("done_units", sa.BigInteger(), nullable=True),
        sa.Column("total_units", sa.BigInteger(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("result", JSON, nullable=True),
        sa.Column("problem", JSON, nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("max_attempts", sa.Integer(), nullable=False, server_default="3"),
        sa.Column("crash_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("version", sa.BigInteger(), nullable=False, server_default="1"),
        sa.Column("engine", sa.Text(), nullable=False, server_default="external"),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", MOMENT, nullable=True),
        sa.Column("heartbeat_seconds", sa.Integer(), nullable=False, server_default="60"),
        sa.Column("stalled_at", MOMENT, nullable=True),
        sa.Column("cancel_requested_at", MOMENT, nullable=True),
        sa.Column("dismissed_at", MOMENT, nullable=True),
    ):
        op.add_column("background_jobs", column)
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("data", JSON, nullable=False, server_default="{}"),
        sa.PrimaryKeyConstraint("job_id", "seq", name=op.f("pk_job_events")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["background_jobs.id"], name=op.f("fk_job_events_job_id_background_jobs"), ondelete="CASCADE"
        ),
    )
    op.create_table(
        "worker_leases",
        sa.Column("executor_id", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("beat_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("executor_id", name=op.f("pk_worker_leases")),
    )


def downgrade() -> None:
    op.drop_table("worker_leases")
    op.drop_table("job_events")
    for name in (
        "dismissed_at",
        "cancel_requested_at",
        "stalled_at",
        "heartbeat_seconds",
        "lease_expires_at",
        "lease_owner",
        "engine",
        "version",
        "crash_count",
        "max_attempts",
        "attempt",
        "problem",
        "result",
        "outcome",
        "unit",
        "total_units",
        "done_units",
        "stage",
        "kind",
        "title",
    ):
        op.drop_column("background_jobs", name)
