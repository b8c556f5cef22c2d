"""Both ways of the guide to resumable uploads, run as they stand there: with curl, and with tus-js-client."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from pathlib import Path

from headway.app import PREFIX
from tests.contracts.conftest import ADA, World
from tests.support.browser import uibuild

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "how-to" / "upload-with-tus.md").read_text(encoding="utf-8")
ORDERS = b"id,amount\n" + b"".join(b"%d,%d.50\n" % (number, number) for number in range(20_000))


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


async def run(*command: str, folder: Path, **environment: str) -> str:
    """Run a command to its end; return what it said, and fail with what it said of its failure."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "http"))}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=inherited | {"NO_PROXY": "*", **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, failed = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, failed.decode()
    return said.decode()


async def expect_arrived(world: World, job_id: str, content: bytes) -> None:
    """Expect that the job has the whole file, and waits for a worker."""
    async with world.client(world.tokens[ADA]) as ada:
        job = (await ada.get(f"{PREFIX}/jobs/{job_id}")).raise_for_status().json()
    assert (job["phase"], job["metadata"]["file_name"]) == ("queued", "orders.csv")
    assert job["metadata"]["bytes"] == len(content)
    assert job["metadata"]["sha256"] == hashlib.sha256(content).hexdigest()


async def test_curl_goes_on_where_a_broken_upload_stands(world: World, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_bytes(ORDERS)
    begin, send = snippets("sh")
    half = send.replace("tail -c +$((AT + 1)) orders.csv", f"head -c {len(ORDERS) // 2} orders.csv")
    assert half != send
    script = f'set -e\n{begin}\n{half}\n{send}\necho "job $JOB, from $AT"'
    said = await run("bash", "-c", script, folder=tmp_path, HEADWAY_URL=world.url, HEADWAY_TOKEN=world.tokens[ADA])
    found = re.search(r"job (\S+), from (\d+)", said)
    assert found is not None, said
    assert int(found[2]) == len(ORDERS) // 2
    await expect_arrived(world, found[1], ORDERS)


async def test_tus_js_client_uploads_as_the_guide_says(world: World) -> None:
    """Only what a page has and Node has not is brought: the file, the origin, and who is signed in."""
    [snippet] = snippets("js")
    here = f"endpoint: '{world.url}/api/v2/uploads', headers: {{ Authorization: 'Bearer {world.tokens[ADA]}' }}"
    assert "endpoint: '/api/v2/uploads'" in snippet
    file = "Object.assign(Buffer.from(process.env.ORDERS), { name: 'orders.csv', lastModified: 1764000000000 })"
    script = f"const file = {file}\nconst show = console.log\n" + snippet.replace("endpoint: '/api/v2/uploads'", here)
    node = uibuild().find_node()
    assert node is not None, "there is no Node"
    content = ORDERS[:50_000]
    said = await run(
        node[0], "--input-type=module", "-e", script, folder=ROOT / "web", ORDERS=content.decode()
    )  # fmt: skip
    await expect_arrived(world, said.strip(), content)
