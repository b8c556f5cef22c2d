"""What made a version, from which one, and where its rejected rows lie."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dataset_versions", sa.Column("rejects_key", sa.Text(), nullable=True))
    op.add_column("dataset_versions", sa.Column("action", sa.Text(), nullable=False, server_default="import"))
    op.add_column("dataset_versions", sa.Column("based_on", sa.Integer(), nullable=True))
    # They lay beside the rows, under the same name with another ending.
    op.execute(
        "update dataset_versions set rejects_key = replace(rows_key, '.parquet', '.rejects') where rejected_rows > 0"
    )


def downgrade() -> None:
    op.drop_column("dataset_versions", "based_on")
    op.drop_column("dataset_versions", "action")
    op.drop_column("dataset_versions", "rejects_key")
