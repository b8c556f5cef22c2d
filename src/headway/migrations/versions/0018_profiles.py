"""What the columns of a version hold. Versions that are there already have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("dataset_versions", sa.Column("profile", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("dataset_versions", "profile")
