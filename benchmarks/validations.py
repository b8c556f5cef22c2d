"""A dataset checked by twelve rules, by the real product; frictionless and pandera check the same rows in the same run.

`./x bench validations [ROWS]`; 1,000,000 without an argument. The figures are from the request until the report is
stored, with the processors of the worker and its child; a worker's start is in none. frictionless reads a hundredth of
the rows from CSV, with the Table Schema that Headway writes of the rule set; its figures are times a hundred. pandera
checks all rows, once pandas has read them; only the checking is counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from benchmarks.exports import first_rows, working
from benchmarks.figures import say_machine
from benchmarks.intake import finished, upload, write_csv
from benchmarks.intake_peers import Cost, peers_python
from tests.support.product import Server, running_server

BYTES_PER_ROW = 80
SHARE = 100

RULES: list[dict[str, Any]] = [
    {"rule": "type", "column": "id", "type": "integer"},
    {"rule": "required", "column": "id"},
    {"rule": "unique", "columns": ["id"]},
    {"rule": "required", "column": "name"},
    {"rule": "length", "column": "name", "min": 10, "max": 13},
    {"rule": "pattern", "column": "code", "pattern": "0[0-9]{4}"},
    {"rule": "range", "column": "amount", "min": 0, "max": 9990},
    {"rule": "range", "column": "rate", "max": 6},
    {"rule": "type", "column": "day", "type": "date"},
    {"rule": "range", "column": "day", "min": "2024-01-15", "max": "2024-12-31"},
    {"rule": "type", "column": "paid", "type": "boolean"},
    {"rule": "one_of", "column": "note", "values": ["alpha", "délta"]},
]
"""Half of them are broken by some rows, as in files that are worth checking."""

MEASURED = """
import json, resource, sys, time
def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), usage.ru_utime + usage.ru_stime
def say(found, before):
    wall, cpu = (after - first for after, first in zip(used(), before))
    print(json.dumps({"found": found, "wall": wall, "cpu": cpu}))
"""

FRICTIONLESS = """
from frictionless import Resource, Schema
from pathlib import Path
file, schema = Path(sys.argv[1]), Schema(json.load(open(sys.argv[2])))
before = used()
report = Resource(path=file.name, basepath=str(file.parent), schema=schema).validate(limit_errors=10**9)
say(sum(task.stats["errors"] for task in report.tasks), before)
"""

PANDERA = """
import pandas as pd
import pandera.pandas as pa
table = pd.read_csv(sys.argv[1], dtype={"code": "string", "name": "string", "note": "string"}, parse_dates=["day", "at"])
check = pa.Check
schema = pa.DataFrameSchema({
    "id": pa.Column("int64", unique=True, nullable=False),
    "name": pa.Column("string", check.str_length(10, 13), nullable=False),
    "code": pa.Column("string", check.str_matches("^0[0-9]{4}$"), nullable=True),
    "amount": pa.Column("float64", check.in_range(0, 9990), nullable=True),
    "rate": pa.Column("float64", check.le(6), nullable=True),
    "day": pa.Column("datetime64[ns]", check.in_range(pd.Timestamp("2024-01-15"), pd.Timestamp("2024-12-31")), nullable=True, coerce=True),
    "paid": pa.Column("bool"),
    "note": pa.Column("string", check.isin(["alpha", "délta"]), nullable=True),
})
before, found = used(), 0
try:
    schema.validate(table, lazy=True)
except pa.errors.SchemaErrors as errors:
    found = len(errors.failure_cases)
say(found, before)
"""


def main(arguments: list[str]) -> None:
    rows = int(arguments[0]) if arguments else 1_000_000
    say_machine()
    peers_python()
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name:
        folder = Path(name)
        source = first_rows(write_csv(folder / "all.csv", rows * BYTES_PER_ROW * 2), rows)
        with running_server(folder / "data") as server, server.client() as client:
            client.timeout = httpx.Timeout(600)
            schema = folder / "schema.json"
            ours = checked(server, client, source, schema)
        few = first_rows(source, rows // SHARE)
        say_peer("frictionless", ours, *peer(FRICTIONLESS, few, schema, share=1 / SHARE))
        say_peer("pandera", ours, *peer(PANDERA, source))


def checked(server: Server, client: httpx.Client, source: Path, schema: Path) -> Cost:
    """Have Headway check the file; write the rule set as a Table Schema."""
    dataset = finished(client, upload(client, source))["related_dataset_id"]
    kept = client.post("/rule-sets", json={"name": "orders", "rules": RULES}).raise_for_status().json()
    schema.write_text(json.dumps(client.get(f"/rule-sets/{kept['id']}/table-schema").json()["table_schema"]))
    with working(server, "validations.checking.child") as work:
        answer = client.post(f"/datasets/{dataset}/validations", json={"rule_set": kept["id"]})
        if answer.is_error:
            sys.exit(f"the validation was refused: {answer.text}")
        job = finished(client, answer.json()["id"])
    if job["status"] != "completed":
        sys.exit(f"the validation failed: {job['problem']}")
    found, counts = job["result"], sum(issue["count"] for issue in job["result"]["issues"])
    print(f"\n{found['rows']:,} rows by {len(RULES)} rules{'s':>14}{'CPU s':>9}{'child MB':>10}{'found':>13}")
    print(f"{'Headway':<30}{work.wall:>10.1f}{work.cpu:>9.1f}{work.child_mb:>10.0f}{counts:>13,}")
    return Cost(work.wall, work.cpu)


def peer(program: str, *files: Path, share: float = 1.0) -> tuple[Cost, int]:
    """Return what a peer took for all rows, and how many faults it found in those that it was given."""
    done = subprocess.run(
        [str(part) for part in (peers_python(), "-c", MEASURED + program, *files)], check=True, stdout=subprocess.PIPE
    )
    said = json.loads(done.stdout)
    return Cost(said["wall"] / share, said["cpu"] / share, share), round(said["found"] / share)


def say_peer(name: str, ours: Cost, cost: Cost, found: int) -> None:
    scaled = f" ({cost.share:.0%} of the rows)" if cost.share < 1 else ""
    print(f"{name + scaled:<30}{cost.wall:>10.1f}{cost.cpu:>9.1f}{'':>10}{found:>13,}")
    print(f"{name}'s time in ours: {cost.wall / ours.wall:.1f}, its CPU in ours: {cost.cpu / ours.cpu:.1f}")
