"""A host's app with jobs mounted in it: its callers, its database, its own routes as they were."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI, Header, HTTPException
from jwt.algorithms import ECAlgorithm

from headway.mount import Actor, MountedJobs, SchemaMissing, Scope, jwt_actor, mount_jobs
from headway.mount import actors as actors_module
from tests.support.serving import serving

ROOT = Path(__file__).resolve().parents[3]
SECRET = "a-secret-that-the-host-and-headway-know"
ANN, BEN = {"X-Who": "ann"}, {"X-Who": "ben"}


async def who(x_who: Annotated[str | None, Header()] = None) -> str | None:
    return x_who


def host_app(database_url: str, actor: Callable[..., Any] = who) -> tuple[FastAPI, MountedJobs]:
    app = FastAPI()

    @app.get("/own")
    async def own(number: int) -> None:
        raise HTTPException(418, "the host's own words")

    mounted = mount_jobs(app, actor=actor, database_url=database_url, prefix="/jobs-api")
    app.state.live = SimpleNamespace(close=mounted.close_streams)  # what ends a test's server
    return app, mounted


@contextlib.asynccontextmanager
async def opened(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://host") as http:
        yield http


async def test_a_hosts_people_see_their_own_jobs(database_url: str) -> None:
    app, mounted = host_app(database_url)
    async with opened(app) as http:
        made = await http.post("/jobs-api/jobs", json={"job_type": "report", "title": "Sales"}, headers=ANN)
        job = await mounted.service.create_job("ben", "report")
        seen = (await http.get("/jobs-api/jobs/active", headers=ANN)).json()["jobs"]
        followed = await http.get(made.headers["location"], headers=ANN)
        foreign = await http.get(f"/jobs-api/jobs/{job.id}", headers=ANN)
        nobody = await http.get("/jobs-api/jobs/active")
    assert [each["title"] for each in seen] == ["Sales"]
    assert (made.status_code, followed.json()) == (201, made.json())
    assert (foreign.status_code, foreign.json()["code"]) == (404, "job.not_found")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "auth.required")


async def test_what_the_host_answers_itself_stays_as_it_was(database_url: str) -> None:
    app, _mounted = host_app(database_url)
    async with opened(app) as http:
        own = await http.get("/own", params={"number": 1})
        wrong = await http.get("/own", params={"number": "x"})
        wrong_here = await http.get("/jobs-api/jobs/x", headers=ANN)
    assert (own.status_code, own.json()) == (418, {"detail": "the host's own words"})
    assert wrong.json()["detail"][0]["loc"] == ["query", "number"]
    assert (wrong_here.headers["content-type"], wrong_here.json()["code"]) == (
        "application/problem+json", "request.invalid",
    )  # fmt: skip


async def test_a_job_is_made_in_the_hosts_own_transaction(database_url: str) -> None:
    app, mounted = host_app(database_url)
    async with opened(app) as http:
        async with mounted.database.write() as session:
            await mounted.service.create_in(session, "ann", "report", title="Kept")
        with pytest.raises(ZeroDivisionError):
            async with mounted.database.write() as session:
                await mounted.service.create_in(session, "ann", "report", title="Rolled back")
                _ = 1 / 0
        seen = (await http.get("/jobs-api/jobs/active", headers=ANN)).json()["jobs"]
    assert [each["title"] for each in seen] == ["Kept"]


async def test_scopes_and_cancelling_and_that_nothing_is_tried_again(database_url: str) -> None:
    async def reader() -> Actor:
        return Actor("ann", scopes=frozenset({Scope.JOBS_READ}))

    app, mounted = host_app(database_url, reader)
    other = mount_jobs(app, actor=who, database_url=database_url, prefix="/other-api")
    async with opened(app) as http:
        job = await mounted.service.create_job("ann", "report")
        refused = await http.post(f"/jobs-api/jobs/{job.id}/cancel")
        cancelled = await http.post(f"/other-api/jobs/{job.id}/cancel", headers=ANN)
        again = await http.post(f"/other-api/jobs/{job.id}/retry", headers=ANN)
        assert (await other.service.get_job_by_id(job.id, "ann")).status == "cancelled"
    assert (refused.status_code, refused.json()["code"]) == (403, "auth.scope_missing")
    assert cancelled.json()["status"] == "cancelled"
    assert again.json()["code"] == "job.not_retryable"


async def test_changes_arrive_live_and_who_goes_silent_is_noticed(database_url: str) -> None:
    app, mounted = host_app(database_url)
    async with serving(app) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        job = await mounted.service.create_job("ann", "report", title="Sales", heartbeat_seconds=1)
        seen = []
        async with http.stream("GET", "/jobs-api/jobs/stream", headers=ANN) as stream, asyncio.timeout(30):
            async for line in stream.aiter_lines():
                seen.append(line)
                if line.startswith("event: snapshot"):
                    await mounted.service.start_job(job.id)
                    await mounted.service.update_progress(job.id, 40, "Day 12")
                if "event: finished" in line:
                    break
        ended = await mounted.service.get_job_by_id(job.id, "ann")
    assert any('"message":"Day 12"' in line for line in seen)
    assert ended.problem is not None
    assert ended.problem.code == "job.silent"


async def test_a_database_without_the_tables_is_said_at_the_start(tmp_path: Path) -> None:
    app, _mounted = host_app(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(SchemaMissing, match="headway migrate"):
        async with opened(app):
            pass


# ----------------------------------------------------------------------------- tokens


def token(key: Any = SECRET, algorithm: str = "HS256", headers: dict[str, str] | None = None, **claims: Any) -> str:
    whole = {"sub": "ann", "aud": "shop", "exp": int(time.time()) + 3600, **claims}
    kept = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(kept, key, algorithm, headers=headers)


async def ask(database_url: str, actor: Callable[..., Any], bearer: str) -> httpx.Response:
    app, _mounted = host_app(database_url, actor)
    async with opened(app) as http:
        return await http.get("/jobs-api/jobs/active", headers={"Authorization": f"Bearer {bearer}"})


async def test_a_hosts_token_opens_its_owners_jobs(database_url: str) -> None:
    assert (await ask(database_url, jwt_actor(secret=SECRET, audience="shop"), token())).status_code == 200
    by_name = jwt_actor(secret=SECRET, owner_claim="name")
    assert (await ask(database_url, by_name, token(name="ann"))).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (token(exp=1), "expired"),
        (token(exp=None), "'exp'"),
        (token(exp=10**12), "calendar"),
        (token(aud="bakery"), "another audience"),
        (token(aud=None), "'aud'"),
        (token(sub=None), "'sub'"),
        (token(sub=""), "whose"),
        (token(key="another-secret-of-thirty-two-bytes!!"), "signature"),
        (token(key="", algorithm="none"), "algorithm"),
        ("no token", "token"),
    ],
    ids=[
        "expired",
        "endless",
        "for ever",
        "for another",
        "for nobody",
        "of nobody",
        "of an empty name",
        "forged",
        "unsigned",
        "noise",
    ],
)
async def test_a_token_that_is_not_right_opens_nothing_and_says_why(database_url: str, wrong: str, says: str) -> None:
    answer = await ask(database_url, jwt_actor(secret=SECRET, audience="shop"), wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "auth.required")
    assert says in answer.json()["detail"]


async def test_a_token_that_the_host_signed_with_a_published_key(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("old", "new", "never")}
    published, asked = ["old"], []

    async def jwks() -> dict[str, Any]:
        asked.append(list(published))
        return {
            "keys": [{**json.loads(ECAlgorithm.to_jwk(keys[name].public_key())), "kid": name} for name in published]
        }

    host = FastAPI()
    host.get("/keys")(jwks)
    host.state.live = SimpleNamespace(close=lambda: asyncio.sleep(0))
    monkeypatch.setenv("NO_PROXY", "*")
    async with serving(host) as url:
        actor = jwt_actor(jwks_url=f"{url}/keys")

        async def status(key: str, kid: str | None = None) -> int:
            signed = token(keys[key], "ES256", headers={"kid": kid or key})
            return (await ask(database_url, actor, signed)).status_code

        assert await status("old") == 200
        assert await status("never", "old") == 401
        published.append("new")
        assert await status("new") == 200, "a key that is new is asked for"
        assert await status("never") == 401
        assert asked == [["old"], ["old", "new"]], "but not with every token"
        monkeypatch.setattr(actors_module, "REFRESH_SECONDS", 0)
    assert await status("never") == 503


@pytest.mark.parametrize("given", [{}, {"secret": "short"}, {"secret": SECRET, "jwks_url": "https://host/keys"}])
def test_half_a_way_to_check_tokens_is_none(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"secret"):
        jwt_actor(**given)  # type: ignore[arg-type]


# ---------------------------------------------------------------- what comes along


@pytest.mark.parametrize("module", ["headway.mount", "headway.tracking.celery"])
def test_nothing_of_accounts_imports_datasets_or_the_engine_comes_along(module: str) -> None:
    program = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    ours = {"accounts", "audit", "datasets", "engine", "intake", "operator", "settings", "app", "worker", "web"}
    foreign = re.compile(rf"headway\.({'|'.join(ours)})\b|(dbos|duckdb|pyarrow|obstore)$")
    assert [name for name in done.stdout.split() if foreign.match(name)] == []


async def test_the_example_runs(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    spec = importlib.util.spec_from_file_location("shop", ROOT / "examples" / "host" / "app.py")
    assert spec is not None
    assert spec.loader is not None
    shop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shop)
    async with opened(shop.app) as http:
        assert (await http.post("/login", params={"name": "ada", "password": "wrong"})).status_code == 401
        signed_in = await http.post("/login", params={"name": "ada", "password": "correct-horse"})
        http.headers["Authorization"] = f"Bearer {signed_in.json()['token']}"
        job_id = (await http.post("/reports")).json()["job"]
        await asyncio.gather(*shop.running)
        job = (await http.get(f"/jobs-api/jobs/{job_id}")).json()
    assert (job["status"], job["done_units"], job["result"]) == ("completed", 30, {"orders": 512})


async def test_the_guide_works_as_it_stands_there(database_url: str) -> None:
    guide = (ROOT / "docs" / "how-to" / "mount-in-a-fastapi-app.md").read_text()
    snippets = re.findall(r"^```python\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {"SECRET": SECRET, "DATABASE_URL": database_url}
    exec("\n".join(snippets), names)  # noqa: S102 - that it runs is what is tested
    async with opened(names["app"]) as http:
        await names["make_report"]("ann")
        theirs = await http.get("/jobs-api/jobs/active", headers={"Authorization": f"Bearer {token()}"})
        others = await http.get("/other-api/jobs/active", headers={"X-Remote-User": "ann"})
    assert theirs.json()["jobs"] == others.json()["jobs"]
    assert (theirs.json()["jobs"][0]["status"], theirs.json()["jobs"][0]["result"]) == ("completed", {"orders": 512})
