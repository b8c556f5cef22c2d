"""How many units of a job could not be done, and that a percent out of bounds was noted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("background_jobs", sa.Column("failed_units", sa.BigInteger()))
    op.add_column("background_jobs", sa.Column("clamped_attempt", sa.Integer()))


def downgrade() -> None:
    op.drop_column("background_jobs", "clamped_attempt")
    op.drop_column("background_jobs", "failed_units")
