"""What is answered at addresses that are not the API's: assets, the one page, and refusals."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from headway.kit.problems import install_problem_handlers
from headway.web.static import mount_ui

SCRIPT = b"export const answer = 42\n" * 100
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Build a UI behind a symbolic link, as a deployment may have it."""
    built = tmp_path / "built"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>Headway</title>", encoding="utf-8")
    (built / "logo.svg").write_text("<svg/>", encoding="utf-8")
    (built / ".stamp").write_text("secret", encoding="utf-8")
    (built / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (built / "assets" / "main-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (built / "assets" / "main-1a2b.js.br").write_bytes(b"packed by brotli")
    (tmp_path / "outside.txt").write_text("not for anybody", encoding="utf-8")
    link = tmp_path / "link"
    link.symlink_to(built)
    return link


def client_of(folder: Path) -> httpx.AsyncClient:
    app = FastAPI()
    install_problem_handlers(app)

    @app.get("/api/v2/things")
    async def things() -> dict[str, str]:
        return {"said by": "the API"}

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    mount_ui(app, folder)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(folder) as opened:
        yield opened


def assert_problem(answer: httpx.Response, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.parametrize("path", ["/", "/import", "/datasets/7", "/jobs?status=failed", "/apiary", "/metrics-of-mine"])
async def test_every_page_is_the_one_html_file_and_is_asked_for_again(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == 200
    assert answer.text == "<!doctype html><title>Headway</title>"
    assert answer.headers["cache-control"] == "no-cache"


async def test_head_answers_as_get_does_without_a_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/jobs", headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.content == b""


async def test_what_does_not_want_html_gets_a_problem(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/jobs", headers={"Accept": "application/json"}), 404)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/nothing", "/api/v2/things/", "/readyz", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
async def test_unknown_addresses_of_the_api_are_never_pages(client: httpx.AsyncClient, method: str, path: str) -> None:
    answer = await client.request(method, path, headers=HTML)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_routes_of_the_api_win(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v2/things", headers=HTML)).json() == {"said by": "the API"}
    assert (await client.get("/healthz", headers=HTML)).json() == {"status": "ok"}
    assert_problem(await client.post("/api/v2/things", headers=HTML), 405)


async def test_pages_take_no_other_method(client: httpx.AsyncClient) -> None:
    assert_problem(await client.post("/import", headers=HTML), 404)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0", None),
        ("identity", None),
        ("abracadabra", None),
    ],
)
async def test_assets_are_sent_packed_to_those_who_can_unpack(
    folder: Path, client: httpx.AsyncClient, accepted: str, encoding: str | None
) -> None:
    async with client.stream("GET", "/assets/main-1a2b.js", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    suffix = {"br": ".br", "gzip": ".gz", None: ""}[encoding]
    assert raw == (folder / "assets" / f"main-1a2b.js{suffix}").read_bytes()
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_files_without_a_hash_in_their_name_are_asked_for_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/logo.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/assets/main-0000.js", "/assets/", "/assets"])
async def test_an_asset_of_an_older_build_is_no_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Accept": "*/*"})
    assert_problem(answer, 404)


async def test_a_lost_script_is_never_answered_with_html(client: httpx.AsyncClient) -> None:
    assert_problem(await client.get("/assets/main-0000.js", headers=HTML), 404)


@pytest.mark.parametrize(
    "path", ["/.stamp", "/../outside.txt", "/..%2foutside.txt", "/assets/..%2f..%2foutside.txt", "/%2e%2e/outside.txt"]
)
async def test_nothing_hidden_and_nothing_outside_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Accept": "*/*"})
    assert_problem(answer, 404)


@pytest.mark.parametrize("path", ["/%00", "/assets/%00.js", "/" + "a" * 5000, "/" + "a/" * 3000])
async def test_names_that_no_file_can_have_are_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert_problem(await client.get(path, headers={"Accept": "*/*"}), 404)


@pytest.mark.parametrize("path", ["/import", "/logo.svg", "/assets/main-1a2b.js"])
async def test_pages_and_assets_let_nothing_foreign_in(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path, headers=HTML)).headers
    policy = {part.strip() for part in headers["content-security-policy"].split(";")}
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= policy
    assert {"require-trusted-types-for 'script'", "trusted-types lit-html headway-worker", "base-uri 'none'"} <= policy
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"


async def test_pages_that_are_not_built_say_how_to_build_them(tmp_path: Path) -> None:
    async with client_of(tmp_path / "nothing") as client:
        answer = await client.get("/import", headers=HTML)
        assert answer.status_code == 503
        assert "./x run" in answer.text
        assert "content-security-policy" in answer.headers
        assert (await client.get("/api/v2/things")).status_code == 200
