"""Where a waiting job stands, how fast a running one is, and the stages that it declared."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
COLUMNS: dict[str, dict[str, Any]] = {
    "background_jobs": {
        "queued_at": MOMENT,
        "scheduled_for": MOMENT,
        "rate": sa.Float(),
        "rated_units": sa.BigInteger(),
        "rated_at": MOMENT,
        "rated_since": MOMENT,
        "stages": JSON,
    },
    "worker_leases": {"places": sa.Integer(), "owner_places": sa.Integer()},
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind))


def downgrade() -> None:
    for table, columns in COLUMNS.items():
        for name in columns:
            op.drop_column(table, name)
