"""The tables of datasets: a name that people know, and immutable versions behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, Json, UtcDateTime


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
    # How the file was asked to be read. Null where several files were; then each source has its own.
    options: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # What its columns hold, in their order; longer than all the rest, so it is read only by who asks for it. Null for
    # versions of an older Headway.
    profile: Mapped[list[dict[str, Any]] | None] = mapped_column(Json, deferred=True, deferred_raiseload=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DatasetSource(Base):
    """One of the files that a changed version was made from, in their order. A version without any has one file: its own.

    A foreign key to imports would tie the slices together; like `import_id` above, it is known from both sides.
    """

    __tablename__ = "dataset_sources"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["dataset_id", "version"], ["dataset_versions.dataset_id", "dataset_versions.number"], ondelete="CASCADE"
        ),
        sa.Index("ix_dataset_sources_import_id", "import_id"),
        sa.Index("ix_dataset_sources_original_key", "original_key"),
    )

    dataset_id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    import_id: Mapped[UUID] = mapped_column(sa.Uuid)
    part: Mapped[int] = mapped_column(sa.Integer)
    action: Mapped[str] = mapped_column(sa.Text)
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    original_key: Mapped[str] = mapped_column(sa.Text)
    # What `SourceResponse` says of the file.
    source: Mapped[dict[str, Any]] = mapped_column(Json)


class DatasetChange(Base):
    """A change of a dataset that a job prepares. Once it is proposed, its candidate waits to be applied or discarded."""

    __tablename__ = "dataset_changes"
    __table_args__ = (
        sa.Index("ix_dataset_changes_dataset_id", "dataset_id", "created_at"),
        sa.Index("ix_dataset_changes_import_id", "import_id"),
        sa.Index("ix_dataset_changes_expires_at", "expires_at"),
    )

    job_id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("datasets.id", ondelete="CASCADE"))
    import_id: Mapped[UUID] = mapped_column(sa.Uuid)
    action: Mapped[str] = mapped_column(sa.Text)
    apply: Mapped[bool] = mapped_column(sa.Boolean)
    # What was asked for: options that are to be others, key columns.
    asked: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(sa.Text)
    base_version: Mapped[int | None] = mapped_column(sa.Integer)
    # The version that it became.
    version: Mapped[int | None] = mapped_column(sa.Integer)
    summary: Mapped[dict[str, Any] | None] = mapped_column(Json)
    # The candidate; its objects are named here until it is a version or gone.
    candidate: Mapped[dict[str, Any] | None] = mapped_column(Json)
    rows_key: Mapped[str | None] = mapped_column(sa.Text)
    rejects_key: Mapped[str | None] = mapped_column(sa.Text)
    # Of the file that it brings.
    original_key: Mapped[str | None] = mapped_column(sa.Text)
    bytes: Mapped[int] = mapped_column(sa.BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
