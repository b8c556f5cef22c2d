"""A database and a store of the backend that nobody else uses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from tests.support.seaweed import SeaweedFS


@contextlib.contextmanager
def fresh_place(request: pytest.FixtureRequest, backend: str) -> Iterator[dict[str, str]]:
    """Yield what the product must be told of them; nothing on SQLite, where both are in its data folder."""
    if backend == "sqlite":
        yield {}
        return
    postgres: str = request.getfixturevalue("postgres_server")
    seaweed: SeaweedFS = request.getfixturevalue("seaweed")
    name = f"place_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        url = f"{postgres.rpartition('/')[0]}/{name}"
        yield {"DATABASE_URL": url, "HEADWAY_STORAGE_URL": seaweed.url(name), **seaweed.environment}
        connection.execute(f"drop database {name} with (force)")
