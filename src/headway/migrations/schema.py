"""Every table of this version, and which schema a database has, for whoever treats the schema as a whole."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import headway.accounts.models
import headway.datasets.models
import headway.engine.models
import headway.intake.models
import headway.jobs.models  # noqa: F401 - imported for their tables
from headway.kit.db import Base
from headway.migrations import VERSION_TABLE, alembic_config

METADATA = Base.metadata


def present_revision(connection: sa.Connection) -> str | None:
    """Return the revision that a database has; None for one without our tables."""
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()


def newest_revision() -> str:
    """Return the revision that this version needs."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if head is None:
        raise LookupError("no migrations are installed")
    return head
