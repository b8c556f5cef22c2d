"""An index of the jobs that ended badly, so that they are found in a history of millions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

NAME = "ix_background_jobs_ended_badly"
ENDED_BADLY = sa.text("status in ('failed', 'cancelled') or outcome = 'partial'")


def upgrade() -> None:
    columns = ["user_id", "created_at", "id"]
    op.create_index(NAME, "background_jobs", columns, sqlite_where=ENDED_BADLY, postgresql_where=ENDED_BADLY)


def downgrade() -> None:
    op.drop_index(NAME, "background_jobs")
