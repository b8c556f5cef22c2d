"""A TCP proxy on loopback that can be told, while it runs, to be slow, silent or broken."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

READ_BYTES = 64 * 1024
SLICE_BYTES = 8 * 1024
"""A slow line carries so much at a time, which is 16 ms at 500 kB/s."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing sends RST."""


class Kind(StrEnum):
    CLEAN = "clean"
    DELAY = "delay"
    SLOW = "slow"
    HANG = "hang"
    RESET = "reset"
    CUT = "cut"


@dataclass(frozen=True)
class Mode:
    """What happens to connections, old and new ones, in both directions."""

    kind: Kind
    delay_seconds: float = 0.1
    """DELAY: everything that is read waits so long before it is passed on."""
    bytes_per_second: int = 500_000
    """SLOW: of all connections together."""
    cut_after_bytes: int = 3_000_000
    """CUT: a connection is reset after a random number of bytes up to this one, counted from the change."""
    cut_early: bool = False
    """CUT: each order of magnitude is as likely as the next one, so that the heads of requests and answers are hit too."""


CLEAN = Mode(Kind.CLEAN)


@dataclass(eq=False)
class _Link:
    """The two ends of one connection, and how many bytes it may still carry if it is to be cut."""

    client: asyncio.StreamWriter
    target: asyncio.StreamWriter | None = None
    bytes_left: int = 0

    def reset(self) -> None:
        for writer in (self.client, self.target):
            if writer is not None:
                end = writer.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                writer.transport.abort()

    def close(self) -> None:
        for writer in (self.client, self.target):
            if writer is not None:
                writer.close()


class Proxy:
    """Everything but `url`, `mode`, `connections` and `cuts` belongs to the loop of its own thread."""

    def __init__(self, target_host: str, target_port: int, random: Random) -> None:
        self.url = ""
        self.connections = 0
        """How many were accepted so far."""
        self.cuts = 0
        """How many of them were reset because they had carried what CUT allows."""
        self._target = (target_host, target_port)
        self._random = random
        self._mode = CLEAN
        self._links: set[_Link] = set()
        self._line_free_at = 0.0
        self._ready = threading.Event()

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        """Change what happens from now on. May be set from any thread."""
        self._loop.call_soon_threadsafe(self._change, mode)

    def run(self) -> None:
        """Serve until `stop`; `wait_ready` returns once it listens."""
        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()

    def wait_ready(self) -> None:
        self._ready.wait()
        if not self.url:
            raise RuntimeError("the proxy could not listen")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped, self._changed = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stopped.wait()
        server.close()
        for link in self._links:
            link.reset()

    def _change(self, mode: Mode) -> None:
        self._mode = mode
        self._line_free_at = self._loop.time()
        for link in list(self._links):
            if mode.kind is Kind.RESET:
                link.reset()
            self._allow(link)
        self._changed.set()
        self._changed = asyncio.Event()

    def _allow(self, link: _Link) -> None:
        most = self._mode.cut_after_bytes
        link.bytes_left = int(most ** self._random.random()) if self._mode.cut_early else self._random.randint(1, most)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        link = _Link(writer)
        self._allow(link)
        self._links.add(link)
        try:
            if self._mode.kind is Kind.RESET:
                link.reset()
                return
            incoming, link.target = await asyncio.open_connection(*self._target)
            await asyncio.gather(self._pass_on(reader, link.target, link), self._pass_on(incoming, writer, link))
        except (OSError, asyncio.CancelledError):
            link.reset()
        finally:
            link.close()
            self._links.discard(link)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: _Link) -> None:
        while data := await reader.read(READ_BYTES):
            await self._delay()
            for start in range(0, len(data), SLICE_BYTES):
                piece = data[start : start + SLICE_BYTES]
                await self._admit(len(piece))
                if self._mode.kind is Kind.CUT:
                    self._carry(piece, writer, link)
                else:
                    writer.write(piece)
            await writer.drain()
        if writer.can_write_eof() and not writer.is_closing():
            writer.write_eof()

    def _carry(self, piece: bytes, writer: asyncio.StreamWriter, link: _Link) -> None:
        """Pass on what the connection may still carry; raise ConnectionResetError if that is not all."""
        allowed = max(0, link.bytes_left)
        writer.write(piece[:allowed])
        # The other direction may find the same end a moment later, which is no second cut.
        self.cuts += link.bytes_left >= 0 and len(piece) > allowed
        link.bytes_left -= len(piece)
        if link.bytes_left < 0:
            raise ConnectionResetError

    async def _delay(self) -> None:
        if self._mode.kind is Kind.DELAY:
            await self._wait_at_most(self._mode.delay_seconds)

    async def _admit(self, size: int) -> None:
        """Return once the line is free for so many bytes, or the mode has changed to one without a limit."""
        while self._mode.kind is Kind.HANG:
            await self._changed.wait()
        if self._mode.kind is Kind.SLOW:
            now = self._loop.time()
            self._line_free_at = max(now, self._line_free_at) + size / self._mode.bytes_per_second
            await self._wait_at_most(self._line_free_at - now)

    async def _wait_at_most(self, seconds: float) -> None:
        """Wait, but not beyond a change of the mode."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), seconds)


@contextlib.contextmanager
def running_proxy(target_host: str, target_port: int, random: Random) -> Iterator[Proxy]:
    """Run a proxy in a thread of its own until the block ends."""
    proxy = Proxy(target_host, target_port, random)
    thread = threading.Thread(target=proxy.run, name="chaos-proxy", daemon=True)
    thread.start()
    proxy.wait_ready()
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join()
