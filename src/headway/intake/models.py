"""The import: which bytes arrived, for which job, under which decisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, Json, UtcDateTime

_RECEIVING = sa.text("state = 'receiving'")


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
    # Of these, so many take room on the disk already.
    received_bytes: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Upload(Base):
    """A resumable upload: how many of its bytes are durable, which is the only offset that anybody is told.

    It is known by its job. `receiving` becomes `finished` in the transaction that accepts the file, or `ended` when
    its bytes were given up; the row stays as long as its job, so that a late client hears which of both it was.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        sa.CheckConstraint("state in ('receiving', 'finished', 'ended')", name="state"),
        sa.CheckConstraint("offset_bytes >= 0 and offset_bytes <= coalesce(length_bytes, offset_bytes)", name="offset"),
        sa.Index("ix_uploads_receiving", "user_id", sqlite_where=_RECEIVING, postgresql_where=_RECEIVING),
    )

    job_id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.Text)
    state: Mapped[str] = mapped_column(sa.Text, server_default="receiving")
    # Null as long as its sender does not know it either.
    length_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    offset_bytes: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    file_name: Mapped[str] = mapped_column(sa.Text)
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    # As it was sent: HEAD gives it back.
    upload_metadata: Mapped[str] = mapped_column(sa.Text)
    # What the sender announced; compared with the bytes at the end.
    sha256: Mapped[str | None] = mapped_column(sa.Text)
    # An original of the same owner with the same bytes, from which this one is made instead of from what is sent.
    copied_from: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UploadPiece(Base):
    """A durable stretch of an upload, where the store keeps it as an object of its own."""

    __tablename__ = "upload_pieces"

    job_id: Mapped[UUID] = mapped_column(sa.ForeignKey("uploads.job_id", ondelete="CASCADE"), primary_key=True)
    start_bytes: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    size_bytes: Mapped[int] = mapped_column(sa.BigInteger)
    name: Mapped[str] = mapped_column(sa.Text)


IS_RECEIVING = Upload.state == sa.literal("receiving", literal_execute=True)
"""Written out and not as a parameter, so that a database can tell that the small index will do."""


class IdempotencyKey(Base):
    """A client's name for one upload, so that a repeated request finds the first one's job and makes no second."""

    __tablename__ = "idempotency_keys"

    user_id: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    key: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    job_id: Mapped[UUID] = mapped_column(sa.Uuid)
    # Null while the first request is still arriving; afterwards what it carried.
    fingerprint: Mapped[str | None] = mapped_column(sa.Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
