"""The client in TypeScript against a real Headway: its own tests, run by Node."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.support.browser import uibuild
from tests.support.product import Server

CLIENT = Path(__file__).resolve().parents[2] / "web" / "packages" / "client"


def test_the_client_does_what_it_says(server: Server) -> None:
    node, _npm = uibuild().find_node()
    with server.new_client() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
    environment = {**os.environ, "HEADWAY_URL": server.url, "HEADWAY_TOKEN": token, "NO_PROXY": "127.0.0.1"}
    command = [node, "--test", "--test-reporter=spec", "test/client.test.ts"]
    done = subprocess.run(
        command, cwd=CLIENT, env=environment, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_its_page_shows_is_understood_by_the_compiler(tmp_path: Path) -> None:
    tools = uibuild()
    tools.pack_client(tmp_path / "node_modules" / "headway-client")
    [example] = re.findall(r"^```ts\n(.*?)^```", (CLIENT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "example.ts").write_text(example)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    web = CLIENT.parents[1]
    command = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "node"]
    tools.run_node(
        tmp_path,
        web / "node_modules/typescript/bin/tsc",
        *command,
        "--typeRoots",
        web / "node_modules/@types",
        "example.ts",
    )
