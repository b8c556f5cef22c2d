"""One open stream of server-sent events: an ASGI answer without a task of its own while there is nothing to send.

Ten thousand of them wait most of the time. So nothing here is made in advance: what writes is a task that lives as
long as there is something to write, and what waits is the request itself, for its client to go away.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Literal

from headway.jobs.channel import Channel, frame
from headway.kit.actor import Actor
from headway.kit.asgi import Send

RETRY_MS = 2_000
"""When a client that has nothing better to go by should come back."""

EXPIRING_SECONDS = 60.0
"""So long before the end of what it was opened with a stream says so: time to fetch a new token."""

Reason = Literal["stopping", "renew", "expired", "revoked"]
"""Why a stream ends: the server stops; it has lasted long enough; what it was opened with has expired, or was revoked."""

BEAT = b": beat\n\n"


class EventStream:
    """A client's end of a channel. Made, and given to a channel, by the feed."""

    __slots__ = (
        "_control", "_ending", "_last_event_id", "_now", "_position", "_send", "_start", "_warned", "_writing",
        "channel", "ends_at", "expires_at", "proof", "slot",
    )  # fmt: skip

    def __init__(
        self,
        channel: Channel,
        slot: set[EventStream],
        who: Actor,
        last_event_id: str | None,
        send: Send,
        headers: list[tuple[bytes, bytes]],
        ends_at: float,
        now: Callable[[], datetime],
    ) -> None:
        self.channel = channel
        self.slot = slot
        """Those that beat together with it."""
        self.ends_at = ends_at
        """When it has lasted long enough, by the event loop's clock."""
        self.expires_at: datetime | None = who.expires_at
        self.proof: Hashable = who.proof
        self._last_event_id: str | None = last_event_id
        self._position: int | None = None
        self._send = send
        self._start: list[tuple[bytes, bytes]] | None = headers
        self._now = now
        self._control = f"retry: {RETRY_MS}\n\n".encode()
        self._ending = self._warned = False
        self._writing: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Send whatever there is. One that is slow is given less: what is newest when it takes more."""
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    def beat(self) -> None:
        """Show that somebody is there, unless something is being sent anyway."""
        if self._writing is None:
            self._say(BEAT)

    def end(self, reason: Reason) -> None:
        """Send what is left, say why it ends, and end."""
        if not self._ending:
            self._say(frame("bye", json.dumps({"reason": reason})))
            self._ending = True

    def check(self, now: datetime, at: float) -> None:
        """End if it is time to, or say that it soon will be. `at` is the event loop's time."""
        if at >= self.ends_at:
            self.end("renew")
        if self.expires_at is None:
            return
        if now >= self.expires_at:
            self.end("expired")
        elif not self._warned and now >= self.expires_at - timedelta(seconds=EXPIRING_SECONDS):
            self._warned = True
            self._say(frame("auth_expiring", json.dumps({"expires_at": self.expires_at.isoformat()})))

    def abandon(self) -> None:
        """Stop writing: the client is gone."""
        if self._writing is not None:
            self._writing.cancel()

    def _say(self, control: bytes) -> None:
        if not self._ending:
            self._control += control
            self.wake()

    async def _write(self) -> None:
        with contextlib.suppress(OSError):  # some servers raise when the client is gone
            if self._start is not None:
                headers, self._start = self._start, None
                await self._send({"type": "http.response.start", "status": 200, "headers": headers})
            while chunk := self._take():
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            if self._ending:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        self._writing = None

    def _take(self) -> bytes:
        """Return what is to be sent now; empty if nothing is."""
        control, self._control = self._control, b""
        if self._ending and not control:
            return b""  # good-bye was the last word
        if not self.channel.is_current:
            return control
        if self._last_event_id is not None:
            self._position, self._last_event_id = self.channel.position(self._last_event_id), None
        events, self._position = self.channel.after(self._position, self._now())
        return events + control if self._ending else control + events
