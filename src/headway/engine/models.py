"""The workers that are alive."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, UtcDateTime


class WorkerLease(Base):
    """Proof of life of one worker process. On PostgreSQL by the database's clock, which all machines share."""

    __tablename__ = "worker_leases"

    executor_id: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    host: Mapped[str] = mapped_column(sa.Text)
    pid: Mapped[int] = mapped_column(sa.Integer)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # Jobs that it runs at once, apart from bulk ones, and of one owner on all workers; None of an older version.
    places: Mapped[int | None] = mapped_column(sa.Integer)
    owner_places: Mapped[int | None] = mapped_column(sa.Integer)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[str | None] = mapped_column(sa.Text)
    # Of the process and all that it has started; null where the system does not tell.
    memory_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
