"""What the guides tell people to type works as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from headway.app import PREFIX
from tests.contracts.conftest import ADA, World

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "report-from-a-script.md"

PYTHON_GUIDE = GUIDE.with_name("report-from-python.md")

COPY_PART = """
import os, sys, httpx
print("part", sys.argv[1], flush=True)
if sys.argv[1] == os.environ.get("CANCEL_AT"):
    headers = {"Authorization": f"Bearer {os.environ['OWNERS_TOKEN']}"}
    with httpx.Client(base_url=os.environ["HEADWAY_URL"] + "/api/v2", headers=headers, trust_env=False) as owner:
        [job] = [job for job in owner.get("/jobs/active").json()["jobs"] if job["title"] == "Nightly copy"]
        owner.post(f"/jobs/{job['id']}/cancel").raise_for_status()
sys.exit(sys.argv[1] == os.environ.get("FAIL_AT"))
"""


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder with the commands that the guide names: ours, and the work of somebody's script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "copy_part.py").write_text(COPY_PART)
    (folder / "copied.csv").write_text("a,b\n")
    for name, runs in (("headway", "-m headway.cli"), ("copy-part", f'"{folder}/copy_part.py"')):
        (folder / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {runs} "$@"\n')
        (folder / name).chmod(0o755)
    return folder


async def follow_the_guide(world: World, commands: Path, **others: str) -> tuple[int | None, list[str], dict[str, Any]]:
    """Run every piece of shell of the guide, one after the other; return its status, its parts, and its job."""
    making, reporting, attaching = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    working, ending = reporting.rstrip().rsplit("\n", 1)
    script = f"HEADWAY_TOKEN=$OWNERS_TOKEN\n{making}\n{working}\n{attaching}\n{ending}\n"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "http"))} | {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "HEADWAY_URL": world.url,
        "HEADWAY_TOKEN": "",
        "OWNERS_TOKEN": world.tokens[ADA],
        "NO_PROXY": "*",
        **others,
    }
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", script, env=environment, stdout=asyncio.subprocess.PIPE, cwd=commands
    )
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    async with world.client(world.tokens[ADA]) as ada:
        [job] = (await ada.get(f"{PREFIX}/jobs", params={"q": "Nightly copy"})).json()["items"]
        [token] = [each for each in (await ada.get(f"{PREFIX}/tokens")).json()["items"] if each["name"] != "Ada's"]
    assert (token["name"], token["scopes"]) == ("Nightly copy", ["jobs:write"])
    assert None not in {token["last_used_at"], token["expires_at"]}
    return process.returncode, re.findall(r"^part (\d+)$", said.decode(), re.MULTILINE), job


async def test_a_script_that_follows_the_guide_is_a_tracked_job(world: World, commands: Path) -> None:
    status, parts, job = await follow_the_guide(world, commands)
    assert (status, parts) == (0, ["20", "40", "60", "80", "100"])
    assert (job["status"], job["progress"], job["message"]) == ("completed", 100, "All parts copied")
    async with world.client(world.tokens[ADA]) as ada:
        [file] = (await ada.get(f"{PREFIX}/jobs/{job['id']}/artifacts")).json()["items"]
        kept = await ada.get(f"{PREFIX}/jobs/{job['id']}/artifacts/copied.csv")
    assert (file["name"], file["media_type"], file["rows"], file["bytes"]) == ("copied.csv", "text/csv", 1200, 4)
    assert kept.text == "a,b\n"


@pytest.mark.parametrize("at", ["20", "60"], ids=["before its first report", "midway"])
async def test_a_script_that_follows_the_guide_stops_when_it_is_cancelled(
    world: World, commands: Path, at: str
) -> None:
    status, parts, job = await follow_the_guide(world, commands, CANCEL_AT=at)
    assert (job["status"], parts[-1]) == ("cancelled", at)
    assert status != 0


async def test_a_script_that_follows_the_guide_tells_that_it_failed(world: World, commands: Path) -> None:
    status, parts, job = await follow_the_guide(world, commands, FAIL_AT="40")
    assert (status, parts) == (1, ["20", "40"])
    assert (job["status"], job["error"]) == ("failed", "A part could not be copied.")


async def test_the_python_of_the_guide_is_a_tracked_job_each(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snippets = re.findall(r"^```python\n(.*?)^```", PYTHON_GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    monkeypatch.setenv("HEADWAY_URL", world.url)
    monkeypatch.setenv("HEADWAY_TOKEN", world.tokens[ADA])
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "index.csv").write_text("a,b\n")
    for snippet in snippets:
        copied: list[str] = []
        await asyncio.to_thread(exec, snippet, {"rows": ["one", "two", "three"], "copy": copied.append})
        assert copied == ["one", "two", "three"]
    async with world.client(world.tokens[ADA]) as ada:
        block, loop = (await ada.get(f"{PREFIX}/jobs", params={"q": "Nightly copy"})).json()["items"]
        files = (await ada.get(f"{PREFIX}/jobs/{block['id']}/artifacts")).json()["items"]
    for job in (block, loop):
        assert (job["status"], job["done_units"], job["total_units"]) == ("completed", 3, 3)
    assert (block["message"], block["result"]) == ("Writing the index", {"replaced": 2})
    assert [file["name"] for file in files] == ["index.csv"]
