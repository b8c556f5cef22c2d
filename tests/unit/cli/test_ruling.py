"""`headway rules`: lists of rules and Table Schemas are kept, and what no rule checks is told."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from headway.cli import main
from tests.unit.cli.conftest import FakeServer

SET_ID = "0199f0c2-0000-7000-8000-00000000000b"
RULES = [{"rule": "required", "column": "id"}]
NOTE = {"pointer": "/missingValues", "message": "Rules say nothing of that."}


def written(folder: Path, content: object) -> str:
    path = folder / "rules.json"
    path.write_text(json.dumps(content))
    return str(path)


def test_rules_are_kept_listed_and_shown(server: FakeServer, runner: CliRunner, tmp_path: Path) -> None:
    server.on("POST", "/rule-sets", {"id": SET_ID}, status=201)
    assert runner.invoke(main, ["rules", "save", "orders", written(tmp_path, RULES)]).stdout == f"{SET_ID}\n"
    assert server.bodies["/api/v2/rule-sets"] == {"name": "orders", "rules": RULES}
    kept = {"id": SET_ID, "name": "orders", "version": 2, "rule_count": 1}
    server.on("GET", "/rule-sets", {"items": [kept], "next_cursor": None})
    assert runner.invoke(main, ["rules", "list"]).stdout == f"{SET_ID}  orders  version 2: 1 rule\n"
    server.on("GET", f"/rule-sets/{SET_ID}", {**kept, "rules": RULES})
    assert json.loads(runner.invoke(main, ["rules", "show", SET_ID]).stdout) == RULES


def test_a_table_schema_comes_and_goes_with_what_is_left_out(
    server: FakeServer, runner: CliRunner, tmp_path: Path
) -> None:
    schema = {"fields": [{"name": "id", "constraints": {"required": True}}]}
    server.on("POST", "/rule-sets/table-schema", {"rule_set": {"id": SET_ID}, "notes": [NOTE]}, status=201)
    arguments = ["rules", "save", "orders", written(tmp_path, schema), "--reference", f"countries={SET_ID}"]
    result = runner.invoke(main, arguments)
    assert (result.stdout, result.stderr) == (f"{SET_ID}\n", "Left out: /missingValues: Rules say nothing of that.\n")
    sent = {"name": "orders", "table_schema": schema, "references": {"countries": SET_ID}}
    assert server.bodies["/api/v2/rule-sets/table-schema"] == sent
    server.on("GET", f"/rule-sets/{SET_ID}/table-schema", {"table_schema": schema, "notes": [NOTE]})
    result = runner.invoke(main, ["rules", "show", SET_ID, "--table-schema"])
    assert (json.loads(result.stdout), "Left out" in result.stderr) == (schema, True)
