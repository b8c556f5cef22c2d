"""Every request has an id: in the answer, in its lines of the log, and as the support id of a failure."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from headway.errors import NotFound
from headway.kit.connection_guard import ConnectionLimits, guarded_protocol
from headway.kit.problems import install_problem_handlers
from headway.kit.request_ids import RequestIds
from headway.storage.errors import StoreUnavailable
from tests.support.lines import Lines, logged_lines

log = logging.getLogger("headway.somewhere")
MADE = re.compile(r"[0-9a-f]{32}")


@pytest.fixture
def lines() -> Iterator[Lines]:
    with logged_lines() as found:
        yield found


def app() -> FastAPI:
    made = FastAPI()
    install_problem_handlers(made)

    @made.get("/said")
    async def said() -> str:
        log.info("began")
        await asyncio.sleep(0)
        await asyncio.to_thread(log.info, "ended")
        return "done"

    @made.get("/broken")
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")

    @made.get("/away")
    async def away() -> None:
        raise StoreUnavailable("The store does not answer.")

    @made.get("/missing")
    async def missing() -> None:
        raise NotFound

    return made


async def ask(path: str, *ids: str) -> httpx.Response:
    transport = httpx.ASGITransport(RequestIds(app()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path, headers=[(b"X-Request-ID", value.encode()) for value in ids])


@pytest.mark.parametrize("sent", ["a", "Req_1.2-3", "x" * 64])
async def test_a_sensible_id_is_kept(sent: str) -> None:
    assert (await ask("/said", sent)).headers.get_list("x-request-id") == [sent]


@pytest.mark.parametrize("sent", ["", "x" * 65, "two words", "a;b", "a\tb", "ä", '"}', "a/b"])
async def test_any_other_one_is_replaced(sent: str) -> None:
    assert MADE.fullmatch((await ask("/said", sent)).headers["x-request-id"])


async def test_ids_of_our_own_differ() -> None:
    assert len({(await ask("/said")).headers["x-request-id"] for _ in range(3)}) == 3


async def test_every_line_of_a_request_carries_its_id(lines: Lines) -> None:
    await asyncio.gather(*(asyncio.create_task(ask("/said", name)) for name in "abcd"))
    assert sorted((line["request_id"], line["message"]) for line in lines) == [
        (name, message) for name in "abcd" for message in ("began", "ended")
    ]


async def test_what_nobody_foresaw_leads_from_the_answer_to_the_log(lines: Lines) -> None:
    answer = await ask("/broken", "seen-by-the-proxy")
    assert (answer.status_code, answer.headers["x-request-id"]) == (500, "seen-by-the-proxy")
    assert answer.json()["support_id"] == "seen-by-the-proxy"
    (line,) = lines
    assert (line["request_id"], line["level"]) == ("seen-by-the-proxy", "error")
    assert "hunter2" in line["exception"]
    assert "hunter2" not in answer.text


async def test_a_foreseen_failure_of_ours_leads_there_too_and_wakes_nobody(lines: Lines) -> None:
    answer = await ask("/away")
    assert answer.status_code == 503
    (line,) = lines
    assert answer.json()["support_id"] == answer.headers["x-request-id"] == line["request_id"]
    assert (line["level"], "The store does not answer." in line["message"]) == ("info", True)


async def test_a_mistake_of_the_caller_needs_no_support(lines: Lines) -> None:
    assert "support_id" not in (await ask("/missing")).json()
    assert lines == []


async def test_a_stream_passes_piece_by_piece() -> None:
    go_on, pieces = asyncio.Event(), []

    async def events() -> AsyncIterator[bytes]:
        yield b"first"
        await go_on.wait()
        yield b"last"

    async def send(message: Any) -> None:
        pieces.append(message.get("body"))
        if message.get("body") == b"first":
            go_on.set()

    scope = {"type": "http", "headers": [], "method": "GET", "path": "/", "asgi": {"spec_version": "2.4"}}
    async with asyncio.timeout(10):
        await RequestIds(StreamingResponse(events()))(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]
    assert pieces[1:3] == [b"first", b"last"]


async def test_what_the_server_refuses_before_there_is_a_request_has_an_id(lines: Lines) -> None:
    async with refusing() as port:
        with contextlib.closing((await asyncio.open_connection("127.0.0.1", port))[1]):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            async with asyncio.timeout(10):
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            writer.close()
    (line,) = lines
    assert json.loads(body)["code"] == "request.too_many_connections"
    assert json.loads(body)["support_id"] == line["request_id"]
    assert f"x-request-id: {line['request_id']}".encode() in head.lower()


@contextlib.asynccontextmanager
async def refusing() -> AsyncIterator[int]:
    """A server that takes one connection of an address, and its port."""
    limits = ConnectionLimits(max_connections_per_address=1)
    server = uvicorn.Server(
        uvicorn.Config(app(), port=0, http=guarded_protocol(limits), ws="none", lifespan="off", log_config=None)
    )
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:
            await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running
