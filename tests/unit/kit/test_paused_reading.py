"""The pace of a body by a clock that the test moves: time in which the server did not read is not the client's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from headway.kit.connection_guard import ConnectionLimits, guarded_protocol

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
WINDOW = 15
PIECE = b"x" * 100_000
"""More than uvicorn buffers before it stops reading."""


class HandClock:
    """The part of an event loop that a protocol uses, with time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.looks = 0
        self.waiting: list[asyncio.TimerHandle] = []
        self.create_task = asyncio.get_running_loop().create_task

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        self.waiting.remove(handle)

    def call_later(self, seconds: float, callback: Callable[[], Any]) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(self.now + seconds, callback, (), self)  # type: ignore[arg-type]
        handle._scheduled = True  # type: ignore[attr-defined]  # as an event loop marks what it will call
        self.waiting.append(handle)
        return handle

    def move(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [handle for handle in self.waiting if handle.when() <= end]:
            first = min(due, key=asyncio.TimerHandle.when)
            self.waiting.remove(first)
            self.now = first.when()
            self.looks += 1
            first._run()
        self.now = end


class Wire(asyncio.Transport):
    """A transport without a network."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = True
        self.closed = False
        self.written = b""

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_reading(self) -> bool:
        return self.reading

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def write_eof(self) -> None:
        pass


class Upload:
    """One request whose application reads a message for each call of `read`."""

    def __init__(self, head: bytes = HEAD) -> None:
        self.clock = HandClock()
        self.wire = Wire()
        self._permits = asyncio.Semaphore(0)
        self._done = asyncio.Semaphore(0)
        config = uvicorn.Config(self._app, interface="asgi3", ws="none", log_config=None)
        protocol = guarded_protocol(ConnectionLimits())
        self.protocol = protocol(config, ServerState(), {}, self.clock)  # type: ignore[arg-type]
        self.protocol.connection_made(self.wire)
        self.arrive(head)

    async def _app(self, _scope: Any, receive: Callable[[], Awaitable[Any]], _send: Any) -> None:
        while True:
            await self._permits.acquire()
            if (await receive())["type"] == "http.disconnect":
                return
            self._done.release()

    def arrive(self, data: bytes) -> None:
        self.protocol.data_received(data)

    async def read(self) -> None:
        self._permits.release()
        await self._done.acquire()

    async def end(self) -> None:
        self._permits.release()
        self.protocol.connection_lost(None)
        await asyncio.gather(*self.protocol.tasks)


async def test_a_pause_of_ours_does_not_count() -> None:
    upload = Upload()
    upload.clock.move(WINDOW - 1)
    upload.arrive(b"x" * 13_900)
    upload.arrive(PIECE)
    assert not upload.wire.is_reading()
    upload.clock.move(1000)
    await upload.read()
    assert upload.wire.is_reading()
    upload.clock.move(WINDOW)
    assert not upload.wire.is_closing(), (
        "after the pause the old window had a second left, and enough had arrived in it"
    )
    upload.clock.move(WINDOW)
    assert upload.wire.is_closing(), "a second window brought nothing"
    await upload.end()


async def test_many_pauses_of_ours_do_not_count() -> None:
    upload = Upload()
    for _ in range(10):
        upload.arrive(PIECE)
        upload.clock.move(1000)
        await upload.read()
        upload.clock.move(WINDOW / 2)
    assert not upload.wire.is_closing()
    await upload.end()


async def test_the_time_before_a_pause_counts() -> None:
    upload = Upload()
    upload.clock.move(WINDOW + 0.1)
    assert upload.wire.is_closing()
    await upload.end()


async def test_a_pause_is_looked_at_once_in_a_window() -> None:
    upload = Upload()
    upload.clock.move(WINDOW - 0.001)
    upload.arrive(PIECE)
    looks = upload.clock.looks
    upload.clock.move(100 * WINDOW)
    assert upload.clock.looks - looks <= 101
    await upload.end()


async def test_a_refused_client_is_read_from_again() -> None:
    """Otherwise it would stay in its sending and never read why it was refused."""
    upload = Upload(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    upload.arrive(b"%x\r\n%s\r\nno number\r\n" % (len(PIECE), PIECE))
    assert upload.wire.written.startswith(b"HTTP/1.1 400 ")
    assert upload.wire.is_reading()
    await upload.end()
