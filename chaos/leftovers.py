"""What may be left in the object store and on the machine once all is quiet and the sweep has gone over it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from uuid import uuid4

import sqlalchemy as sa

from chaos.experiment import Outcome
from chaos.product import Product
from chaos.watchers import open_database
from headway.storage.opening import open_store
from headway.storage.store import ObjectStore

MOST_TOLD = 5
PROCESSES_OF_A_SPARE = 2
"""A worker at rest keeps one child ready, which bubblewrap turns into a chain of two by that name."""


def check_leftovers(product: Product, database_url: str, outcome: Outcome) -> None:
    """Leave one object behind as a dead API would, sweep, then compare store and database, both ways."""
    asyncio.run(_leave_an_object(product))
    swept = subprocess.run(
        [sys.executable, "-m", "headway.cli", "sweep", "--older-than", "0"],
        env=product.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    outcome.expect(swept.returncode == 0, f"the sweep ended with {swept.returncode}: {swept.stderr[-500:]}")
    named, stored = _named(database_url), _stored(product)
    outcome.figures["objects"] = len(stored)
    _tell(outcome, "is in the store and named by nothing, also after the sweep", stored - named)
    _tell(outcome, "is named by the database and not in the store", named - stored)
    children, workers = len(product.pids("child")), len(product.pids("worker"))
    outcome.expect(children <= workers * PROCESSES_OF_A_SPARE, f"{children} children are left with nothing to parse")


def _tell(outcome: Outcome, what: str, keys: set[str]) -> None:
    for key in sorted(keys)[:MOST_TOLD]:
        outcome.violations.append(f"{key} {what} ({len(keys)} such)")


def _named(database_url: str) -> set[str]:
    engine = open_database(database_url)
    with engine.connect() as connection:
        keys = connection.execute(
            sa.text("select original_key from imports union select rows_key from dataset_versions")
        ).scalars()
        named = set(keys)
    engine.dispose()
    # Rejected rows are named by the checkpoint of their job; none of the files sent here has any.
    return named


async def _leave_an_object(product: Product) -> None:
    store = _open_store(product)
    try:
        writer = await store.open_writer(f"originals/{uuid4()}")
        await writer.write(b"nobody ever heard of it\n")
        await writer.commit()
    finally:
        await store.close()


def _open_store(product: Product) -> ObjectStore:
    # The library reads its credentials from the environment of its process, which is ours here.
    os.environ.update({name: value for name, value in product.environment.items() if name.startswith("AWS_")})
    return open_store(product.environment.get("HEADWAY_STORAGE_URL", f"file://{product.data_dir / 'objects'}"))


def _stored(product: Product) -> set[str]:
    async def keys() -> set[str]:
        store = _open_store(product)
        try:
            return {found.key async for found in store.list("")}
        finally:
            await store.close()

    return asyncio.run(keys())
