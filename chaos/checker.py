"""The checker: holds what clients were told against what is in the database and in the store when all is quiet."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa

from chaos.experiment import Outcome
from chaos.ledger import Ledger
from chaos.watchers import ENDED, open_database

MOST_TOLD = 5
"""Of one kind of violation; the ledger has all."""


class Checker:
    """Reads database and API once the product is quiet; notes every broken promise in the outcome."""

    def __init__(
        self,
        database_url: str,
        clients: dict[str, httpx.Client],
        ledger: Ledger,
        outcome: Outcome,
        meant_to_fail: frozenset[str],
    ) -> None:
        self._meant_to_fail = meant_to_fail
        self._engine = open_database(database_url)
        self._clients = clients
        self._outcome = outcome
        self._acknowledged = list(ledger.read("acknowledged"))
        self._ledger = ledger
        self._jobs = {_hex(job["id"]): job for job in self._rows("select * from background_jobs")}
        self._events = self._rows("select job_id, kind, at from job_events order by job_id, seq")
        self._versions = self._rows(
            "select v.*, d.user_id from dataset_versions v join datasets d on d.id = v.dataset_id"
        )

    def check(self) -> None:
        """Check everything."""
        self._outcome.figures["acknowledged"] = len(self._acknowledged)
        self._outcome.figures["datasets"] = len(self._versions)
        self._outcome.expect(bool(self._acknowledged), "not one upload was acknowledged")
        self._tell(fact["sentence"] for fact in self._ledger.read("violation"))
        self._tell(self._refusals())
        self._tell(self._lost())
        self._tell(self._duplicates())
        self._tell(self._failures())
        self._tell(self._half_done())
        self._tell(self._damaged())
        self._tell(self._seen_by_strangers())
        self._engine.dispose()

    def _tell(self, sentences: Iterable[str]) -> None:
        told = list(sentences)
        self._outcome.violations += told[:MOST_TOLD]
        if len(told) > MOST_TOLD:
            self._outcome.violations.append(f"… and {len(told) - MOST_TOLD} more of that kind")

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.text(statement)).mappings()]

    # ------------------------------------------------------------------ one question each

    def _refusals(self) -> Iterable[str]:
        for fact in self._ledger.read("refused"):
            if fact["status"] >= 500 and fact["status"] not in {503, 507}:
                yield f"upload {fact['key']} was answered {fact['status']}: {fact['body'][:200]}"

    def _lost(self) -> Iterable[str]:
        by_job = {_hex(version["job_id"]): version for version in self._versions}
        for fact in self._acknowledged:
            job, version = self._jobs.get(fact["job"]), by_job.get(fact["job"])
            if job is None:
                yield f"acknowledged job {fact['job']} does not exist"
            elif job["status"] != "completed":
                yield f"acknowledged job {fact['job']} is {job['status']} at {job['progress']} %: {job['error']}"
            elif version is None:
                yield f"acknowledged job {fact['job']} completed without a dataset"
            elif (version["sha256"], version["rows"]) != (fact["sha256"], fact["rows"]):
                yield f"the dataset of job {fact['job']} has other bytes, or {version['rows']} of {fact['rows']} rows"

    def _duplicates(self) -> Iterable[str]:
        made = Counter((version["user_id"], version["sha256"]) for version in self._versions)
        for (_user, sha256), count in made.items():
            if count > 1:
                yield f"{count} datasets were made of the one file {sha256[:12]}…"
        sent = {fact["sha256"] for fact in self._ledger.read("sent")}
        for version in self._versions:
            if version["sha256"] not in sent:
                yield f"dataset {version['dataset_id']} comes from a file that nobody sent"

    def _failures(self) -> Iterable[str]:
        """An upload that was never accepted may fail, with its reason; the client repeats it under its key."""
        acknowledged = {fact["job"] for fact in self._acknowledged}
        for job_id, job in self._jobs.items():
            never_accepted = job["delivery"] == 0 and job_id not in acknowledged and job["problem"] is not None
            if job["status"] == "failed" and job_id not in self._meant_to_fail and not never_accepted:
                events = [f"{event['kind']} {event['at']}" for event in self._events if _hex(event["job_id"]) == job_id]
                yield f"job {job_id} failed and was not meant to: {str(job['problem'])[:200]} ({', '.join(events)})"
            if job["status"] == "cancelled":
                yield f"job {job_id} is cancelled, and nobody cancelled it"

    def _half_done(self) -> Iterable[str]:
        for job_id, job in self._jobs.items():
            if job["status"] not in ENDED:
                yield f"job {job_id} is still {job['status']} ({job['stage']}, attempt {job['attempt']})"
            if job["status"] == "completed" and (job["progress"] != 100 or job["related_dataset_id"] is None):
                yield f"job {job_id} completed with {job['progress']} % and dataset {job['related_dataset_id']}"
            if job["status"] != "completed" and job["related_dataset_id"] is not None:
                yield f"job {job_id} is {job['status']} and has a dataset"

    def _damaged(self) -> Iterable[str]:
        """Read every original and count every dataset's rows through the API, as its owner would."""
        for version in self._versions:
            client, dataset_id = self._clients[version["user_id"]], UUID(str(version["dataset_id"]))
            original = client.get(f"/datasets/{dataset_id}/original")
            if hashlib.sha256(original.content).hexdigest() != version["sha256"]:
                yield f"the original of dataset {dataset_id} does not come back ({original.status_code})"
            rows = client.get(f"/datasets/{dataset_id}/rows", params={"limit": 1})
            if rows.status_code != 200 or rows.json()["total"] != version["rows"]:
                yield f"the rows of dataset {dataset_id} do not come back: {rows.status_code} {rows.text[:100]}"

    def _seen_by_strangers(self) -> Iterable[str]:
        """Ask for one job and one dataset of every user with everybody else's token."""
        jobs = {job["user_id"]: f"/jobs/{UUID(job_id)}" for job_id, job in self._jobs.items()}
        datasets = {one["user_id"]: f"/datasets/{UUID(str(one['dataset_id']))}" for one in self._versions}
        for owner, path in [*jobs.items(), *datasets.items()]:
            for stranger, client in self._clients.items():
                if stranger != owner and (status := client.get(path).status_code) != 404:
                    yield f"a stranger was answered {status} for {path}"


def _hex(value: Any) -> str:
    return UUID(str(value)).hex
