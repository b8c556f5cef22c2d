"""Clients that ask and then take nothing of the answer: they must not keep it, and its connection, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from headway.kit.connection_guard import ConnectionLimits
from tests.unit.kit.test_connection_guard import DEADLINE, GET, Client, Receiver, guarded


class Flood(Receiver):
    """Answers everybody without end."""

    async def __call__(self, _scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()
        gone = asyncio.ensure_future(receive())
        while not gone.done():
            await send({"type": "http.response.body", "body": bytes(100_000), "more_body": True})
            await asyncio.sleep(0)
        self.disconnected.set()


async def test_a_client_that_takes_nothing_is_let_go_and_a_slow_one_is_not() -> None:
    async with guarded(ConnectionLimits(head_seconds=0.1, take_seconds=0.5), app=Flood()) as served:
        slow, stuck = await served.connect(), await served.connect()
        await slow.say(GET)
        reading = asyncio.create_task(sip(slow))
        await stuck.say(GET)
        async with asyncio.timeout(DEADLINE):
            await served.app.disconnected.wait()
        assert not reading.done()
        reading.cancel()


async def sip(client: Client) -> None:
    """Take an answer in small pieces, until it ends."""
    while await client.reader.read(200_000):
        await asyncio.sleep(0.01)
