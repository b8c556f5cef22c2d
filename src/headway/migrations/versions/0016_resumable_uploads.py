"""Uploads that are sent in several turns, the pieces in which a store keeps them, and until when they wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("background_jobs", sa.Column("resumable_until", MOMENT, nullable=True))
    op.add_column(
        "upload_reservations", sa.Column("received_bytes", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.create_table(
        "uploads",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="receiving", nullable=False),
        sa.Column("length_bytes", sa.BigInteger(), nullable=True),
        sa.Column("offset_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("options", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("upload_metadata", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("copied_from", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint("state in ('receiving', 'finished', 'ended')", name=op.f("ck_uploads_state")),
        sa.CheckConstraint(
            "offset_bytes >= 0 and offset_bytes <= coalesce(length_bytes, offset_bytes)", name=op.f("ck_uploads_offset")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_uploads")),
    )
    receiving = sa.text("state = 'receiving'")
    op.create_index("ix_uploads_receiving", "uploads", ["user_id"], sqlite_where=receiving, postgresql_where=receiving)
    op.create_table(
        "upload_pieces",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("start_bytes", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "start_bytes", name=op.f("pk_upload_pieces")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["uploads.job_id"], name=op.f("fk_upload_pieces_job_id_uploads"), ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("upload_pieces")
    op.drop_table("uploads")
    op.drop_column("upload_reservations", "received_bytes")
    op.drop_column("background_jobs", "resumable_until")
