from __future__ import annotations

from pathlib import Path

import pytest

from headway.kit.db import Database
from headway.storage.store import ObjectStore
from tests.support.clock import FakeClock
from tests.support.datasets_world import Datasets


@pytest.fixture
def datasets(database: Database, store: ObjectStore, clock: FakeClock, tmp_path: Path) -> Datasets:
    return Datasets(database, store, clock, tmp_path)
