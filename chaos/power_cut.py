"""Cuts the power under the running product, some hundred times, and starts it again on what the disk still has.

The cut is a photograph: while uploads come in, the disk's durable state is copied between two of its writes, without
what its cache had not flushed. Whatever was acknowledged before the photograph must be in it, byte for byte, and end
in exactly one dataset.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from chaos.crash_checks import Promise, Remains
from chaos.crash_zygote import Lane
from chaos.disks import PowerDisk, developed, power_disk
from chaos.experiment import Options, Outcome
from tests.support.product import ended, running_server

MOST_PHOTOS, LEAST_PHOTOS = 100, 5
SECONDS_A_PHOTO = 4
"""What one photograph costs with its checks, on two slow cores."""

PHOTOS_A_ROUND = 10
"""A round is one disk and one start of the product; a disk with less on it is looked at sooner."""

WHOLE_PRODUCT_SECONDS = 60
"""From this time on the whole product is started on one photograph of each round, not only its services."""

MEGABYTES = 256
UPLOADERS = 3
LEAST_ROWS, MOST_ROWS = 5, 5000
LONGEST_PAUSE_SECONDS = 0.5
LEAST_GAP_SECONDS, MOST_GAP_SECONDS = 0.2, 0.8
"""Between two photographs."""

LANES = 2


@dataclass
class _Users:
    """What the uploaders have sent and were promised; a list only grows, so its copy is a state of it."""

    sent: list[str] = field(default_factory=list)
    """SHA-256 of every file, from before its first byte is sent."""
    promised: list[Promise] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class _Photo:
    """A photograph, and what had been promised before it was begun."""

    path: Path
    promised: list[Promise]


def run(options: Options) -> Outcome:
    """Take as many photographs as fit into `options.seconds`, 5 to 100. The database is SQLite, the store a folder."""
    outcome = Outcome(figures={"photographs": 0, "promises looked up": 0, "promises lost": 0})
    total = min(MOST_PHOTOS, max(LEAST_PHOTOS, int(options.seconds / SECONDS_A_PHOTO)))
    began = time.monotonic()
    lanes = [Lane(options.folder / f"lane-{number}", options.planted) for number in range(LANES)]
    answers: Counter[str] = Counter()
    try:
        for number, start in enumerate(range(0, total, PHOTOS_A_ROUND)):
            folder = options.folder / f"round-{number}"
            count = min(PHOTOS_A_ROUND, total - start)
            users, photos = _Users(), []
            with power_disk(folder, MEGABYTES) as disk:
                photos = _take(options, number, disk, users, count)
            answers += users.answers
            _examine_all(options, lanes, photos, users, outcome)
    finally:
        for lane in lanes:
            lane.close()
    outcome.figures |= {f"answer {kind}": count for kind, count in sorted(answers.items())}
    outcome.figures["seconds"] = round(time.monotonic() - began, 1)
    outcome.expect(bool(outcome.figures["promises looked up"]), "not one upload was acknowledged before a photograph")
    return outcome


# ------------------------------------------------------------------------------------------------- before the cut


def _take(options: Options, number: int, disk: PowerDisk, users: _Users, count: int) -> list[_Photo]:
    """Run the product on the disk, upload, and take photographs at random moments."""
    random = options.random(f"round {number}")
    photos: list[_Photo] = []
    with (
        running_server(disk.folder / "data", options.environment) as server,
        server.client() as client,
        _uploading(options, number, client, users),
    ):
        for place in range(count):
            # The power fails at any moment, whatever the product does then.
            time.sleep(random.uniform(LEAST_GAP_SECONDS, MOST_GAP_SECONDS))
            photo = _Photo(disk.folder.parent / f"photo-{place}", list(users.promised))
            disk.photograph(photo.path, f"{options.seed}/{number}/{place}")
            photos.append(photo)
    return photos


@contextlib.contextmanager
def _uploading(options: Options, number: int, client: httpx.Client, users: _Users) -> Iterator[None]:
    threads = [
        threading.Thread(
            target=_upload, args=(options.random(f"uploader {number}/{place}"), client, users), daemon=True
        )
        for place in range(UPLOADERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        users.stop.set()
        for thread in threads:
            thread.join()


def _upload(random: Random, client: httpx.Client, users: _Users) -> None:
    while not users.stop.wait(random.uniform(0, LONGEST_PAUSE_SECONDS)):
        key = f"{random.getrandbits(96):024x}"
        rows = int(LEAST_ROWS * (MOST_ROWS / LEAST_ROWS) ** random.random())
        content = _table(key, rows)
        digest = hashlib.sha256(content).hexdigest()
        users.sent.append(digest)
        try:
            answer = client.post(
                "/imports", params={"filename": f"{key}.csv"}, content=content, headers={"Idempotency-Key": key}
            )
        except httpx.TransportError as error:
            users.answers[type(error).__name__] += 1
            continue
        users.answers[str(answer.status_code)] += 1
        if answer.status_code == 202:
            users.promised.append(Promise(answer.json()["id"], digest, rows))


def _table(key: str, rows: int) -> bytes:
    lines = "".join(f"{n},{key}-{n % 97},{n % 1000}.{n % 90 + 10}\n" for n in range(rows))
    return b"number,name,amount\n" + lines.encode()


# -------------------------------------------------------------------------------------------------- after the cut


def _examine_all(options: Options, lanes: list[Lane], photos: list[_Photo], users: _Users, outcome: Outcome) -> None:
    """Look at each photograph, as many at once as there are lanes."""

    def work(number: int) -> list[Outcome]:
        return [_examine(lanes[number], photo, users) for photo in photos[number::LANES]]

    if options.seconds >= WHOLE_PRODUCT_SECONDS:
        _examine_with_product(options, photos.pop(), outcome)
        outcome.figures["photographs"] = int(outcome.figures["photographs"]) + 1
    with ThreadPoolExecutor(LANES) as pool:
        for seen in [one for found in pool.map(work, range(LANES)) for one in found]:
            outcome.violations += seen.violations
            for name, figure in seen.figures.items():
                outcome.figures[name] = int(outcome.figures.get(name, 0)) + int(figure)


def _examine(lane: Lane, photo: _Photo, users: _Users) -> Outcome:
    """Start the product's services on a photograph, let them finish everything, and look up every promise."""
    where = f"{photo.path.parent.name}, {photo.path.name}"
    outcome = Outcome(figures={"photographs": 1, "promises looked up": len(photo.promised)})
    with developed(photo.path, photo.path.with_suffix(".mounted")) as disk:
        data = disk / "data"
        before = Remains(data, outcome, f"{where}, before the start")
        outcome.figures["half done at the cut"] = sum(
            row["status"] in {"pending", "running"} for row in before.tables["background_jobs"]
        )
        before.expect_nothing_torn(set(users.sent))
        recovered = lane.give("recover", data, migrate=True)
        outcome.expect(recovered.code == 0, f"{where}: the product could not be started: {lane.tail()[-300:]}")
        after = Remains(data, outcome, where)
        _look_up(photo, after, outcome)
        after.expect_nothing_half()
        after.expect_nothing_torn(set(users.sent))
    photo.path.unlink()
    return outcome


def _look_up(photo: _Photo, after: Remains, outcome: Outcome) -> None:
    lost = {promise.job: missing for promise in photo.promised if (missing := after.missing_of_finished(promise))}
    outcome.figures["promises lost"] = int(outcome.figures.get("promises lost", 0)) + len(lost)
    for job, missing in list(lost.items())[:3]:
        outcome.violations.append(f"{after.where}: promised job {job}: {missing} ({len(lost)} such promises)")


def _examine_with_product(options: Options, photo: _Photo, outcome: Outcome) -> None:
    """Start the whole product on a photograph, wait for every promised job, and look up every promise."""
    where = f"{photo.path.parent.name}, {photo.path.name}, whole product"
    with developed(photo.path, photo.path.with_suffix(".mounted")) as disk:
        with running_server(disk / "data", options.environment) as server, server.client() as client:
            for promise in photo.promised:
                try:
                    ended(client, promise.job)
                except (AssertionError, httpx.HTTPError) as error:
                    outcome.violations.append(f"{where}: promised job {promise.job}: {error}")
        _look_up(photo, Remains(disk / "data", outcome, where), outcome)
    outcome.figures["promises looked up"] = int(outcome.figures["promises looked up"]) + len(photo.promised)
    photo.path.unlink()
