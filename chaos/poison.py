"""A file whose parser dies every time: the job must end with a reason, and soon, while other files go on."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from contextlib import suppress
from uuid import UUID

from chaos.arena import running_arena
from chaos.experiment import Options, Outcome
from chaos.kill_storm import job_of
from chaos.long_job import long_file
from tests.support.product import until

MOST_KILLS = 40
END_SECONDS = 60


def run(options: Options) -> Outcome:
    """Kill whoever parses the one file, until its job ends or has cost far too many."""
    outcome = Outcome()
    with running_arena(options) as arena:
        client = next(iter(arena.clients.values()))
        name, content = long_file(options.random("poison"))
        arena.ledger.record("sent", sha256=hashlib.sha256(content).hexdigest())
        answer = client.post("/imports", params={"filename": name}, content=content, timeout=60).raise_for_status()
        job_id = str(answer.json()["id"])
        its = UUID(job_id).hex
        kills, job = 0, answer.json()
        end = time.monotonic() + END_SECONDS
        while job["status"] == "running" and kills < MOST_KILLS and time.monotonic() < end:
            # Who has not seen the file yet proves nothing against it.
            guilty = [pid for pid in arena.product.pids("child") if job_of(pid, arena.product.data_dir, [its]) == its]
            for pid in guilty:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    kills += 1
            job = client.get(f"/jobs/{job_id}").raise_for_status().json()
        outcome.figures |= {"children killed": kills, "ended as": str((job["problem"] or {}).get("code"))}
        outcome.expect(
            (job["problem"] or {}).get("code") == "parse.crashed",
            f"a file that killed {kills} children is {job['status']} ({job['phase']}) and not ended as parse.crashed",
        )
        with arena.uploading():
            until(lambda: list(arena.ledger.read("acknowledged")))
        arena.judge(outcome, frozenset({its}))
    return outcome
