"""Kills accept and publish at every system call that changes anything, and looks at what is left each time.

After each crash the product is started again on what is left, as it would be: an acknowledged upload must end in
exactly one dataset with the right rows; any other must show nothing, and sent again with its key must succeed.
"""

from __future__ import annotations

import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from chaos.crash_acts import CONTENT, ROWS
from chaos.crash_checks import Promise, Remains
from chaos.crash_tracer import can_trace
from chaos.crash_zygote import Ended, Lane
from chaos.experiment import CannotRunHere, Options, Outcome

LANES = 2
"""How many crashes are made at once, each by a zygote of its own."""

FULL_SECONDS = 120
"""From this time on every point is tried, however long that takes; below it a spread sample that fits."""

LEAST_TRIED = 8
"""Points of each act that are tried even when the machine is so busy that no time is left."""

SHA256 = sha256(CONTENT).hexdigest()


@dataclass(frozen=True)
class Crash:
    """What one crash showed. `killed`: it was killed at its point; `done`: what it was to do is there."""

    killed: bool
    told: bool
    done: bool


@dataclass
class Subject:
    """An act, and everything that a crash of it needs."""

    act: str
    folder: Path
    template: Path
    order: dict[str, str]
    outcome: Outcome
    deadline: float
    """By `time.monotonic`; no crash is begun after it, apart from the first few."""

    def uncrashed(self, lane: Lane) -> int:
        """Let the act run through and be checked like a crashed one; return how many points it has."""
        calls, _ = self._run(lane, None)
        return len(calls)

    def crash(self, lane: Lane, kill_at: int) -> Crash:
        """Kill at one point, check, recover, check."""
        return self._run(lane, kill_at)[1]

    def _run(self, lane: Lane, kill_at: int | None) -> tuple[list[str], Crash]:
        data = Path(shutil.copytree(self.template, self.folder / f"{self.act}-{kill_at or 0}"))
        ended = lane.give(self.act, data, kill_at=kill_at, **self.order)
        where = f"{self.act}, call {kill_at} ({ended.calls[-1]})" if kill_at else f"{self.act}, not killed"
        killed = ended.code == -signal.SIGKILL and len(ended.calls) == kill_at
        outcome = Outcome()
        # With threads the number of calls differs by a few from run to run, so the last point may not be reached.
        outcome.expect(killed or ended.code == 0, f"{where}: it ended with {ended.code}, see {lane.log}")
        outcome.expect(killed or bool(ended.told), f"{where}: it ended without an answer")
        examine = self._examine_accept if self.act == "accept" else self._examine_publish
        done = examine(lane, data, ended, outcome, where)
        if not outcome.violations:
            shutil.rmtree(data)
        self.outcome.violations += outcome.violations
        return ended.calls, Crash(killed, bool(ended.told), done)

    def _examine_accept(self, lane: Lane, data: Path, ended: Ended, outcome: Outcome, where: str) -> bool:
        """Check what a killed accept left; then the client asks again with its key, and a worker works."""
        left = Remains(data, outcome, where)
        accepted = [str(UUID(job)) for job in left.accepted()]
        left.expect(not ended.told or accepted == [ended.told], f"the client was told {ended.told}, not {accepted}")
        for job in accepted:
            missing = left.missing_of_accepted(Promise(job, SHA256, ROWS))
            left.expect(not missing, f"an upload is accepted, but {missing}")
        if not accepted:
            stages = {(row["status"], row["stage"]) for row in left.tables["background_jobs"]}
            left.expect(stages <= {("pending", "upload")}, f"nothing was accepted, but a job is {stages}")
            left.expect(not left.tables["workflow_status"], "a job is in the queue that was never accepted")
        left.expect_nothing_torn({SHA256})
        answer = self._recover(lane, data, outcome, where, repeat=True)
        if answer is not None:
            job = answer.split()[0]
            outcome.expect(not accepted or accepted == [job], f"{where}: the repeat got job {job}, not {accepted}")
            self._expect_settled(data, job, outcome, where)
        return bool(accepted)

    def _examine_publish(self, lane: Lane, data: Path, ended: Ended, outcome: Outcome, where: str) -> bool:
        """Check what a killed worker left; then the next worker takes over."""
        left = Remains(data, outcome, where)
        whole = left.expect_all_or_nothing_published(Promise(self.order["job"], SHA256, ROWS))
        left.expect(whole or not ended.told, "the import was done, and its dataset is not there")
        left.expect_nothing_torn({SHA256})
        if self._recover(lane, data, outcome, where, repeat=False) is not None:
            self._expect_settled(data, self.order["job"], outcome, where)
        return whole

    def _recover(self, lane: Lane, data: Path, outcome: Outcome, where: str, *, repeat: bool) -> str | None:
        ended = lane.give("recover", data, parsed=self.order["parsed"], repeat=repeat)
        outcome.expect(ended.code == 0, f"{where}: the product started again ended with {ended.code}, see {lane.log}")
        return ended.told if ended.code == 0 else None

    def _expect_settled(self, data: Path, job: str, outcome: Outcome, where: str) -> None:
        after = Remains(data, outcome, f"{where}, after the next start")
        missing = after.missing_of_finished(Promise(job, SHA256, ROWS))
        after.expect(not missing, f"the promise was not kept: {missing}")
        count = len(after.tables["datasets"])
        after.expect(count == 1, f"one upload became {count} datasets")
        after.expect_nothing_half()
        after.expect_nothing_torn({SHA256})


def _prepare(folder: Path, lane: Lane, outcome: Outcome, deadline: float) -> list[Subject]:
    """Make what each act starts from: an empty data folder, and one with an accepted upload and its parsed rows."""
    empty, accepted, parsed = folder / "empty", folder / "accepted", folder / "parsed"
    lane.need("migrate", empty)
    lane.need("parse", empty, parsed=str(parsed))
    shutil.copytree(empty, accepted)
    order = {"parsed": str(parsed)}
    job = lane.need("accept", accepted).told
    half = (time.monotonic() + deadline) / 2
    return [
        Subject("accept", folder, empty, order, outcome, half),
        Subject("publish", folder, accepted, {**order, "job": job}, outcome, deadline),
    ]


def _crash_subject(subject: Subject, lanes: list[Lane], shift: float) -> None:
    """Try the points in an order in which any first part of them is spread, until all are tried or time is up."""
    total = subject.uncrashed(lanes[0])
    points = _spread(total, shift)

    def work(number: int) -> list[Crash]:
        crashes: list[Crash] = []
        for point in points[number::LANES]:
            if time.monotonic() > subject.deadline and len(crashes) * LANES >= LEAST_TRIED:
                break
            crashes.append(subject.crash(lanes[number], point))
        return crashes

    with ThreadPoolExecutor(LANES) as pool:
        crashes = [crash for found in pool.map(work, range(LANES)) for crash in found]
    act, figures = subject.act, subject.outcome.figures
    figures[f"{act}: points"] = total
    figures[f"{act}: tried"] = len(crashes)
    figures[f"{act}: killed there"] = sum(crash.killed for crash in crashes)
    figures[f"{act}: done, and nobody told"] = sum(crash.done and not crash.told for crash in crashes)
    subject.outcome.expect(any(crash.killed for crash in crashes), f"{act} was never killed")


def _spread(total: int, shift: float) -> list[int]:
    """Return 1..total so that each next one lies far from those before (steps of the golden ratio)."""
    places = sorted(range(total), key=lambda number: (shift + number * 0.6180339887498949) % 1)
    order = [0] * total
    for point, number in enumerate(places, start=1):
        order[number] = point
    return order


def run(options: Options) -> Outcome:
    """Try every point from `FULL_SECONDS` on, else as many as fit. The database is SQLite, the store a folder."""
    if not can_trace():
        raise CannotRunHere("cannot run here: the system calls are known for Linux on x86-64 only")
    outcome = Outcome()
    began = time.monotonic()
    deadline = float("inf") if options.seconds >= FULL_SECONDS else began + options.seconds
    folder = options.folder / "crash-points"
    folder.mkdir(parents=True)
    lanes = [Lane(folder / f"lane-{number}", options.planted) for number in range(LANES)]
    try:
        for subject in _prepare(folder, lanes[0], outcome, deadline):
            _crash_subject(subject, lanes, options.random(subject.act).random())
    finally:
        for lane in lanes:
            lane.close()
    points = sum(int(outcome.figures[f"{act}: points"]) for act in ("accept", "publish"))
    tried = sum(int(outcome.figures[f"{act}: tried"]) for act in ("accept", "publish"))
    outcome.figures |= {"points": points, "tried": tried, "tried %": round(100 * tried / points, 1)}
    outcome.figures["seconds"] = round(time.monotonic() - began, 1)
    return outcome
