"""Look-ups of many callers in one question to the database.

After a restart everybody comes back at once, and each request asks for its caller: a thousand round trips, of which
each occupies a connection. Here whoever comes while questions are under way is asked for in the next one, so that a
look-up never sees anything older than its own beginning, and one that comes alone does not wait at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

QUESTIONS_AT_ONCE = 4
"""One that hangs, on a connection that is dead and does not know it, must not hold up everybody."""

KEYS_OF_A_QUESTION = 500

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Together(Generic[Key, Value]):
    """Finds values by their keys, asking for all who wait in one call of `ask`, which leaves out what is not there."""

    def __init__(self, ask: Callable[[Collection[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._ask = ask
        self._waiting: dict[Key, list[asyncio.Future[Value | None]]] = {}
        self._asking: set[asyncio.Task[None]] = set()
        # Those of them that will look again for who waits. A task that has ended is still in the set for a moment.
        self._looking = 0

    async def find(self, key: Key) -> Value | None:
        """Return the value, or None if there is none. Raises what the question raised."""
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(answer)
        if self._looking < QUESTIONS_AT_ONCE:
            self._looking += 1
            task = asyncio.create_task(self._ask_on())
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        return await answer

    async def _ask_on(self) -> None:
        try:
            while self._waiting:
                await self._ask_for_some()
        finally:
            self._looking -= 1

    async def _ask_for_some(self) -> None:
        keys = list(self._waiting)[:KEYS_OF_A_QUESTION]
        answers = {key: self._waiting.pop(key) for key in keys}
        try:
            found = await self._ask(keys)
        except Exception as error:  # noqa: BLE001 - it is told to everybody who waits for it
            for answer in (one for waiting in answers.values() for one in waiting if not one.done()):
                answer.set_exception(error)
        else:
            for key, waiting in answers.items():
                for answer in waiting:
                    if not answer.done():  # its caller may be gone
                        answer.set_result(found.get(key))
