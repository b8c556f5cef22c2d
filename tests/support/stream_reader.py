"""Reads one live stream event by event, as an ASGI server has it and without one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

from headway.jobs.live import LiveFeed
from headway.jobs.router import EventStreamResponse
from headway.kit.actor import Actor

SECONDS = 60
"""How long anything is waited for: it only ends a test that would hang, so a busy machine may take its time."""


class StreamReader:
    """A client of one stream, as an ASGI server has it; its connection takes what `room` lets through."""

    def __init__(self, feed: LiveFeed, who: Actor | str, last_event_id: str | None = None) -> None:
        self.last_id = ""
        self.room = asyncio.Event()
        self.room.set()
        self.status = 0
        self._gone = asyncio.Event()
        self._events: asyncio.Queue[tuple[str, Any, str]] = asyncio.Queue()
        actor = Actor(who) if isinstance(who, str) else who
        self._serving = asyncio.create_task(self._serve(feed, actor, last_event_id))

    async def _serve(self, feed: LiveFeed, who: Actor, last_event_id: str | None) -> None:
        await EventStreamResponse(feed, who, last_event_id)({"type": "http"}, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        await self.room.wait()
        self.status = message.get("status", self.status)
        for text in message.get("body", b"").decode().split("\n\n") if self.status == 200 else ():
            lines = dict(line.split(": ", 1) for line in text.splitlines() if line)
            if "event" in lines:
                self._events.put_nowait((lines["event"], json.loads(lines["data"]), lines.get("id", "")))
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self._gone.set()

    async def next(self) -> tuple[str, Any]:
        """Return the next event; raises what the answer raised instead of one."""
        waiting = asyncio.create_task(self._events.get())
        async with asyncio.timeout(SECONDS):
            await asyncio.wait({waiting, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        if not waiting.done():
            waiting.cancel()
            await self._serving
            raise EOFError
        name, data, self.last_id = waiting.result()
        return name, data

    async def until(self, event: str) -> Any:
        while True:
            name, data = await self.next()
            if name == event:
                return data

    async def leave(self) -> None:
        self._gone.set()
        await self._serving
