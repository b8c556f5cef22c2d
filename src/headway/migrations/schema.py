"""Every table of this version, for whoever treats the schema as a whole."""

from __future__ import annotations

import headway.accounts.models
import headway.audit.models
import headway.datasets.models
import headway.engine.models
import headway.intake.models
import headway.jobs.models
import headway.operator.models
import headway.recipes.models
import headway.rules.models  # noqa: F401 - imported for their tables
from headway.kit.db import Base

METADATA = Base.metadata
