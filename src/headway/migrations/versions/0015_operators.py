"""What operators see and do: which queue a job waits in, pauses, what workers are, the audit, measurements."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
WAITING = sa.text("status = 'pending' and waiting_since is not null")
HELD = sa.text("status = 'running' and lease_owner is not null")
STALLED = sa.text("stalled_at is not null")
INDEXES = {
    "ix_background_jobs_waiting": (["queue", "waiting_since", "paused_at"], WAITING),
    "ix_background_jobs_held": (["lease_owner"], HELD),
    "ix_background_jobs_stalled": (["stalled_at"], STALLED),
}


def upgrade() -> None:
    for name in ("waiting_since", "paused_at"):
        op.add_column("background_jobs", sa.Column(name, MOMENT))
    op.add_column("background_jobs", sa.Column("queue", sa.Text()))
    # A job that an older version makes wait while both run has neither; it is counted from its next wait on.
    op.execute("""
        update background_jobs set
          queue = case when job_type in ('export', 'processing', 'validation') then 'bulk' else 'imports' end,
          waiting_since = updated_at
        where status in ('pending', 'running') and status = 'pending' and delivery > 0 and lease_owner is null
    """)
    for name, (columns, where) in INDEXES.items():
        op.create_index(name, "background_jobs", columns, sqlite_where=where, postgresql_where=where)
    op.add_column("worker_leases", sa.Column("version", sa.Text()))
    op.add_column("worker_leases", sa.Column("memory_bytes", sa.BigInteger()))
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "paused_queues",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("paused_at", MOMENT, nullable=False),
        sa.Column("paused_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_paused_queues")),
    )
    op.create_table(
        "ended_jobs",
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "status", name=op.f("pk_ended_jobs")),
    )
    op.create_table(
        "measurements",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("measured_at", MOMENT, nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_measurements")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_type", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_newest", "audit_log", ["at", "id"])
    op.create_index("ix_audit_log_target", "audit_log", ["target_type", "target", "at", "id"])


def downgrade() -> None:
    for table in ("audit_log", "measurements", "ended_jobs", "paused_queues"):
        op.drop_table(table)
    for name in INDEXES:
        op.drop_index(name, "background_jobs")
    _drop_columns("worker_leases", "version", "memory_bytes")
    _drop_columns("background_jobs", "queue", "waiting_since", "paused_at")


def _drop_columns(table: str, *names: str) -> None:
    for name in names:
        op.drop_column(table, name)
