"""Looks at a data folder that nobody has open: what was promised, what is there, and what is there only by half.

It reads tables and files by itself. What it is to judge must not also be what tells it how things stand.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chaos.experiment import Outcome

TABLES = ("background_jobs", "imports", "workflow_status", "datasets", "dataset_versions")
ACCEPTED_PROGRESS = 40


@dataclass(frozen=True)
class Promise:
    """An upload that was acknowledged: its job (as UUID text), and what its dataset must hold."""

    job: str
    sha256: str
    rows: int


class Remains:
    """What a stopped product left in its data folder."""

    def __init__(self, data: Path, outcome: Outcome, where: str) -> None:
        self._data = data
        self._outcome = outcome
        self.where = where
        self.tables = self._read()

    def expect(self, condition: bool, violation: str) -> None:
        self._outcome.expect(condition, f"{self.where}: {violation}")

    def _read(self) -> dict[str, list[sqlite3.Row]]:
        """Open the database as a restarted process would; an index or a page that is damaged is a violation."""
        with contextlib.closing(sqlite3.connect(self._data / "headway.db", timeout=30)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                health = connection.execute("PRAGMA integrity_check").fetchone()[0]
                found = {table: connection.execute(f"select * from {table}").fetchall() for table in TABLES}
            except sqlite3.DatabaseError as error:
                self.expect(False, f"the database cannot be read: {error}")
                return {table: [] for table in TABLES}
        self.expect(health == "ok", f"the database is damaged: {health}")
        return found

    def of_job(self, table: str, job: str, column: str = "job_id") -> list[sqlite3.Row]:
        plain = job.replace("-", "")
        return [row for row in self.tables[table] if row[column].replace("-", "").partition(".")[0] == plain]

    def accepted(self) -> list[str]:
        """Return the jobs, as 32 digits, of all uploads that became imports."""
        return [row["job_id"] for row in self.tables["imports"]]

    # -------------------------------------------------------------------------------------- after a crash

    def missing_of_accepted(self, promise: Promise) -> str:
        """Say what is missing of an upload that is accepted and was not worked on; nothing if it is all there."""
        if missing := self._missing_of_import(promise):
            return missing
        jobs = [(row["status"], row["stage"], row["progress"]) for row in self._job(promise)]
        if jobs != [("pending", None, ACCEPTED_PROGRESS)]:
            return f"its job is {jobs}"
        queued = [row["status"] for row in self.of_job("workflow_status", promise.job, "workflow_uuid")]
        return "" if queued == ["ENQUEUED"] else f"its place in the queue is {queued}"

    def _missing_of_import(self, promise: Promise) -> str:
        imports = self.of_job("imports", promise.job)
        if len(imports) != 1:
            return f"it has {len(imports)} import rows"
        found = digest(self._data / "objects" / imports[0]["original_key"])
        return "" if found == promise.sha256 else f"its original is {found[:12]} instead of {promise.sha256[:12]}"

    def _job(self, promise: Promise) -> list[sqlite3.Row]:
        return self.of_job("background_jobs", promise.job, "id")

    def expect_nothing_torn(self, originals: Collection[str]) -> None:
        """Objects under their final names are whole: originals with one of these digests, rows that can be read."""
        objects = self._data / "objects"
        torn = [path.name for path in (objects / "originals").glob("*") if digest(path) not in originals]
        torn += [str(path.relative_to(objects)) for path in (objects / "rows").rglob("*.parquet") if rows_in(path) < 0]
        self.expect(not torn, f"{len(torn)} objects are torn under their final names, such as {torn[:2]}")

    def expect_all_or_nothing_published(self, promise: Promise) -> bool:
        """A dataset is there with all that belongs to it, or not at all; return which."""
        job, versions = self._job(promise)[0], self.of_job("dataset_versions", promise.job)
        datasets = [row["id"] for row in self.tables["datasets"]]
        seen = (len(datasets), len(versions), job["status"] == "completed", job["progress"] == 100)
        linked = job["related_dataset_id"] == (datasets[0] if datasets else None)
        whole, nothing = seen == (1, 1, True, True), seen == (0, 0, False, False)
        self.expect((whole or nothing) and linked, f"half a publication: {seen}, linked to it: {linked}")
        return whole

    # ----------------------------------------------------------------------------------- after a recovery

    def missing_of_finished(self, promise: Promise) -> str:
        """Say what is missing of a promise after everything was worked on; nothing if it was kept exactly once."""
        if missing := self._missing_of_import(promise):
            return missing
        jobs = [(row["status"], row["progress"]) for row in self._job(promise)]
        if jobs != [("completed", 100)]:
            return f"its job is {jobs}: {[_problem(row) for row in self._job(promise)]}"
        versions = self.of_job("dataset_versions", promise.job)
        if len(versions) != 1:
            return f"it became {len(versions)} datasets"
        related, dataset = self._job(promise)[0]["related_dataset_id"], versions[0]["dataset_id"]
        known = {row["id"] for row in self.tables["datasets"]}
        if related != dataset or dataset not in known:
            return f"its job leads to {related}, its rows are those of {dataset}"
        found = rows_in(self._data / "objects" / versions[0]["rows_key"])
        return "" if found == versions[0]["rows"] == promise.rows else f"{found} of {promise.rows} rows can be read"

    def expect_nothing_half(self) -> None:
        """Every job has ended; what never became an import shows nothing but a failed upload."""
        accepted = set(self.accepted())
        strange = []
        for job in self.tables["background_jobs"]:
            seen = (job["status"], _problem(job).get("code"))
            wanted = ("completed", None) if job["id"] in accepted else ("failed", "upload.interrupted")
            strange += [(job["id"], *seen)] if seen != wanted else []
        self.expect(not strange, f"{len(strange)} jobs have not ended as they should, such as {strange[:2]}")
        published = {row["job_id"] for row in self.tables["dataset_versions"]}
        self.expect(published <= accepted, f"datasets of uploads that were never accepted: {published - accepted}")
        whole = {row["dataset_id"] for row in self.tables["dataset_versions"]}
        shown = {row["id"] for row in self.tables["datasets"]}
        self.expect(shown == whole, f"datasets without rows, or rows without dataset: {shown ^ whole}")


def _problem(job: sqlite3.Row) -> dict[str, Any]:
    found = json.loads(job["problem"]) if job["problem"] else None
    return found or {}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, or a word if there is none."""
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"


def rows_in(path: Path) -> int:
    """Return how many rows can really be read back, -1 if none can."""
    try:
        return int(pq.read_table(path).num_rows)
    except (OSError, pa.ArrowInvalid):
        return -1
