"""What retention finds old jobs by, whoever owns them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    ended = sa.text("completed_at is not null")
    op.create_index(
        "ix_background_jobs_ended",
        "background_jobs",
        ["status", "completed_at"],
        sqlite_where=ended,
        postgresql_where=ended,
    )


def downgrade() -> None:
    op.drop_index("ix_background_jobs_ended", "background_jobs")
