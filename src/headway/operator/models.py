"""What took too long to find out for asking each time somebody looks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from headway.kit.db import Base, UtcDateTime


class Measurement(Base):
    """The newest result of one measurement, and when it was made."""

    __tablename__ = "measurements"

    name: Mapped[str] = mapped_column(sa.Text, primary_key=True)
    measured_at: Mapped[datetime] = mapped_column(UtcDateTime)
    value: Mapped[dict[str, Any]] = mapped_column(sa.JSON().with_variant(postgresql.JSONB(), "postgresql"))
