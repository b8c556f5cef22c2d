"""By what name whoever runs a job knows it: a key of its own, or the id of a task in another engine."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NAMED = sa.text("engine_ref is not null")


def upgrade() -> None:
    op.add_column("background_jobs", sa.Column("engine_ref", sa.Text(), nullable=True))
    op.create_index(
        "ux_background_jobs_engine_ref",
        "background_jobs",
        ["engine", "engine_ref", "user_id"],
        unique=True,
        sqlite_where=NAMED,
        postgresql_where=NAMED,
    )


def downgrade() -> None:
    op.drop_index("ux_background_jobs_engine_ref", "background_jobs")
    op.drop_column("background_jobs", "engine_ref")
