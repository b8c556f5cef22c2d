"""Entries of the audit are found by deed and by whoever did it."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

INDEXES = {"ix_audit_log_action": "action", "ix_audit_log_actor": "actor"}


def upgrade() -> None:
    for name, column in INDEXES.items():
        op.create_index(name, "audit_log", [column, "at", "id"])


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, table_name="audit_log")
