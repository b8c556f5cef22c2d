"""Files that jobs leave for their owners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "job_artifacts",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("object_key", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_job_artifacts")),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["background_jobs.id"],
            name=op.f("fk_job_artifacts_job_id_background_jobs"),
            ondelete="CASCADE",
        ),
    )
    kept = sa.text("object_key is not null")
    for name, column in (("ix_job_artifacts_owner", "user_id"), ("ix_job_artifacts_expires_at", "expires_at")):
        op.create_index(name, "job_artifacts", [column], sqlite_where=kept, postgresql_where=kept)


def downgrade() -> None:
    op.drop_table("job_artifacts")
