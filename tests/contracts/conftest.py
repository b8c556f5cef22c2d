"""A running app with three ordinary users and an administrator, of whom one has a job and a dataset."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from headway.accounts.models import User
from headway.accounts.tokens import Claims, TokenSigner
from headway.app import PREFIX, create_app
from headway.datasets.cache import RowsCache
from headway.datasets.changes import Order
from headway.datasets.columns import Column, ColumnType
from headway.datasets.service import DatasetService, PublishRequest
from headway.intake import leases
from headway.intake.uploads import service as uploads_service
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.settings import Settings
from headway.storage.store import ObjectStore
from tests.support.requests import Route, body, routes
from tests.support.serving import serving

SECRET = "Kq3xZp7Rw1Vt9Ls5Yd2Nf8Hb4Jc6Mg0TeUaXiOo"
ENDLESS = f"{PREFIX}/jobs/stream"
NUMBERS = {"number": 1, "name": "hers.txt"}
"""Path parameters that are no ids: everybody's first version is 1, and Ada's job has a file of this name."""

OPERATORS = tuple(f"{PREFIX}/{word}" for word in ("operator", "queues", "audit", "users"))
"""Addresses that are about everybody's, and for administrators alone."""

ADMIN, ADA, BEN, CYD = (f"{name}@example.org" for name in ("admin", "ada", "ben", "cyd"))
"""Cyd has nothing but an account, which administrators may change and erase."""


@dataclass
class World:
    """The running app, and who is who in it.

    `ids` are those of what Ada has, by the name of the path parameter; `user_id` is Cyd's.
    """

    document: dict[str, Any]
    url: str
    tokens: dict[str, str]
    ada: str
    ids: dict[str, UUID]

    @property
    def routes(self) -> list[Route]:
        return routes(self.document)

    @property
    def operators_routes(self) -> list[Route]:
        return [route for route in self.routes if is_operators(route)]

    def client(self, token: str | None = None) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=120)

    def path_of(self, route: Route, **others: object) -> str:
        """Return the route's address with Ada's ids in it, or with others."""
        return route.path.format(**{**NUMBERS, "queue": "imports", **self.ids, **others})

    def nobodys_path(self, route: Route) -> str:
        """Return the route's address with ids that nothing has."""
        return self.path_of(route, **{name: uuid4() for name in (*self.ids, "queue")})

    async def ask(self, client: httpx.AsyncClient, route: Route, path: str = "") -> httpx.Response:
        """Send a good request to the route, for what Ada has unless the path says otherwise."""
        good = body(self.document, route)
        async with client.stream(route.method, path or self.path_of(route), **good) as answer:
            if route.path != ENDLESS or answer.is_error:
                await answer.aread()
            return answer


def is_operators(route: Route) -> bool:
    return route.path.startswith(OPERATORS)


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The OpenAPI document, which is the same whatever the settings are."""
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("document"))).openapi()


@pytest.fixture
async def world(
    settings: Settings,
    database: Database,
    store: ObjectStore,
    tmp_path: Path,
    document: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[World]:
    # Ada's upload, which nobody sends, would pause by itself while a slow machine asks.
    for module in (leases, uploads_service):
        monkeypatch.setattr(module, "UPLOAD_LEASE_SECONDS", 3600)
    # Whether files are shut in is looked at elsewhere; to try that takes a process or two each time.
    app = create_app(settings.model_copy(update={"jwt_secret": SecretStr(SECRET), "sandbox": "process"}))
    async with serving(app) as url:
        users = await _add_users(database)
        signer = TokenSigner(SECRET, 3600, SystemClock())
        tokens = {email: signer.issue(Claims(user_id, 0)) for email, user_id in users.items()}
        headers = {"Authorization": f"Bearer {tokens[ADA]}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as ada:
            job = await ada.post(f"{PREFIX}/jobs", json={"job_type": "external", "title": "Ada's"})
            spoken = {"Tus-Resumable": "1.0.0", "Upload-Length": "9"}
            upload = await ada.post(f"{PREFIX}/uploads", headers=spoken)
            token = await ada.post(f"{PREFIX}/tokens", json={"name": "Ada's", "scopes": ["jobs:read"]})
            steps = [{"step": "trim", "columns": ["a"]}]
            recipe = await ada.post(f"{PREFIX}/recipes", json={"name": "Ada's", "steps": steps})
            file = await ada.put(f"{PREFIX}/jobs/{job.json()['id']}/artifacts/hers.txt", content=b"Ada's")
            assert file.status_code == 201, file.text
        assert (job.status_code, token.status_code, upload.status_code) == (201, 201, 201), job.text + token.text
        owner, job_id = str(users[ADA]), UUID(job.json()["id"])
        dataset_id = await _publish(database, store, tmp_path, owner, job_id)
        ids = {"job_id": job_id, "dataset_id": dataset_id, "token_id": UUID(token.json()["id"])}
        ids |= {"upload_id": UUID(upload.headers["headway-job"]), "user_id": users[CYD]}
        ids["recipe_id"] = UUID(recipe.json()["id"])
        ids |= await _validate(url, headers, dataset_id)
        yield World(document, url, tokens, owner, ids)


async def _validate(url: str, headers: dict[str, str], dataset_id: UUID) -> dict[str, UUID]:
    """Give somebody a rule set, and a validation by it that waits. Its name is the word that made-up requests say."""
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
        wanted = {"name": "text", "rules": [{"rule": "required", "column": "a"}]}
        rule_set = await client.post(f"{PREFIX}/rule-sets", json=wanted)
        job = await client.post(f"{PREFIX}/datasets/{dataset_id}/validations", json={"rule_set": "text"})
    assert (rule_set.status_code, job.status_code) == (201, 202), rule_set.text + job.text
    return {"rule_set_id": UUID(rule_set.json()["id"]), "validation_id": UUID(job.json()["id"])}


async def _add_users(database: Database) -> dict[str, UUID]:
    """Add Ada and Ben as rows, with the administrator's password: hashing one for each takes longer than a test."""
    async with database.write() as session:
        admin = (await session.execute(sa.select(User).where(User.email == ADMIN))).scalar_one()
        users = {ADMIN: admin.id}
        for email in (ADA, BEN, CYD):
            users[email] = uuid4()
            session.add(
                User(
                    id=users[email],
                    email=email,
                    password_hash=admin.password_hash,
                    role="user",
                    credentials_version=0,
                    created_at=admin.created_at,
                    password_changed_at=admin.created_at,
                )
            )
    return users


async def _publish(database: Database, store: ObjectStore, folder: Path, owner: str, job_id: UUID) -> UUID:
    """Give somebody a dataset of one column and two rows, as the worker would."""
    rows, original = folder / "rows.parquet", folder / "ada.csv"
    pq.write_table(pa.table({"c0": ["one", "two"]}), rows)
    original.write_bytes(b"a\none\ntwo\n")
    await store.put_file(rows, "rows/ada")
    await store.put_file(original, "originals/ada")
    service = DatasetService(database, store, SystemClock(), RowsCache(folder / "cache", store, 10**9))
    request = PublishRequest(
        owner=owner,
        import_id=uuid4(),
        part=0,
        job_id=job_id,
        name="Ada's table",
        rows=2,
        rejected_rows=0,
        bytes=rows.stat().st_size,
        rows_key="rows/ada",
        original_key="originals/ada",
        source={"file_name": "ada.csv", "format": "delimited", "sha256": "0" * 64, "bytes": 10},
        columns=[Column("a", ColumnType.TEXT, 0)],
        decisions=[],
    )
    async with database.write() as session:
        dataset_id = await service.publish(session, request)
        await service.changes.order_in(session, owner, Order(dataset_id, job_id, uuid4(), "reparse", False, {}))
    return dataset_id
