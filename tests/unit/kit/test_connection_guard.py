"""A real server on a loopback port, with limits so small that a test can wait for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import uvicorn

from headway.kit.connection_guard import ConnectionLimits, guarded_protocol

TINY = ConnectionLimits(head_seconds=0.2, body_window_seconds=0.2, min_body_bytes_per_second=1000)
PATIENT = ConnectionLimits(max_connections_per_address=3)
UPLOAD = b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
NO_CHUNK = b"no number\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
DEADLINE = 30


class Receiver:
    """An ASGI app that counts the body.

    `/stalled` reads nothing before `go_on`, `/refused` never reads, `/begun` begins its answer before it reads.
    """

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.stalled = asyncio.Event()
        self.disconnected = asyncio.Event()

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        if scope["path"] == "/stalled":
            self.stalled.set()
            await self.go_on.wait()
        if scope["path"] == "/begun":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        count = 0
        more = scope["path"] != "/refused"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.disconnected.set()
                return
            count += len(message["body"])
            more = message["more_body"]
        answer = str(count).encode()
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


class Client:
    """One connection, spoken to in bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def until_closed(self) -> bytes:
        async with asyncio.timeout(DEADLINE):
            with contextlib.suppress(ConnectionResetError):
                return await self.reader.read()
        return b""

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(DEADLINE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            return int(head.split()[1]), await self.reader.readexactly(length)

    async def drip(self, drop: bytes, until: asyncio.Task[Any] | None = None) -> bytes:
        """Send a drop every hundredth of a second until the server closes, or until another task has ended."""
        closed = asyncio.create_task(self.until_closed()) if until is None else None
        end = closed or until
        while end is not None and not end.done():
            with contextlib.suppress(ConnectionError):
                await self.say(drop)
            await asyncio.wait([end], timeout=0.01)
        return await closed if closed else b""


class Served:
    def __init__(self, app: Receiver, server: uvicorn.Server, port: int) -> None:
        self.app = app
        self.server = server
        self.port = port
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def windows_pass(self, count: int = 3) -> None:
        """Return after other clients, which deserve it, were closed one after the other for being slow."""
        for _ in range(count):
            slow = await self.connect()
            await slow.say(UPLOAD % 10 + b"x")
            await slow.until_closed()


@contextlib.asynccontextmanager
async def guarded(
    limits: ConnectionLimits, *, keep_alive_seconds: int = 60, app: Receiver | None = None
) -> AsyncIterator[Served]:
    app = app or Receiver()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            http=guarded_protocol(limits),
            ws="none",
            log_config=None,
            lifespan="off",
            timeout_keep_alive=keep_alive_seconds,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        async with asyncio.timeout(DEADLINE):
            while not server.started:
                await asyncio.sleep(0.01)
        served = Served(app, server, listener.getsockname()[1])
        try:
            yield served
        finally:
            app.go_on.set()
            server.should_exit = True
            await running
            for client in served.clients:
                client.writer.close()


@pytest.fixture(autouse=True)
def refusals(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Whatever a client does is no warning; a flood of them would be one of the log."""
    caplog.set_level(logging.DEBUG, "headway.kit.connection_guard")
    yield caplog
    assert [record.message for record in caplog.get_records("call") if record.levelno >= logging.WARNING] == []


def problem(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower()
    assert b"connection: close" in head.lower()
    found: dict[str, Any] = json.loads(body)
    assert answer.startswith(f"HTTP/1.1 {found['status']} ".encode())
    return found


# ---------------------------------------------------------------------------------------- heads


async def test_a_connection_that_says_nothing_is_closed_without_a_word() -> None:
    async with guarded(TINY) as served:
        assert await (await served.connect()).until_closed() == b""


async def test_a_head_that_drips_is_answered_408_and_closed() -> None:
    async with guarded(TINY) as served:
        client = await served.connect()
        await client.say(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert problem(await client.drip(b"X-A: 1\r\n"))["code"] == "request.head_timeout"


async def test_the_next_head_of_a_connection_has_the_same_deadline() -> None:
    async with guarded(TINY) as served:
        client = await served.connect()
        await client.say(GET)
        assert await client.answer() == (200, b"0")
        await client.say(b"GET / HT")
        assert problem(await client.until_closed())["status"] == 408


async def test_a_head_that_was_begun_behind_a_whole_request_has_the_same_deadline() -> None:
    async with guarded(TINY) as served:
        client = await served.connect()
        await client.say(GET + b"GET / HT")
        assert await client.answer() == (200, b"0")
        assert problem(await client.until_closed())["status"] == 408


async def test_a_healthy_connection_is_kept_alive_longer_than_a_head_may_take() -> None:
    async with guarded(TINY) as served:
        client = await served.connect()
        for _ in range(3):
            await client.say(GET)
            assert await client.answer() == (200, b"0")
            await served.windows_pass(2)


@pytest.mark.parametrize(
    "fields", [b"X-A: 1\r\n" * 101, b"X-A: " + b"a" * 70_000, b"a:\r\n" * 20_000], ids=["many", "long", "tiny ones"]
)
async def test_a_head_beyond_its_bounds_is_answered_431(fields: bytes) -> None:
    async with guarded(PATIENT) as served:
        client = await served.connect()
        await client.say(b"GET / HTTP/1.1\r\nHost: x\r\n" + fields)
        await client.say(b"\r\n")
        assert problem(await client.until_closed())["code"] == "request.head_too_large"


async def test_as_many_header_fields_as_there_may_be_are_read() -> None:
    async with guarded(PATIENT) as served:
        client = await served.connect()
        await client.say(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: 1\r\n" * 99 + b"\r\n")
        assert await client.answer() == (200, b"0")


async def test_what_is_no_http_is_answered_with_a_problem() -> None:
    async with guarded(PATIENT) as served:
        client = await served.connect()
        await client.say(b"\x16\x03\x01 hello\r\n\r\n")
        assert problem(await client.until_closed())["code"] == "request.malformed"


async def test_a_body_that_breaks_its_own_encoding_ends_the_request_of_the_app() -> None:
    async with guarded(PATIENT) as served:
        client = await served.connect()
        await client.say((CHUNKED % b"/").replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"))
        async with asyncio.timeout(DEADLINE):
            assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 "), "the app waits now"
        await client.say(NO_CHUNK)
        assert problem(await client.until_closed())["code"] == "request.malformed"
        async with asyncio.timeout(DEADLINE):
            await served.app.disconnected.wait()
        assert served.server.server_state.connections, "the app need not wait until the client has left"


async def test_an_answer_that_was_begun_is_not_followed_by_another_one() -> None:
    async with guarded(PATIENT) as served:
        client = await served.connect()
        await client.say(CHUNKED % b"/begun" + b"5\r\nhello\r\n")
        async with asyncio.timeout(DEADLINE):
            await client.reader.readuntil(b"begun")
        await client.say(NO_CHUNK)
        assert b"HTTP/1.1" not in await client.until_closed()


async def test_a_refusal_behind_a_whole_request_outlives_the_keep_alive() -> None:
    async with guarded(PATIENT, keep_alive_seconds=1) as served:
        client = await served.connect()
        await client.say(GET + b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: 1\r\n" * 200 + b"\r\n")
        assert await client.answer() == (200, b"0")
        assert problem(await client.until_closed())["status"] == 431
        async with asyncio.timeout(DEADLINE):
            while served.server.server_state.connections:
                await asyncio.wait([asyncio.create_task(client.say(b"more"))], timeout=0.01)


# --------------------------------------------------------------------------------------- bodies


async def test_a_body_that_stops_is_closed_and_the_app_sees_it() -> None:
    async with guarded(TINY) as served:
        client = await served.connect()
        # What came quickly at first buys no time for later.
        await client.say(UPLOAD % 2_000_000 + b"x" * 1_000_000)
        assert await client.until_closed() == b""
        async with asyncio.timeout(DEADLINE):
            await served.app.disconnected.wait()


async def test_a_body_that_drips_is_closed() -> None:
    async with guarded(TINY) as served:
        client = await served.connect()
        await client.say(UPLOAD % 1_000_000)
        assert await client.drip(b"x") == b""


async def test_a_body_that_nobody_reads_any_more_must_keep_its_pace_too() -> None:
    async with guarded(TINY) as served:
        client = await served.connect()
        await client.say(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        assert await client.answer() == (200, b"0")
        assert await client.drip(b"x") == b""


async def test_a_body_that_keeps_its_pace_may_take_many_windows() -> None:
    limits = ConnectionLimits(head_seconds=0.2, body_window_seconds=0.5, min_body_bytes_per_second=1000)
    async with guarded(limits) as served:
        client = await served.connect()
        await client.say(CHUNKED % b"/upload")
        passed = asyncio.create_task(served.windows_pass())
        await client.drip(b"400\r\n" + b"x" * 1024 + b"\r\n", until=passed)
        await client.say(b"0\r\n\r\n")
        status, count = await client.answer()
        assert status == 200
        assert int(count) >= 1024


async def test_a_slow_application_is_not_held_against_the_client() -> None:
    body = b"x" * 8_000_000
    async with guarded(TINY) as served:
        client = await served.connect()
        sending = asyncio.create_task(
            client.say(b"POST /stalled HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        )
        await served.app.stalled.wait()
        await served.windows_pass()
        assert not sending.done(), "more than the sockets can hold was to be sent"
        served.app.go_on.set()
        assert await client.answer() == (200, b"8000000")
        await sending


async def test_a_client_that_was_told_to_wait_for_our_word_may_wait() -> None:
    async with guarded(TINY) as served:
        client = await served.connect()
        await client.say(
            b"POST /stalled HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
        )
        await served.app.stalled.wait()
        await served.windows_pass()
        served.app.go_on.set()
        async with asyncio.timeout(DEADLINE):
            assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        await client.say(b"hello")
        assert await client.answer() == (200, b"5")


async def test_a_fast_upload_arrives_whole() -> None:
    size, piece = 50_000_000, b"x" * 500_000
    async with guarded(TINY) as served:
        client = await served.connect()
        await client.say(UPLOAD % size)
        for _ in range(size // len(piece)):
            await client.say(piece)
        assert await client.answer() == (200, b"50000000")


# -------------------------------------------------------------------------------------- addresses


async def test_one_connection_more_than_an_address_may_have_is_answered_503() -> None:
    async with guarded(PATIENT) as served:
        held = [await served.connect() for _ in range(3)]
        for client in held:
            await client.say(GET)
            assert await client.answer() == (200, b"0")
        refused = await served.connect()
        await refused.say(GET)
        answer = await refused.until_closed()
        assert problem(answer)["code"] == "request.too_many_connections"
        assert problem(answer)["retryable"] is True
        assert b"retry-after: 5\r\n" in answer.lower()


async def test_a_place_that_was_given_up_can_be_taken() -> None:
    async with guarded(PATIENT) as served:
        held = [await served.connect() for _ in range(3)]
        held[0].writer.close()
        await held[0].writer.wait_closed()
        statuses = []
        async with asyncio.timeout(DEADLINE):
            while 200 not in statuses:
                client = await served.connect()
                await client.say(GET)
                statuses.append((await client.answer())[0])
                client.writer.close()
        assert statuses[-1] == 200


async def test_without_a_cap_every_connection_is_served() -> None:
    async with guarded(ConnectionLimits(max_connections_per_address=0)) as served:
        clients = [await served.connect() for _ in range(40)]
        for client in clients:
            await client.say(GET)
            assert await client.answer() == (200, b"0")


async def test_a_kind_of_refusal_is_told_once(refusals: pytest.LogCaptureFixture) -> None:
    async with guarded(TINY) as served:
        await served.windows_pass(3)
        told = [record.levelno for record in refusals.records if record.name == "headway.kit.connection_guard"]
    assert told == [logging.INFO, logging.DEBUG, logging.DEBUG]


async def test_a_refused_client_that_stays_is_cut_off() -> None:
    async with guarded(PATIENT) as served:
        client = await served.connect()
        await client.say(b"no http\r\n\r\n")
        assert problem(await client.until_closed())["status"] == 400
        async with asyncio.timeout(DEADLINE):
            while served.server.server_state.connections:
                await asyncio.wait([asyncio.create_task(client.say(b"more"))], timeout=0.01)
