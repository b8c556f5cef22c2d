"""The guard in front of a real FastAPI app, spoken to over ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from headway.kit.body_guard import BodyGuard, check_json
from headway.kit.guard_errors import InvalidJson, JsonBodyTooDeep

JSON = {"content-type": "application/json"}
LIMIT = 1000


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.api_route("/echo", methods=["GET", "POST", "DELETE"])
    @app.post("/files/new")
    async def echo(request: Request) -> dict[str, Any]:
        body = await request.body()
        return {"bytes": len(body), "text": body.decode(errors="replace")}

    @app.post("/parsed")
    async def parsed(body: dict[str, Any]) -> dict[str, Any]:
        return body

    guard = BodyGuard(app, max_body_bytes=LIMIT, max_json_depth=8, streamed=["/files/.*"])
    transport = httpx.ASGITransport(app=guard)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as opened:
        yield opened


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


# ------------------------------------------------------------------------------------------ bytes


async def test_a_body_of_the_limit_arrives(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", content=b"x" * LIMIT)
    assert answer.json()["bytes"] == LIMIT


async def test_a_body_that_is_declared_too_large_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", content=b"", headers={"content-length": "9" * 30})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "request.body_too_large"
    assert answer.json()["limit_bytes"] == LIMIT


@pytest.mark.parametrize("declared", [{}, {"content-length": "5"}, {"content-length": "junk"}])
async def test_a_body_that_grows_too_large_is_refused(client: httpx.AsyncClient, declared: dict[str, str]) -> None:
    answer = await client.post("/echo", content=pieces(b"x" * LIMIT, b"x"), headers=declared)
    assert answer.json()["code"] == "request.body_too_large"


async def test_a_body_in_pieces_arrives_whole(client: httpx.AsyncClient) -> None:
    answer = await client.post("/parsed", content=pieces(b'{"a"', b': "\xc3', b'\xa4"}'), headers=JSON)
    assert answer.json() == {"a": "ä"}


async def test_a_streamed_path_takes_anything(client: httpx.AsyncClient) -> None:
    answer = await client.post("/files/new", content=pieces(b"[" * 5000, b"\xff"), headers=JSON)
    assert answer.json()["bytes"] == 5001


@pytest.mark.parametrize("path", ["/host/files/new", "/echo/files/new"])
async def test_only_what_lies_below_the_place_of_the_app_is_streamed(path: str) -> None:
    host = FastAPI()
    app = FastAPI()

    @app.post("/{path:path}")
    async def echo(request: Request, path: str) -> tuple[str, int]:
        return path, len(await request.body())

    app.add_middleware(BodyGuard, max_body_bytes=LIMIT, streamed=["/files/.*"])
    host.mount("/host", app)
    host.mount("/", app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=host), base_url="http://test") as http:
        answer = await http.post(path, content=b"x" * (LIMIT + 1))
    assert answer.status_code == (200 if path.startswith("/host") else 413)


@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
async def test_a_request_without_a_body_passes_whatever_type_it_names(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/echo", headers=JSON)).json()["bytes"] == 0


async def test_an_empty_body_in_pieces_is_for_the_app_to_judge(client: httpx.AsyncClient) -> None:
    assert (await client.post("/echo", content=pieces(), headers=JSON)).json()["bytes"] == 0


async def test_a_request_without_a_body_is_handed_on_as_it_is() -> None:
    handed: list[Any] = []

    async def app(*given: Any) -> None:
        handed.extend(given)

    async def nothing(*_: Any) -> Any:
        raise AssertionError("there is nothing to read or to answer")

    scope = {
        "type": "http",
        "path": "/",
        "headers": [(b"content-length", b"0"), (b"content-type", b"application/json")],
    }
    await BodyGuard(app)(scope, nothing, nothing)
    assert handed == [scope, nothing, nothing]


async def test_after_the_body_the_app_hears_what_the_server_says() -> None:
    heard: list[Any] = []

    async def app(_scope: Any, receive: Any, _send: Any) -> None:
        heard.extend([await receive(), await receive()])

    said: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"ab", "more_body": False}, {"type": "http.disconnect", "by": "us"}]
    )

    async def receive() -> dict[str, Any]:
        return next(said)

    async def send(message: Any) -> None:
        raise AssertionError(message)

    await BodyGuard(app)({"type": "http", "path": "/", "headers": [(b"content-length", b"2")]}, receive, send)
    assert heard == [
        {"type": "http.request", "body": b"ab", "more_body": False},
        {"type": "http.disconnect", "by": "us"},
    ]


async def test_a_client_that_goes_away_is_not_answered() -> None:
    async def app(*_: Any) -> None:
        raise AssertionError("the app has nothing to do")

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "path": "/", "headers": [(b"content-length", b"5")]}
    await BodyGuard(app)(scope, receive, send)


# ------------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": NaN}', "NaN and Infinity are no JSON: line 1, column 7."),
        (b'{"NaN": "Infinity",\n "a": [-Infinity]}', "NaN and Infinity are no JSON: line 2, column 8."),
        (b'{"a": 1e999}', "The number 1e999 is too large."),
        (b'{"a": ' + b"1" * 4301 + b"}", "An integer has more than 4,300 digits."),
        (b'{"a": "\xff"}', "Byte 8 is not UTF-8."),
        (b'{"a": "\xed\xa0\x80"}', "Byte 8 is not UTF-8."),
        ('{"a": 1}'.encode("utf-16"), "Byte 1 is not UTF-8."),
        (b'{"a": 1,}', "line 1, column 9."),
        (b'{"a": 1}\n{}', "Extra data: line 2, column 1."),
        (b'{"a": "', "Unterminated string starting at: line 1, column 7."),
        (b"[1, 2", "line 1, column 6."),
        (b'"\\\n' + b"[" * 50 + b'"', "line 1, column 2."),
        (b"]]]", "Expecting value: line 1, column 1."),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(body: bytes, said: str) -> None:
    with pytest.raises(InvalidJson) as refused:
        check_json(body, max_depth=8)
    assert refused.value.detail.endswith(said)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": ' + b"1" * 4300 + b"}",
        b'"' + b"[" * 50 + b'"',
        b'"\\"' + b"{" * 50 + b'\\\\"',
        b'\xef\xbb\xbf{"a": "NaN"}',
        b"[" * 8 + b"]" * 8,
        b"[" + b",".join([b"[[[]]]"] * 500) + b"]",
        b"null",
        b"1e308",
    ],
)
def test_json_within_its_bounds_passes(body: bytes) -> None:
    check_json(body, max_depth=8)


@pytest.mark.parametrize(
    ("body", "depth"),
    [
        (b"[" * 9 + b"]" * 9, 9),
        (b'{"a":[' * 5 + b"]}" * 5, 10),
        (b"[" * 1_000_000, 1_000_000),
        (b'["]]]]\\"]]",' * 9, 9),
        (b'{"a":[' * 100_000, 200_000),
    ],
)
def test_json_that_nests_too_deeply_is_refused_before_it_is_parsed(body: bytes, depth: int) -> None:
    with pytest.raises(JsonBodyTooDeep, match=f"^{depth} "):
        check_json(body, max_depth=8)


@pytest.mark.parametrize(
    "body", [b'"\\' * 500_000, b'"' * 999_999, b"\\" * 1_000_000, b'"' + b"\\" * 999_999, b'\\"' * 500_000]
)
@pytest.mark.timeout(20)
def test_quotes_and_backslashes_are_read_in_one_pass(body: bytes) -> None:
    """Going back for each of them would take hours."""
    with pytest.raises(InvalidJson):
        check_json(body, max_depth=8)


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON; charset=utf-8", " application/problem+json ", "application/json;"]
)
async def test_every_name_of_json_is_checked(client: httpx.AsyncClient, kind: str) -> None:
    answer = await client.post("/echo", content=b"[NaN]", headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "request.invalid_json")


async def test_what_says_to_be_something_else_is_not_parsed(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", content=b"[NaN", headers={"content-type": "text/plain"})
    assert answer.json()["text"] == "[NaN"


async def test_json_that_is_too_deep_is_a_problem(client: httpx.AsyncClient) -> None:
    answer = await client.post("/parsed", content=b"[" * 9 + b"]" * 9, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.json_too_deep")
