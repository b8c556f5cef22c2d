"""How long jobs of a type and size took, and by when one that runs should end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("background_jobs", sa.Column("likely_end_at", MOMENT))
    op.add_column("background_jobs", sa.Column("late_end_at", MOMENT))
    op.create_table(
        "job_durations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job_type", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("size_class", sa.Integer(), nullable=False),
        sa.Column("measured_at", MOMENT, nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_durations")),
    )
    op.create_index("ix_job_durations_alike", "job_durations", ["job_type", "stage", "size_class", "measured_at"])


def downgrade() -> None:
    op.drop_table("job_durations")
    op.drop_column("background_jobs", "late_end_at")
    op.drop_column("background_jobs", "likely_end_at")
