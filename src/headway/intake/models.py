"""The import: which bytes arrived, for which job, under which decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, UtcDateTime

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class Import(Base):
    """An accepted upload. It exists from the transaction that promises the dataset, never before."""

    __tablename__ = "imports"
    __table_args__ = (
        sa.UniqueConstraint("job_id"),
        sa.Index("ix_imports_owner_digest", "user_id", "sha256"),
    )

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.Text)
    job_id: Mapped[UUID] = mapped_column(sa.Uuid)
    file_name: Mapped[str] = mapped_column(sa.Text)
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.Text)
    original_key: Mapped[str] = mapped_column(sa.Text)
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UploadReservation(Base):
    """Room that a running upload has claimed, so that many at once cannot exceed a quota together."""

    __tablename__ = "upload_reservations"

    job_id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.Text, index=True)
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IdempotencyKey(Base):
    """A client's name for one upload, so that a repeated request finds the first one's job and makes no second."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    key: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    job_id: Mapped[UUID] = mapped_column(sa.Uuid)
    # Null while the first request is still arriving; afterwards what it carried.
    fingerprint: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
