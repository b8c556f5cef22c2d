"""The table that everything stands on, exactly as its contract says: 13 columns, 4 indexes, 3 checks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "background_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("job_type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, server_default="pending"),
        sa.Column("progress", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("related_dataset_id", sa.Uuid(), nullable=True),
        sa.Column("metadata", JSON, nullable=False, server_default="{}"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("completed_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_background_jobs")),
        sa.CheckConstraint(
            "status in ('pending', 'running', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_background_jobs_status"),
        ),
        sa.CheckConstraint("progress between 0 and 100", name=op.f("ck_background_jobs_progress")),
        sa.CheckConstraint(
            "(started_at is null or created_at <= started_at)"
            " and (completed_at is null or coalesce(started_at, created_at) <= completed_at)",
            name=op.f("ck_background_jobs_times"),
        ),
        # Leaves room in each page, so that a progress write stays on its page and touches no index (HOT).
        postgresql_with={"fillfactor": 80},
    )
    op.create_index(
        "ix_background_jobs_owner", "background_jobs", ["user_id", sa.text("created_at DESC"), sa.text("id DESC")]
    )
    _partial("ix_background_jobs_active", ["user_id", "created_at"], "status in ('pending', 'running')")
    _partial("ix_background_jobs_recent", ["user_id", "completed_at"], "completed_at is not null")
    _partial("ix_background_jobs_dataset", ["related_dataset_id"], "related_dataset_id is not null")


def _partial(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "background_jobs", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_table("background_jobs")
