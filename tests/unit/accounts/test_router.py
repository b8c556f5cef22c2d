"""The HTTP side: who is let in by token or cookie, who is not, and what is said."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest

from headway.accounts.models import User
from headway.accounts.service import AccountService
from tests.support.clock import FakeClock
from tests.unit.accounts.conftest import PASSWORD, SESSION_SECONDS, TOKEN_SECONDS, assert_problem, bearer, make_app

ADA = "ada@example.org"
OURS = {"Origin": "http://headway.test"}


@pytest.fixture(autouse=True)
async def ada(service: AccountService) -> User:
    return await service.add_user(ADA, PASSWORD, "admin")


@pytest.fixture
async def signed_in(api: httpx.AsyncClient) -> httpx.AsyncClient:
    """A browser with a session, but without what browsers say of themselves on each request."""
    answer = await api.post("/auth/session", json={"email": ADA, "password": PASSWORD})
    assert answer.status_code == 200
    return api


# Tokens


async def test_a_password_is_exchanged_for_a_token(api: httpx.AsyncClient) -> None:
    answer = await api.post("/auth/token", data={"grant_type": "password", "username": ADA, "password": PASSWORD})
    token = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (token["token_type"], token["expires_in"], set(token)) == (
        "bearer", TOKEN_SECONDS, {"access_token", "token_type", "expires_in"},
    )  # fmt: skip
    me = await api.get("/me", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert (me.json()["email"], me.json()["role"]) == (ADA, "admin")


@pytest.mark.parametrize(("username", "password"), [(ADA, "wrong horse"), ("nobody@example.org", PASSWORD)])
async def test_wrong_credentials_get_401(api: httpx.AsyncClient, username: str, password: str) -> None:
    answer = await api.post("/auth/token", data={"username": username, "password": password})
    assert_problem(answer, 401, "auth.wrong_credentials")
    assert answer.json()["detail"] == "That e-mail and password do not match."


@pytest.mark.parametrize(
    "wild", [b"\xff\xfe", b"%FF%FE", b"%ED%A0%80", b"%00", b"x" * 100_000], ids=lambda wild: ascii(wild[:9])
)
async def test_a_form_may_hold_anything(api: httpx.AsyncClient, wild: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for form in (b"username=" + wild + b"&password=x", b"username=ada@example.org&password=" + wild):
        answer = await api.post("/auth/token", content=form, headers=headers)
        assert_problem(answer, 401, "auth.wrong_credentials")


async def test_the_sixth_try_says_when_to_come_back(api: httpx.AsyncClient) -> None:
    for number in range(6):
        # Both doors count together.
        if number % 2:
            answer = await api.post("/auth/token", data={"username": ADA, "password": "wrong horse"})
        else:
            answer = await api.post("/auth/session", json={"email": ADA, "password": "wrong horse"})
    assert_problem(answer, 429, "auth.too_many_attempts")
    assert answer.headers["retry-after"] == str(answer.json()["retry_after_seconds"]) == "300"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "auth.required"),
        ("Basic YWRhOmFkYQ==", "auth.required"),
        ("Bearer", "auth.invalid_token"),
        ("Bearer ", "auth.invalid_token"),
        ("Bearer not.a.token", "auth.invalid_token"),
        ("bearer é".encode("latin-1").decode("latin-1"), "auth.invalid_token"),
    ],
)
async def test_a_caller_without_a_token_gets_401(api: httpx.AsyncClient, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = await api.get("/me", headers=headers)  # type: ignore[arg-type]  # httpx takes bytes as they are
    assert_problem(answer, 401, code)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_expired_token_says_so(api: httpx.AsyncClient, service: AccountService, clock: FakeClock) -> None:
    headers = await bearer(service, ADA)
    clock.advance(TOKEN_SECONDS)
    assert_problem(await api.get("/me", headers=headers), 401, "auth.expired_token")


async def test_a_bad_token_is_not_mended_by_a_good_cookie(signed_in: httpx.AsyncClient) -> None:
    assert (await signed_in.get("/me")).status_code == 200
    assert_problem(await signed_in.get("/me", headers={"Authorization": "Bearer x"}), 401, "auth.invalid_token")


# Sessions


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    service: AccountService,
    scheme: str,
    secure: bool,
) -> None:
    transport = httpx.ASGITransport(app=make_app(service))
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://headway.test") as api:
        answer = await api.post("/auth/session", json={"email": ADA, "password": PASSWORD})
        assert answer.json() == {"email": ADA, "role": "admin"}
        cookie = SimpleCookie(answer.headers["set-cookie"])["headway_session"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/")
        assert (cookie["max-age"], bool(cookie["secure"]), cookie["domain"]) == (str(SESSION_SECONDS), secure, "")
        assert (await api.get("/me")).json()["email"] == ADA


async def test_signing_out_ends_the_session_and_may_be_repeated(signed_in: httpx.AsyncClient) -> None:
    kept = signed_in.cookies["headway_session"]
    for _ in range(2):
        answer = await signed_in.delete("/auth/session", headers=OURS)
        assert (answer.status_code, answer.content) == (204, b"")
    assert "headway_session" not in signed_in.cookies
    assert_problem(await signed_in.get("/me", headers={"Cookie": f"headway_session={kept}"}), 401, "auth.session_ended")


async def test_signing_in_again_ends_the_earlier_session(signed_in: httpx.AsyncClient) -> None:
    earlier = signed_in.cookies["headway_session"]
    await signed_in.post("/auth/session", json={"email": ADA, "password": PASSWORD})
    assert signed_in.cookies["headway_session"] != earlier
    signed_in.cookies.clear()
    answer = await signed_in.get("/me", headers={"Cookie": f"headway_session={earlier}"})
    assert_problem(answer, 401, "auth.session_ended")


async def test_a_session_ends_after_its_time(signed_in: httpx.AsyncClient, clock: FakeClock) -> None:
    clock.advance(SESSION_SECONDS)
    assert_problem(await signed_in.get("/thing"), 401, "auth.session_ended")


# Other sites

FROM_ELSEWHERE = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://headway.test"},
    {"Origin": "http://evil.test"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://headway.test:8080"},
    {"Origin": "http://headway.test.evil.test"},
    {"Origin": "http://evil.test/headway.test"},
    {"Origin": "http://headway.test@evil.test"},
    {"Origin": "http://evil.test@headway.test"},
    {"Origin": "file://headway.test"},
    {"Origin": "http://[broken"},
    {"Origin": "http://evil.test", "Host": ""},
    {"Referer": "http://headway.test/"},
]
FROM_OURS = [
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://headway.test"},
    {"Origin": "http://headway.test"},
    {"Origin": "http://HEADWAY.test"},
    {"Origin": "http://headway.test:80"},
    # A proxy ends TLS and hands the host on.
    {"Origin": "https://headway.test"},
    {"Origin": "https://headway.test", "Host": "headway.test:443"},
    {"Origin": "http://headway.test:8080", "Host": "headway.test:8080"},
    {"Origin": "http://[::1]:8080", "Host": "[::1]:8080"},
]
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
async def test_a_cookie_from_elsewhere_changes_nothing(signed_in: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for method in UNSAFE:
        assert_problem(await signed_in.request(method, "/thing", headers=headers), 403, "auth.cross_site")


@pytest.mark.parametrize("headers", FROM_OURS, ids=str)
async def test_a_cookie_from_our_own_pages_works(
    signed_in: httpx.AsyncClient, ada: User, headers: dict[str, str]
) -> None:
    for method in UNSAFE:
        assert (await signed_in.request(method, "/thing", headers=headers)).json() == str(ada.id)


@pytest.mark.parametrize("headers", [*FROM_ELSEWHERE, *FROM_OURS], ids=str)
async def test_reading_needs_no_origin(signed_in: httpx.AsyncClient, headers: dict[str, str]) -> None:
    # A link from elsewhere opens our pages signed in; what they answer stays unreadable to that site.
    assert (await signed_in.get("/thing", headers=headers)).status_code == 200


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
async def test_a_bearer_needs_no_origin(
    signed_in: httpx.AsyncClient, service: AccountService, headers: dict[str, str]
) -> None:
    answer = await signed_in.post("/thing", headers={**headers, **await bearer(service, ADA)})
    assert answer.status_code == 200


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
async def test_nobody_is_signed_out_from_elsewhere(signed_in: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert_problem(await signed_in.delete("/auth/session", headers=headers), 403, "auth.cross_site")
    assert (await signed_in.get("/me")).status_code == 200


@pytest.mark.parametrize(
    "headers", [one for one in FROM_ELSEWHERE if "Origin" in one or "Sec-Fetch-Site" in one], ids=str
)
async def test_nobody_is_signed_in_from_elsewhere(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await api.post("/auth/session", json={"email": ADA, "password": PASSWORD}, headers=headers)
    assert_problem(answer, 403, "auth.cross_site")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{}, *FROM_OURS], ids=str)
async def test_our_own_pages_and_programs_may_sign_in(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await api.post("/auth/session", json={"email": ADA, "password": PASSWORD}, headers=headers)
    assert answer.status_code == 200


# The caller's own account


async def test_me_says_who_i_am(api: httpx.AsyncClient, service: AccountService, ada: User) -> None:
    me = await api.get("/me", headers=await bearer(service, ADA))
    assert me.json() == {"id": str(ada.id), "email": ADA, "role": "admin"}


async def test_a_new_password_by_token_ends_the_token(api: httpx.AsyncClient, service: AccountService) -> None:
    headers = await bearer(service, ADA)
    body = {"current_password": PASSWORD, "new_password": "battery staple"}
    answer = await api.post("/me/password", json=body, headers=headers)
    assert (answer.status_code, answer.content, "set-cookie" in answer.headers) == (204, b"", False)
    assert_problem(await api.get("/me", headers=headers), 401, "auth.invalid_token")
    await bearer(service, ADA, "battery staple")


async def test_a_new_password_in_the_browser_keeps_that_browser_alone(
    signed_in: httpx.AsyncClient, service: AccountService, ada: User
) -> None:
    other = await service.open_session(ada)
    before = signed_in.cookies["headway_session"]
    body = {"current_password": PASSWORD, "new_password": "battery staple"}
    assert (await signed_in.post("/me/password", json=body, headers=OURS)).status_code == 204
    assert (await signed_in.get("/me")).status_code == 200
    signed_in.cookies.clear()
    for ended in (before, other):
        answer = await signed_in.get("/me", headers={"Cookie": f"headway_session={ended}"})
        assert_problem(answer, 401, "auth.session_ended")


@pytest.mark.parametrize(
    ("current", "new", "answered"),
    [
        ("wrong horse", "battery staple", (403, "auth.wrong_password")),
        (PASSWORD, "short", (422, "users.weak_password")),
    ],
)
async def test_a_refused_change_of_password(
    api: httpx.AsyncClient, service: AccountService, current: str, new: str, answered: tuple[int, str]
) -> None:
    body = {"current_password": current, "new_password": new}
    answer = await api.post("/me/password", json=body, headers=await bearer(service, ADA))
    assert_problem(answer, *answered)
    await bearer(service, ADA)


# What is never said


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/auth/session", {"email": ADA, "password": ["canary-7431"]}),
        ("/auth/session", {"email": ADA, "password": "canary-7431", "extra": "canary-7431"}),
        ("/me/password", {"current_password": "canary-7431", "new_password": {"is": "canary-7431"}}),
        ("/users", {"email": "bob@example.org", "password": 7431, "role": "canary-7431"}),
    ],
)
async def test_a_refusal_does_not_echo_what_was_sent(
    api: httpx.AsyncClient, service: AccountService, path: str, body: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    answer = await api.post(path, json=body, headers=await bearer(service, ADA))
    assert_problem(answer, 422, "request.invalid")
    assert "7431" not in answer.text
    assert "7431" not in caplog.text


async def test_the_openapi_document_tells_of_schemes_and_errors(service: AccountService) -> None:
    document = make_app(service).openapi()
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}
    operations = document["paths"]
    assert {"401", "422", "429"} <= set(operations["/auth/token"]["post"]["responses"])
    assert {"401", "403", "409", "422"} <= set(operations["/users"]["post"]["responses"])
    assert operations["/me"]["get"]["security"] == [{"token": ["me"]}, {"session": ["me"]}]
