"""Uvicorn's HTTP/1.1 protocol with deadlines and bounds; uvicorn alone waits for slow clients for ever.

Serve it with `ws="none"`: a connection that became a WebSocket would stay counted and watched.
"""

from __future__ import annotations

import asyncio
import http
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import h11
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from headway.errors import AppError, BadRequest
from headway.kit.guard_errors import HeadTimeout, HeadTooLarge, TooManyConnections
from headway.kit.logs import about
from headway.kit.problems import problem_response
from headway.kit.request_ids import HEADER, new_request_id

log = logging.getLogger(__name__)

MAX_HEAD_BYTES = 64 * 1024
"""Used where `Config.h11_max_incomplete_event_size` is not set."""
LINGER_SECONDS = 2
"""How long a refused client may go on sending; closing at once would reset the connection and lose the answer."""


@dataclass(frozen=True)
class ConnectionLimits:
    """What a client may take of the server's patience; 0 connections per address is no cap."""

    head_seconds: float = 15
    min_body_bytes_per_second: float = 1000
    body_window_seconds: float = 15
    take_seconds: float = 60
    """How long a client may take nothing at all of what is sent to it."""
    max_connections_per_address: int = 512
    max_header_fields: int = 100


@dataclass
class _Shared:
    """What the connections of one server know together."""

    open_by_address: Counter[str] = field(default_factory=Counter)
    told: set[str] = field(default_factory=set)

    def note(self, refusal: str) -> None:
        """Log the first refusal of a kind for people, the others for those who look for them."""
        log.log(logging.DEBUG if refusal in self.told else logging.INFO, "refused a connection: %s", refusal)
        self.told.add(refusal)


class _TimedFlow(FlowControl):
    """Flow control that knows for how long reading has been paused, in seconds."""

    def __init__(self, transport: asyncio.Transport, now: Callable[[], float]) -> None:
        super().__init__(transport)
        self._now = now
        self._ended_pauses = 0.0
        self._paused_at = 0.0

    def pause_reading(self) -> None:
        if not self.read_paused:
            self._paused_at = self._now()
        super().pause_reading()

    def resume_reading(self) -> None:
        self._ended_pauses = self.paused_seconds()
        super().resume_reading()

    def paused_seconds(self) -> float:
        return self._ended_pauses + (self._now() - self._paused_at if self.read_paused else 0.0)


class _BoundedConnection(h11.Connection):
    """An h11 connection that keeps the first fault of the client instead of raising it.

    Uvicorn would log a warning for each and answer all of them with the same plain text.
    """

    def __init__(self, max_head_bytes: int, max_header_fields: int) -> None:
        super().__init__(h11.SERVER, max_head_bytes)
        self.fault: h11.RemoteProtocolError | None = None
        self._max_header_fields = max_header_fields

    def next_event(self) -> type[h11.NEED_DATA | h11.PAUSED] | h11.Event:
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.fault = self.fault or error
            return h11.NEED_DATA
        if isinstance(event, h11.Request) and len(event.headers) > self._max_header_fields:
            self.fault = h11.RemoteProtocolError(
                f"The request has {len(event.headers)} header fields; {self._max_header_fields} are the most.",
                error_status_hint=HeadTooLarge.status,
            )
            return h11.NEED_DATA
        return event


@dataclass
class _Window:
    """Where the present average of a body began: the time, the pauses and the bytes until then."""

    began: float
    paused: float
    received: int


@dataclass
class _Backlog:
    """What a client that takes no more had not taken when that was last seen to change."""

    since: float
    size: int


class _GuardedProtocol(H11Protocol):
    limits: ClassVar[ConnectionLimits]
    shared: ClassVar[_Shared]
    conn: _BoundedConnection
    flow: _TimedFlow

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        head_bytes = config.h11_max_incomplete_event_size or MAX_HEAD_BYTES
        self.conn = _BoundedConnection(head_bytes, self.limits.max_header_fields)
        self._address = ""
        self._received = 0
        self._refused = False
        self._head_began: float | None = None
        self._window: _Window | None = None
        self._backlog: _Backlog | None = None
        self._timer: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------ what the transport calls

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self.flow = _TimedFlow(transport, self.loop.time)
        self._address = self.client[0] if self.client else ""
        opened = self.shared.open_by_address
        opened[self._address] += 1
        cap = self.limits.max_connections_per_address
        if cap and self._address and opened[self._address] > 2 * cap:
            # As many again are being told already; telling more would take the descriptors that the cap protects.
            self._refused = True
            transport.abort()
        elif cap and self._address and opened[self._address] > cap:
            self._refuse(TooManyConnections(f"{cap} connections are the most for one address."))
        else:
            self._head_began = self.loop.time()
            self._watch_for(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        opened = self.shared.open_by_address
        opened[self._address] -= 1
        if not opened[self._address]:
            del opened[self._address]
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._received += len(data)
        super().data_received(data)

    # ------------------------------------------------------------------------- what uvicorn calls

    def handle_events(self) -> None:
        super().handle_events()
        if self.conn.fault is not None:
            self._refuse(_meaning(self.conn.fault))
            return
        state = self.conn.their_state
        if state is not h11.IDLE:
            self._head_began = None
        elif self._head_began is None and self.conn.trailing_data[0]:
            self._head_began = self.loop.time()
        if state is not h11.SEND_BODY:
            self._window = None
        elif self._window is None:
            self._window = self._new_window()

    def shutdown(self) -> None:
        if self._refused:
            # h11 may be in a state from which uvicorn's own way to say goodbye raises.
            self.transport.abort()
        else:
            super().shutdown()

    # ------------------------------------------------------------------------------ our own clock

    def _watch_for(self, seconds: float) -> None:
        """Look again after so many seconds, and not later than anything that begins now could end."""
        soonest = min(seconds, self.limits.head_seconds, self.limits.body_window_seconds)
        self._timer = self.loop.call_later(soonest, self._tick)

    def _tick(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._head_began is not None:
            left = self._head_left(self._head_began)
        elif self._window is not None:
            left = self._body_left(self._window)
        elif self.flow.write_paused:
            left = self._take_left(self.transport.get_write_buffer_size())
        else:
            self._backlog = None
            left = self.limits.head_seconds
        if left > 0:
            self._watch_for(left)

    def _head_left(self, began: float) -> float:
        """Return how many seconds the head still has; 0 after ending the connection."""
        left = began + self.limits.head_seconds - self.loop.time()
        if left > 0:
            return left
        if self._received:
            self._refuse(HeadTimeout(f"The head did not arrive within {self.limits.head_seconds:g} seconds."))
        else:
            # Nothing was asked, so nothing is answered; browsers open connections in advance.
            self.shared.note("no request at all")
            self.transport.abort()
        return 0

    def _new_window(self) -> _Window:
        return _Window(self.loop.time(), self.flow.paused_seconds(), self._received)

    def _body_left(self, window: _Window) -> float:
        """Return in how many seconds to look again; 0 after ending the connection, which the app sees."""
        whole = self.limits.body_window_seconds
        if self.cycle.waiting_for_100_continue:
            # The client waits for our word before it sends anything.
            self._window = self._new_window()
            return whole
        if self.flow.read_paused:
            # It is our turn, for nobody knows how long.
            return whole
        # While we did not read, the client could not send.
        asked = self.loop.time() - window.began - (self.flow.paused_seconds() - window.paused)
        if asked < whole:
            return whole - asked
        if self._received - window.received >= self.limits.min_body_bytes_per_second * asked:
            self._window = self._new_window()
            return whole
        self.shared.note("a body slower than it may be")
        self.transport.abort()
        return 0

    def _take_left(self, size: int) -> float:
        """Return how many seconds the client has to take something; 0 after ending the connection."""
        # While writing is paused nothing is added, so what is left shrinks by what the client takes.
        if self._backlog is None or size < self._backlog.size:
            self._backlog = _Backlog(self.loop.time(), size)
        left = self._backlog.since + self.limits.take_seconds - self.loop.time()
        if left > 0:
            return left
        self.shared.note("an answer that nobody takes")
        self.transport.abort()
        return 0

    # ------------------------------------------------------------------------------------ refusals

    def _refuse(self, error: AppError) -> None:
        """Answer in the app's place, unless it has begun to; then let the client read, and close."""
        if self._refused:
            return
        self._refused = True
        self._unset_keepalive_if_required()
        self._window = self._head_began = None
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        self.flow.resume_reading()
        answered = False
        if self.cycle is not None and not self.cycle.response_complete:
            answered = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        request_id = new_request_id()
        with about(request_id=request_id):
            self.shared.note(error.code)
            if not answered:
                self.transport.write(_raw_answer(error, request_id))
        self.transport.write_eof()


def guarded_protocol(limits: ConnectionLimits) -> type[H11Protocol]:
    """Return the protocol for one server's `uvicorn.Config(http=...)`; addresses are counted for that server."""

    class Guarded(_GuardedProtocol):
        pass

    Guarded.limits = limits
    Guarded.shared = _Shared()
    return Guarded


def _meaning(fault: h11.RemoteProtocolError) -> AppError:
    kind = HeadTooLarge if fault.error_status_hint == HeadTooLarge.status else BadRequest
    return kind(str(fault))


def _raw_answer(error: AppError, request_id: str) -> bytes:
    answer = problem_response(error, {"Connection": "close", HEADER: request_id})
    lines = [f"HTTP/1.1 {error.status} {http.HTTPStatus(error.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    return b"\r\n".join([*lines, b"", bytes(answer.body)])
