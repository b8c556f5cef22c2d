"""Changes of datasets: what they are made from, and those that wait to be applied."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("dataset_versions", sa.Column("options", JSON, nullable=True))
    op.execute(
        "update dataset_versions set options ="
        " (select imports.options from imports where imports.id = dataset_versions.import_id)"
    )
    op.create_table(
        "dataset_sources",
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("options", JSON, nullable=False),
        sa.Column("original_key", sa.Text(), nullable=False),
        sa.Column("source", JSON, nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", "version", "position", name=op.f("pk_dataset_sources")),
        sa.ForeignKeyConstraint(
            ["dataset_id", "version"],
            ["dataset_versions.dataset_id", "dataset_versions.number"],
            name=op.f("fk_dataset_sources_dataset_id_version_dataset_versions"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_dataset_sources_import_id", "dataset_sources", ["import_id"])
    op.create_index("ix_dataset_sources_original_key", "dataset_sources", ["original_key"])
    op.create_table(
        "dataset_changes",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("apply", sa.Boolean(), nullable=False),
        sa.Column("asked", JSON, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("base_version", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("summary", JSON, nullable=True),
        sa.Column("candidate", JSON, nullable=True),
        sa.Column("rows_key", sa.Text(), nullable=True),
        sa.Column("rejects_key", sa.Text(), nullable=True),
        sa.Column("original_key", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_dataset_changes")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_changes_dataset_id_datasets"), ondelete="CASCADE"
        ),
    )
    op.create_index("ix_dataset_changes_dataset_id", "dataset_changes", ["dataset_id", "created_at"])
    op.create_index("ix_dataset_changes_import_id", "dataset_changes", ["import_id"])
    op.create_index("ix_dataset_changes_expires_at", "dataset_changes", ["expires_at"])


def downgrade() -> None:
    op.drop_table("dataset_changes")
    op.drop_table("dataset_sources")
    op.drop_column("dataset_versions", "options")
