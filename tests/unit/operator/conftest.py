"""The app as it runs, with an administrator and somebody who has jobs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from headway.kit.db import Database
from headway.settings import Settings
from tests.support.office import Office, opened_office


@pytest.fixture
async def office(settings: Settings, database: Database) -> AsyncIterator[Office]:
    async with opened_office(settings, database) as office:
        yield office
