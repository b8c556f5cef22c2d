"""The product on an object store that is slow, silent, cut off and back again every few seconds."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from urllib.parse import urlsplit

import httpx

from chaos.experiment import Options, Outcome
from chaos.load import Answers, Upload, expect_same_processes, main_pids, probing, upload_until_acknowledged
from chaos.proxy import CLEAN, Kind, Mode, Proxy, running_proxy
from chaos.watchers import ENDED
from tests.support.product import Server, running_server, wait_for
from tests.support.seaweed import running_seaweed

UPLOADERS = 3
LEAST_BYTES, MOST_BYTES = 100_000, 12_000_000
LEAST_MODE_SECONDS, MOST_MODE_SECONDS = 2.0, 5.0
LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.5, 2.5
"""Between two uploads of one uploader: what is waited for is the store, not two cores that parse."""

ACCEPT_SECONDS = 60
"""An upload that was refused meanwhile is accepted so soon once the store is back."""

DRAIN_SECONDS = 90


@dataclass
class _Users:
    """What the uploaders know; each adds to it under the lock of the interpreter."""

    answers: Answers = field(default_factory=Answers)
    acknowledged: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the file by the job that was promised for it."""
    refused: list[str] = field(default_factory=list)


def run(options: Options) -> Outcome:
    """Upload through `options.seconds` of faults, then see whether every promise was kept. The database is SQLite."""
    outcome = Outcome()
    with running_seaweed(options.folder / "seaweed") as seaweed:
        target = urlsplit(seaweed.endpoint)
        host, port = str(target.hostname), int(target.port or 0)
        with running_proxy(host, port, options.random("proxy")) as proxy:
            environment = {
                **options.environment,
                **seaweed.environment,
                "HEADWAY_STORAGE_URL": f"s3://{seaweed.bucket}/slow?endpoint={proxy.url}&region=us-east-1",
            }
            with running_server(options.folder / "data", environment) as server:
                users, pids = _Users(), main_pids(server)
                with server.client() as client, probing(client) as probes:
                    outcome.figures |= _disturb(options, server, proxy, users)
                outcome.figures["connections to the store"] = proxy.connections
                expect_same_processes(server, pids, outcome)
                probes.judge(outcome)
                _judge_answers(users, outcome)
                with server.client() as client:
                    _judge_jobs(client, users.acknowledged, outcome)
                    _judge_datasets(client, users.acknowledged, outcome)
    return outcome


def _disturb(options: Options, server: Server, proxy: Proxy, users: _Users) -> dict[str, int]:
    """Change the mode at random while the users work, then let them finish; return how often each mode came."""
    random = options.random("modes")
    stop_at = time.monotonic() + options.seconds
    threads = [
        threading.Thread(target=_use, args=(options, number, server, users, stop_at), daemon=True)
        for number in range(UPLOADERS)
    ]
    for thread in threads:
        thread.start()
    seen: Counter[str] = Counter()
    kinds: list[Kind] = []
    while (left := stop_at - time.monotonic()) > 0:
        # Each kind once in every round, in random order, so that a short run meets them all.
        kinds = kinds or random.sample(list(Kind), len(Kind))
        proxy.mode = Mode(kinds.pop())
        seen[f"mode {proxy.mode.kind}"] += 1
        # The experiment itself: so long the store is like this.
        time.sleep(min(left, random.uniform(LEAST_MODE_SECONDS, MOST_MODE_SECONDS)))
    proxy.mode = CLEAN
    for thread in threads:
        thread.join()
    return dict(seen)


def _use(options: Options, number: int, server: Server, users: _Users, stop_at: float) -> None:
    random = options.random(f"uploader {number}")
    with server.client() as client:
        while time.monotonic() < stop_at:
            upload = _csv_upload(random, LEAST_BYTES, MOST_BYTES)
            job_id = upload_until_acknowledged(
                client, upload, users.answers, lambda: time.monotonic() < stop_at + ACCEPT_SECONDS
            )
            if job_id is None:
                users.refused.append(upload.key)
            else:
                users.acknowledged[job_id] = upload.sha256
            time.sleep(random.uniform(LEAST_PAUSE_SECONDS, MOST_PAUSE_SECONDS))  # the pace of the load


def _csv_upload(random: Random, least_bytes: int, most_bytes: int) -> Upload:
    """Return a CSV file unlike any other; small sizes are as likely as large ones."""
    key = f"{random.getrandbits(96):024x}"
    size = int(least_bytes * (most_bytes / least_bytes) ** random.random())
    rows = "".join(f"{n},{key}-{n % 97},{n % 1000}.{n % 90 + 10},2024-{n % 12 + 1:02d}-01\n" for n in range(1000))
    return Upload(key, b"number,name,amount,day\n" + rows.encode() * (size // len(rows) + 1))


# -------------------------------------------------------------------------- checking


def _judge_answers(users: _Users, outcome: Outcome) -> None:
    outcome.figures["acknowledged"] = len(users.acknowledged)
    outcome.figures |= {f"answer {kind}": count for kind, count in sorted(users.answers.kinds.items())}
    outcome.expect(bool(users.acknowledged), "not one upload was acknowledged")
    for kind, count in users.answers.forbidden.items():
        outcome.violations.append(f"{count} uploads were answered {kind}")
    for key in users.refused:
        outcome.violations.append(f"upload {key} was refused for {ACCEPT_SECONDS} s after the store was back")


def _judge_jobs(client: httpx.Client, acknowledged: dict[str, str], outcome: Outcome) -> None:
    """Wait for the promised jobs; each must complete."""
    began = time.monotonic()
    waiting = set(acknowledged)
    endings: Counter[str] = Counter()

    def all_have_ended() -> bool:
        for job_id in sorted(waiting):
            job = client.get(f"/jobs/{job_id}").raise_for_status().json()
            if job["status"] in ENDED:
                waiting.discard(job_id)
                endings[job["status"]] += 1
                if job["status"] != "completed":
                    outcome.violations.append(f"promised job {job_id} {job['status']}: {job['problem']}")
        return not waiting

    wait_for(all_have_ended, DRAIN_SECONDS, every=0.1)
    outcome.figures["drained after s"] = round(time.monotonic() - began, 1)
    outcome.figures |= {f"jobs {status}": count for status, count in endings.items()}
    for job_id in sorted(waiting):
        job = client.get(f"/jobs/{job_id}").raise_for_status().json()
        outcome.violations.append(
            f"promised job {job_id} is {job['phase']} at {job['progress']} % (attempt {job['attempt']}, "
            f"{job['message']}) {DRAIN_SECONDS} s after the store was back"
        )


def _judge_datasets(client: httpx.Client, acknowledged: dict[str, str], outcome: Outcome) -> None:
    """Every promised file is one dataset, and comes back as it was."""
    datasets = _all_datasets(client)
    made = Counter(digest for digest in datasets.values())
    for job_id, digest in acknowledged.items():
        outcome.expect(made[digest] == 1, f"the file of promised job {job_id} became {made[digest]} datasets")
    outcome.figures["datasets"] = len(datasets)
    damaged = [key for key, digest in datasets.items() if _digest_of_original(client, key) != digest]
    outcome.expect(not damaged, f"originals that do not come back as they were: {damaged}")
    strange = set(made) - set(acknowledged.values())
    outcome.expect(not strange, f"{len(strange)} datasets come from files whose upload was never acknowledged")


def _all_datasets(client: httpx.Client) -> dict[str, str]:
    """Return the SHA-256 of the original by the id of its dataset."""
    found: dict[str, str] = {}
    cursor = None
    while True:
        page = client.get("/datasets", params={"limit": 100, **({"cursor": cursor} if cursor else {})})
        body = page.raise_for_status().json()
        found |= {item["id"]: item["source"]["sha256"] for item in body["items"]}
        cursor = body["next_cursor"]
        if cursor is None:
            return found


def _digest_of_original(client: httpx.Client, dataset_id: str) -> str:
    digest = hashlib.sha256()
    with client.stream("GET", f"/datasets/{dataset_id}/original") as answer:
        if answer.status_code != 200:
            return f"status {answer.status_code}"
        for chunk in answer.iter_bytes():
            digest.update(chunk)
    return digest.hexdigest()
