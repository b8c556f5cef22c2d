"""What recovery counts and keeps: deliveries, lost workers, and what an earlier attempt had already finished."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("background_jobs", sa.Column("delivery", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("background_jobs", sa.Column("worker_losses", sa.Integer(), nullable=False, server_default="0"))
    # Accepted jobs of the version before: their first delivery is on its way, or was made.
    op.execute(
        "update background_jobs set delivery = 1 where engine <> 'external' and (attempt > 0 or stage is null"
        " or stage <> 'upload')"
    )
    op.create_table(
        "job_checkpoints",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_job_checkpoints")),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["background_jobs.id"],
            name=op.f("fk_job_checkpoints_job_id_background_jobs"),
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("job_checkpoints")
    op.drop_column("background_jobs", "worker_losses")
    op.drop_column("background_jobs", "delivery")
