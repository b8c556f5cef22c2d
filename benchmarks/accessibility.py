"""Lighthouse over the pages of the real product, with something on each: accessibility has to be 100.

`./x bench lighthouse`. Lighthouse is some 190 MB and brought from npm at the first time. Its performance is that of a
fast desktop, simulated from one load on this machine, and varies by some points.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.support.browser import FLAGS, find_chromium, uibuild
from tests.support.product import ADMIN, PASSWORD, Server, running_server, until

FOLDER = Path(__file__).parent / "lighthouse"
PAGES = ("/login", "/import", "/datasets", "/datasets/{dataset}", "/jobs", "/jobs/{job}", "/jobs/{failed}", "/operator")
SIGNED_OUT = "/login"
TABLE = b"id,name,paid,day\n" + b"".join(
    b"%05d,Ann %d,%d.50,2024-05-%02d\n" % (n, n, n, n % 28 + 1) for n in range(5000)
)
NO_TABLE = bytes(range(256)) * 40


def main(_arguments: list[str]) -> None:
    uibuild().npm_install(FOLDER)
    with (
        tempfile.TemporaryDirectory(prefix="headway-bench-") as name,
        running_server(Path(name) / "data") as server,
    ):
        paths = [page.format(**_fill(server)) for page in PAGES]
        found = [
            *_measure(server, [path for path in paths if path == SIGNED_OUT], {}),
            *_measure(server, [path for path in paths if path != SIGNED_OUT], _sign_in(server)),
        ]
    _show(found)
    if any(each["scores"]["accessibility"] != 1 for each in found):
        sys.exit("Accessibility is below 100.")


def _fill(server: Server) -> dict[str, str]:
    """Have one import that went well and one that failed."""
    with server.client() as client:
        done, failed = (_import(client, name, data) for name, data in (("orders.csv", TABLE), ("broken.csv", NO_TABLE)))
    return {"dataset": done["related_dataset_id"], "job": done["id"], "failed": failed["id"]}


def _import(client: httpx.Client, name: str, data: bytes) -> dict[str, Any]:
    job = client.post("/imports", files={"file": (name, data)}).raise_for_status().json()["id"]

    def ended() -> dict[str, Any] | None:
        seen: dict[str, Any] = client.get(f"/jobs/{job}", params={"wait": 5}).raise_for_status().json()
        return seen if seen["status"] != "running" else None

    return until(ended)


def _sign_in(server: Server) -> dict[str, str]:
    answer = httpx.post(
        f"{server.url}/api/v2/auth/session", json={"email": ADMIN, "password": PASSWORD}, trust_env=False
    )
    return dict(answer.raise_for_status().cookies)


def _measure(server: Server, paths: list[str], cookies: dict[str, str]) -> list[dict[str, Any]]:
    """Return what Lighthouse says of each page."""
    chromium, needs = find_chromium()
    host = urlsplit(server.url).hostname
    order = {
        "chromium": chromium,
        "flags": FLAGS,
        "cookies": [{"name": name, "value": value, "domain": host, "path": "/"} for name, value in cookies.items()],
        "addresses": [server.url + path for path in paths],
    }
    node, _npm = uibuild().find_node()
    run = subprocess.run(
        [node, "measure.js"], cwd=FOLDER, env={**os.environ, **needs}, input=json.dumps(order), text=True,
        stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    found = [json.loads(line) for line in run.stdout.splitlines()]
    for each in found:
        # A page that sent us to sign in would be measured in the place of the one that was meant.
        if each["error"] or each["shown"] != each["address"]:
            sys.exit(f"{each['address']} could not be measured: {each['error'] or 'it led to ' + each['shown']}")
    return found


def _show(found: list[dict[str, Any]]) -> None:
    names = list(found[0]["scores"])
    print(f"{'page':<44}" + "".join(f"{name:>16}" for name in names))
    for each in found:
        path = urlsplit(each["address"]).path
        print(f"{path:<44}" + "".join(f"{round((each['scores'][name] or 0) * 100):>16}" for name in names))
    for each in found:
        for audit in each["failed"]:
            print(f"\n{urlsplit(each['address']).path}: {audit['title']} ({audit['id']})")
            for node in audit["nodes"]:
                print(f"  {node}")
