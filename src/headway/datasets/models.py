"""The tables of datasets: a name that people know, and immutable versions behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, UtcDateTime

Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


class Dataset(Base):
    """What people see and rename. Its rows are those of `current_version`."""

    __tablename__ = "datasets"
    __table_args__ = (sa.Index("ix_datasets_owner", "user_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    user_id: Mapped[str] = mapped_column(sa.Text)
    name: Mapped[str] = mapped_column(sa.Text)
    current_version: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DatasetVersion(Base):
    """One immutable state of a dataset: its Parquet file, its columns, and where they came from."""

    __tablename__ = "dataset_versions"
    __table_args__ = (
        # Exactly once: however often an import is worked on, each of its parts becomes one dataset.
        sa.UniqueConstraint("import_id", "part"),
        sa.Index("ix_dataset_versions_sha256", "sha256"),
    )

    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    import_id: Mapped[UUID] = mapped_column(sa.Uuid)
    part: Mapped[int] = mapped_column(sa.Integer)
    job_id: Mapped[UUID] = mapped_column(sa.Uuid)
    rows: Mapped[int] = mapped_column(sa.BigInteger)
    rejected_rows: Mapped[int] = mapped_column(sa.BigInteger)
    bytes: Mapped[int] = mapped_column(sa.BigInteger)
    rows_key: Mapped[str] = mapped_column(sa.Text)
    rejects_key: Mapped[str | None] = mapped_column(sa.Text)
    original_key: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.Text)
    source: Mapped[dict[str, Any]] = mapped_column(Json)
    columns: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    decisions: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    # What made it, and from which version; an import makes the first one from none.
    action: Mapped[str] = mapped_column(sa.Text, server_default="import")
    based_on: Mapped[int | None] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
