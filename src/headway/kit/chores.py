"""Work that a process does again and again as long as it lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)


async def every(seconds: float, chore: Callable[[], Awaitable[object]], *, first: float | None = None) -> None:
    """Do a chore again and again, the first time after `first` seconds if given.

    One that fails is tried again: the database, or the engine's view of it, was away.
    """
    wait = seconds if first is None else first
    while True:
        await asyncio.sleep(wait)
        wait = seconds
        try:
            await chore()
        except Exception as error:
            log.warning("a chore failed and is tried again: %s", error, exc_info=not isinstance(error, SQLAlchemyError))


@contextlib.asynccontextmanager
async def doing(*chores: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Do chores while the block runs, and return only when the last has let go of what it used.

    One that is cancelled still gives its connection back. Were the database closed before that, it would wait for ever.
    """
    tasks = [asyncio.create_task(chore) for chore in chores]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
