"""Fills the disk under the running product: all of it, then the store's, the database's and the worker's spool alone.

While it is full, uploads are refused with a reason or wait, reading goes on, and nothing accepted is lost or failed.
Once there is room again everything that waited is done and uploads work, without a restart.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import httpx

from chaos.disks import small_disk
from chaos.experiment import Options, Outcome
from chaos.load import Upload, expect_same_processes, main_pids, percentile, probing
from tests.support.product import ADMIN, PASSWORD, Server, ended, running_server, wait_for

EVERY_CASE_SECONDS = 60
"""From this time on each part's own disk is filled, too."""

BALLAST_MB = 35
"""Room that is given back; more than everything takes that was accepted and is still to be worked on."""

LEAST_BYTES, FIRST_BYTES, MOST_BYTES = 2_000, 50_000, 3_000_000
PIECE_BYTES = 64 * 1024
SHARE_FULL, MOST_FULL_SECONDS = 0.12, 4.0
"""How long the disk stays full: a share of the run, up to so long. A job waits for room twice as long as it waited."""

BACK_SECONDS = 5.0
"""An upload is accepted so soon after there is room again."""

DRAIN_SECONDS = 75
"""A job that has waited for long looks for room every 30 s."""

AGAIN_SECONDS = 45
"""An upload whose end could not be written keeps its key for the 30 s of its lease."""

UPLOAD_EVERY_SECONDS = 0.25
"""Each try is an upload; more of them would be load and not a look."""

MOST_REPEATED = 3
MOST_FILLING = 200


@dataclass(frozen=True)
class Case:
    """What is on the small disk: `mount` is where it goes below the experiment's folder, the rest is on a large one."""

    name: str
    mount: str
    megabytes: int
    database: str = ""
    takes_uploads: bool = False
    """Whether it is uploads that fill it."""
    accepts: bool = False
    """Whether uploads are still accepted while it is full, to be worked on later."""


CASES = (
    Case("everything", "data", 60, takes_uploads=True),
    Case("store", "data/objects", 50, takes_uploads=True),
    Case("database", "database", 24, database="database/headway.db"),
    Case("spool", "data/spool", 4, accepts=True),
)


@dataclass
class _Seen:
    """What the users of one case saw."""

    accepted: dict[str, str] = field(default_factory=dict)
    """SHA-256 of the file by its promised job."""
    refused: list[Upload] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    reads: list[float] = field(default_factory=list)
    """Seconds that each read took."""


def run(options: Options) -> Outcome:
    """Fill the whole disk and, with `options.seconds` enough, each part's. The database is SQLite, the store a folder."""
    outcome = Outcome()
    for case in CASES if options.seconds >= EVERY_CASE_SECONDS else CASES[:1]:
        seen = Outcome()
        _fill_and_free(options, case, seen)
        outcome.figures |= {f"{case.name}: {name}": figure for name, figure in seen.figures.items()}
        outcome.violations += [f"{case.name}: {violation}" for violation in seen.violations]
    return outcome


def _fill_and_free(options: Options, case: Case, outcome: Outcome) -> None:
    folder = options.folder / f"disk-full-{case.name}"
    random, seen = options.random(case.name), _Seen()
    environment = dict(options.environment)
    if case.database:
        environment["DATABASE_URL"] = f"sqlite:///{folder / case.database}"
    with small_disk(folder / case.mount, case.megabytes) as disk:
        ballast = disk / "ballast"
        if not case.accepts:
            ballast.write_bytes(bytes(min(BALLAST_MB, case.megabytes // 2) * 1024 * 1024))
        with running_server(folder / "data", environment) as server, server.client() as client:
            pids = main_pids(server)
            first = _first_dataset(client, random, seen, outcome)
            # The first look at rows loads a library; that is not what a full disk does.
            _read_everything(client, first, seen, outcome)
            _fill(client, case, random, seen, disk)
            with probing(client) as probes:
                _use_while_full(
                    client, first, random, seen, outcome, min(MOST_FULL_SECONDS, SHARE_FULL * options.seconds)
                )
            _expect_sign_in(server, outcome)
            ballast.unlink(missing_ok=True)
            (disk / "filler").unlink()
            probes.judge(outcome)
            _judge_answers(case, seen, outcome)
            _judge_return(client, random, seen, outcome)
            _judge_promises(client, seen, outcome)
            expect_same_processes(server, pids, outcome)
        left = [path.name for path in (folder / "data" / "objects" / ".arriving").glob("*")]
        outcome.expect(not left, f"{len(left)} files of refused uploads are left")


def _first_dataset(client: httpx.Client, random: Random, seen: _Seen, outcome: Outcome) -> str:
    """Import one file while there is room; return its dataset, which is read all the time."""
    _send(client, _upload(random, FIRST_BYTES), seen)
    job = ended(client, next(iter(seen.accepted)))
    outcome.expect(job["status"] == "completed", f"the first import, with room, {job['status']}: {job['problem']}")
    return str(job["related_dataset_id"])


# ------------------------------------------------------------------------------------------------------ while full


def _fill(client: httpx.Client, case: Case, random: Random, seen: _Seen, disk: Path) -> None:
    """Upload until there is a refusal, where uploads fill the disk; then take what is left of it."""
    if case.takes_uploads:
        for _ in range(MOST_FILLING):
            if _send(client, _upload(random, MOST_BYTES), seen, declared=False) != 202:
                break
    with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        block = bytes(1024 * 1024)
        while True:
            # A full disk takes a part of a block, then nothing.
            filler.write(block)


def _use_while_full(
    client: httpx.Client, dataset: str, random: Random, seen: _Seen, outcome: Outcome, seconds: float
) -> None:
    """Upload files of all sizes, with and without a declared length, and read."""
    end = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < end:
        size = int(LEAST_BYTES * (MOST_BYTES / LEAST_BYTES) ** random.random())
        _send(client, _upload(random, size), seen, declared=rounds % 2 == 0)
        _read_everything(client, dataset, seen, outcome)
        rounds += 1
    outcome.figures["rounds while full"] = rounds


def _expect_sign_in(server: Server, outcome: Outcome) -> None:
    for email, wanted in ((ADMIN, 200), ("nobody@example.org", 401)):
        form = {"username": email, "password": PASSWORD}
        status = httpx.post(f"{server.url}/api/v2/auth/token", data=form, timeout=30, trust_env=False).status_code
        outcome.expect(status == wanted, f"{email} was answered {status} at the sign-in while it was full")


def _read_everything(client: httpx.Client, dataset: str, seen: _Seen, outcome: Outcome) -> None:
    """Ask for everything that can be read of the first dataset, and compare its original."""
    for path in ("/datasets", f"/datasets/{dataset}", f"/datasets/{dataset}/rows", "/jobs", "/jobs/active", "/limits"):
        began = time.monotonic()
        status = client.get(path).status_code
        seen.reads.append(time.monotonic() - began)
        outcome.expect(status == 200, f"GET {path.replace(dataset, '{id}')} was answered {status} while it was full")
    original = Upload("", client.get(f"/datasets/{dataset}/original").content)
    outcome.expect(
        original.sha256 == next(iter(seen.accepted.values())),
        "an original did not come back as it was while it was full",
    )


def _upload(random: Random, size: int) -> Upload:
    """Return a CSV file unlike any other, of about this many bytes."""
    key = f"{random.getrandbits(96):024x}"
    rows = "".join(f"{n},{key}-{n % 97},{n % 1000}.{n % 90 + 10},2024-{n % 12 + 1:02d}-01\n" for n in range(100))
    return Upload(key, b"number,name,amount,day\n" + rows.encode() * (size // len(rows) + 1))


def _send(client: httpx.Client, upload: Upload, seen: _Seen, *, declared: bool = True) -> int:
    """Upload once, note the answer and return its status; 0 if there was none.

    An upload that does not declare its length can only be refused in the middle, by the disk itself.
    """
    try:
        answer = client.post(
            "/imports",
            params={"filename": f"{upload.key}.csv"},
            content=upload.content if declared else _pieces(upload.content),
            headers={"Idempotency-Key": upload.key},
        )
    except httpx.TransportError as error:
        seen.answers[type(error).__name__] += 1
        return 0
    if answer.status_code == 202:
        seen.accepted[answer.json()["id"]] = upload.sha256
    else:
        seen.refused.append(upload)
    seen.answers[_kind(answer)] += 1
    return answer.status_code


def _pieces(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), PIECE_BYTES):
        yield content[start : start + PIECE_BYTES]


def _is_accepted(client: httpx.Client, upload: Upload, seen: _Seen) -> bool:
    return _send(client, upload, seen) == 202


def _kind(answer: httpx.Response) -> str:
    """Return the status and what follows from it: the code of a problem, or what a problem lacks."""
    if answer.status_code == 202:
        return "202"
    if answer.headers.get("content-type") != "application/problem+json":
        return f"{answer.status_code} that is no problem"
    if answer.status_code == 503 and "retry-after" not in answer.headers:
        return "503 without Retry-After"
    return f"{answer.status_code} {answer.json()['code']}"


# ------------------------------------------------------------------------------------------------------ afterwards


def _judge_answers(case: Case, seen: _Seen, outcome: Outcome) -> None:
    allowed = ("202", "507 ", "503 database.", "503 store.")
    outcome.figures |= {f"answer {kind}": count for kind, count in sorted(seen.answers.items())}
    for kind, count in seen.answers.items():
        outcome.expect(kind.startswith(allowed), f"{count} uploads were answered {kind}")
    outcome.expect(bool(seen.refused) != case.accepts, f"{len(seen.refused)} uploads were refused")
    outcome.figures["reads while full"] = len(seen.reads)
    outcome.figures["read p50 ms"] = round(percentile(seen.reads, 50) * 1000, 1)


def _judge_return(client: httpx.Client, random: Random, seen: _Seen, outcome: Outcome) -> None:
    """A new upload is accepted soon; one that was refused is accepted under its old key."""
    refused = seen.refused[-MOST_REPEATED:]
    with _timed("accepts again after s", outcome):
        back = wait_for(
            lambda: _is_accepted(client, _upload(random, LEAST_BYTES), seen), BACK_SECONDS, every=UPLOAD_EVERY_SECONDS
        )
    outcome.expect(bool(back), f"{BACK_SECONDS:.0f} s after there was room no upload was accepted")
    with _timed("accepts refused keys again after s", outcome):
        for upload in refused:
            again = wait_for(partial(_is_accepted, client, upload, seen), AGAIN_SECONDS, every=UPLOAD_EVERY_SECONDS)
            outcome.expect(bool(again), f"a refused upload could not be sent again: {seen.answers}")


def _judge_promises(client: httpx.Client, seen: _Seen, outcome: Outcome) -> None:
    """Every accepted upload ends in one dataset, and its original comes back as it was."""
    endings: Counter[str] = Counter()
    with _timed("drained after s", outcome):
        deadline = time.monotonic() + DRAIN_SECONDS
        for job_id, digest in seen.accepted.items():
            try:
                job = ended(client, job_id, max(0.1, deadline - time.monotonic()))
            except AssertionError:
                job = client.get(f"/jobs/{job_id}").json()
            endings[job["status"]] += 1
            if job["status"] != "completed":
                outcome.violations.append(
                    f"promised job {job_id} is {job['status']}, {job['message']}: {job['problem']}"
                )
                continue
            original = Upload("", client.get(f"/datasets/{job['related_dataset_id']}/original").content)
            outcome.expect(original.sha256 == digest, f"the original of promised job {job_id} is damaged")
    outcome.figures |= {f"jobs {status}": count for status, count in endings.items()}


@contextlib.contextmanager
def _timed(name: str, outcome: Outcome) -> Iterator[None]:
    began = time.monotonic()
    yield
    outcome.figures[name] = round(time.monotonic() - began, 1)
