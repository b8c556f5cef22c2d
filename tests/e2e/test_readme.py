"""What the README tells people to type works word for word; only the address is this product's own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.support.product import Server, ended

README = Path(__file__).resolve().parents[2] / "README.md"

UNTIL_IT_ENDED = """
until curl -s -H "$AUTH" $API/jobs/active | grep -q '"status":"completed"'; do :; done
"""
"""What takes a person longer to read than the import takes."""

UNTIL_IT_SHOWS = """
({block}) > watched & WATCHING=$!
until grep -q '^event: snapshot' watched; do :; done
kill $WATCHING
"""
"""Somebody who watches, and presses Ctrl-C when there is something to see."""


def test_the_walk_with_curl_works_word_for_word(server: Server, tmp_path: Path) -> None:
    client = server.client(server.new_user("ada@example.org"))
    starting, *blocks = re.findall(r"^```bash\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    assert "./x run" in starting
    assert len(blocks) == 8
    script = "set -eu\n"
    for block in blocks:
        script += UNTIL_IT_SHOWS.format(block=block) if "jobs/stream" in block else block
        script += UNTIL_IT_ENDED if "$API/imports" in block else ""
    environment = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}
    done = subprocess.run(
        ["bash", "-c", script.replace("http://127.0.0.1:8080", server.url)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr
    assert all(cell in done.stdout for cell in ("00124", "3.75", "NA", "00125")), done.stdout
    [import_job] = client.get("/jobs", params={"job_type": "import"}).json()["items"]
    [own] = client.get("/jobs", params={"job_type": "external"}).json()["items"]
    assert ended(client, import_job["id"])["status"] == "completed"
    assert (own["title"], own["status"], own["message"]) == ("Nightly copy", "completed", "All files copied")
