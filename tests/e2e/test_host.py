"""The example host with Headway mounted in it, and a worker beside it: files become datasets of the host's people."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest

from tests.support.serving import serving

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "host-imports" / "app.py"
SECRET = "a-secret-that-the-shop-and-headway-know"
PEOPLE = b"name,born\nAda,1815-12-10\nBen,1990-01-02\n"
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def worker(tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the tables and run a worker as a host's guide says, with settings that the app finds as well."""
    settings = {**environment, "HEADWAY_DATA_DIR": str(tmp_path / "data"), "SHOP_SECRET": SECRET}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    subprocess.run([sys.executable, "-m", "headway.cli", "migrate"], check=True, capture_output=True)
    with subprocess.Popen([sys.executable, "-m", "headway.worker"], env=dict(os.environ)) as process:
        yield
        process.terminate()


@pytest.fixture
async def shop(worker: None) -> AsyncIterator[str]:
    found = importlib.util.spec_from_file_location("shop_of_imports", EXAMPLE)
    assert found is not None
    assert found.loader is not None
    module: ModuleType = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    module.app.state.live = SimpleNamespace(close=module.headway.close_streams)  # what ends a test's server
    async with serving(module.app) as url:
        yield url


@contextlib.asynccontextmanager
async def signed_in(shop: str, name: str, password: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=shop, trust_env=False, timeout=60) as http:
        token = (await http.post("/login", params={"name": name, "password": password})).json()["token"]
        http.headers["Authorization"] = f"Bearer {token}"
        yield http


async def ended(http: httpx.AsyncClient, place: str) -> dict[str, Any]:
    job = (await http.get(place)).raise_for_status().json()
    async with asyncio.timeout(60):
        while job["status"] == "running":
            parameters = {"wait": 10, "after_version": job["version"]}
            job = (await http.get(place, params=parameters)).raise_for_status().json()
    return dict(job)


async def test_a_hosts_people_import_files_and_leave_nothing_when_they_go(shop: str) -> None:
    async with signed_in(shop, "ada", "correct-horse") as ada, signed_in(shop, "ben", "battery-staple") as ben:
        sent = await ada.post("/data/imports", files={"file": ("people.csv", PEOPLE)})
        assert sent.status_code == 202, sent.text
        assert sent.headers["Location"] == f"/data/jobs/{sent.json()['id']}"
        job = await ended(ada, sent.headers["Location"])
        assert job["status"] == "completed", job["problem"]
        dataset = f"/data/datasets/{job['related_dataset_id']}"
        rows = (await ada.get(f"{dataset}/rows")).json()["rows"]
        assert [row["name"] for row in rows] == ["Ada", "Ben"]
        assert (await ben.get(dataset)).status_code == 404
        assert (await ben.get("/data/jobs")).json()["items"] == []
        kept = await ada.post("/data/rule-sets", json={"name": "r", "rules": [{"rule": "required", "column": "name"}]})
        checking = await ada.post(f"{dataset}/validations", json={"rule_set": "r"})
        assert (await ended(ada, checking.headers["Location"]))["outcome"] == "succeeded"
        assert (await ada.get(kept.headers["Location"])).status_code == 200
        assert (await ada.delete("/account")).json() == {"datasets": 1, "files": 1}
        for left in (dataset, kept.headers["Location"], sent.headers["Location"]):
            assert (await ada.get(left)).status_code == 404


async def test_uploads_resume_below_the_hosts_address_and_bounds_hold_there(shop: str) -> None:
    async with signed_in(shop, "ada", "correct-horse") as ada:
        path = (await ada.get("/data/limits")).json()["uploads"]["path"]
        begun = await ada.post(path, headers={**TUS, "Upload-Length": str(len(PEOPLE))})
        place = begun.headers["Location"]
        assert (path, place.rpartition("/")[0]) == ("/data/uploads", path)
        half = await ada.patch(place, content=PEOPLE[:9], headers={**TUS, "Upload-Offset": "0"})
        assert half.headers["Upload-Offset"] == "9"
        whole = await ada.patch(place, content=PEOPLE[9:], headers={**TUS, "Upload-Offset": "9"})
        job = await ended(ada, f"/data/jobs/{whole.headers['Headway-Job']}")
        assert (job["status"], job["done_units"]) == ("completed", 2), job["problem"]
        large = await ada.post("/data/jobs", json={"job_type": "x", "title": "y" * 2_000_000})
        assert (large.status_code, large.json()["code"]) == (413, "request.body_too_large")
        for module in ("headway-jobs.js", "headway-importer.js"):
            script = await ada.get(f"/data/{module}")
            assert (script.status_code, "javascript" in script.headers["Content-Type"]) == (200, True)
        nobody = await httpx.AsyncClient(trust_env=False).get(f"{shop}/data/datasets")
        assert (nobody.status_code, nobody.json()["code"]) == (401, "auth.required")
        assert (await ada.get("/data/users")).status_code == 404, "accounts are the host's"
