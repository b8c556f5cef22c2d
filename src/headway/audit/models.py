"""The table of the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, Json, UtcDateTime


class AuditEntry(Base):
    """One deed. Users stand in it by their ids, so that erasing somebody takes their name out of here as well."""

    __tablename__ = "audit_log"
    __table_args__ = (
        sa.Index("ix_audit_log_newest", "at", "id"),
        sa.Index("ix_audit_log_target", "target_type", "target", "at", "id"),
        # A rare deed among a million others, and somebody who did little: found without reading what others did.
        sa.Index("ix_audit_log_action", "action", "at", "id"),
        sa.Index("ix_audit_log_actor", "actor", "at", "id"),
    )

    id: Mapped[UUID] = mapped_column(sa.Uuid, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(sa.Text)
    address: Mapped[str | None] = mapped_column(sa.Text)
    request_id: Mapped[str | None] = mapped_column(sa.Text)
    action: Mapped[str] = mapped_column(sa.Text)
    target_type: Mapped[str] = mapped_column(sa.Text)
    target: Mapped[str] = mapped_column(sa.Text)
    # "done", or the code of the problem for which it was not; "begun" if it takes long and has not come to its end.
    result: Mapped[str] = mapped_column(sa.Text)
    details: Mapped[dict[str, Any]] = mapped_column(Json)
