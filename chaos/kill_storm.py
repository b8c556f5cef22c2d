"""Kills everything that the product consists of, at random and all the time, while clients upload.

On SQLite: the API, the worker, the children that parse, the whole family at once, and processes that freeze for a
while. On PostgreSQL and S3 also the database's backends, its postmaster, and the object store.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

from chaos.altered import Edit, altered_source
from chaos.arena import Arena, running_arena
from chaos.experiment import POSTGRES_S3, Options, Outcome
from headway.kit.processes import descendants
from tests.support.product import is_alive

MOST_LOSSES = 2
"""Children that one job may lose; the third loss would mean that its file is to blame."""

FREEZE_SECONDS = 12.0
CONCURRENCY = {"HEADWAY_WORKER_CONCURRENCY": "6", "HEADWAY_USER_CONCURRENCY": "4"}
"""More than the machine has cores, so that there is always somebody to be killed."""

ROOM = re.compile(r"/(room-[^/ ]+)/out ")
DISTURBANCES = {
    "child": 0.1,
    "api": 22.0,
    "worker": 22.0,
    "family": 60.0,
    "frozen worker": 90.0,
    "frozen api": 90.0,
}
"""Mean seconds between two of each kind."""

SERVER_DISTURBANCES = {"database backend": 7.0, "postmaster": 70.0, "store": 14.0}
CLOCK_DISTURBANCES = {"clock": 3.0, "child": 1.0, "api": 30.0, "worker": 30.0}
JUMP_SECONDS = 7200.0
CLOCK = Edit(
    "kit/clock.py",
    "return datetime.now(UTC)",
    'return datetime.fromtimestamp(time.time() + float(open(__import__("os").environ["CHAOS_CLOCK"]).read() or 0), UTC)',
)
"""The product's clock, moved by what stands in a file."""


def run(options: Options) -> Outcome:
    """Kill for `options.seconds`, let everything end, then check every promise."""
    on_servers = options.backend == POSTGRES_S3
    return _storm(options, DISTURBANCES | (SERVER_DISTURBANCES if on_servers else {}), workers=1 if on_servers else 0)


def run_clock_jumps(options: Options) -> Outcome:
    """Set the clock back and forth by hours all the time, with a few kills; the same promises hold."""
    clock = options.folder / "clock"
    clock.write_text("0")
    source = altered_source(options.folder / "source", [CLOCK], options.planted)
    os.environ["CHAOS_CLOCK"] = str(clock)
    return _storm(options.with_source(source), CLOCK_DISTURBANCES)


def _storm(options: Options, means: dict[str, float], workers: int = 0) -> Outcome:
    outcome = Outcome()
    with running_arena(options, workers=workers, settings=CONCURRENCY) as arena:
        with arena.uploading():
            kills = _disturb(arena, means)
        outcome.figures |= {f"killed: {kind}": count for kind, count in sorted(kills.items())}
        outcome.figures["kills"] = sum(count for kind, count in kills.items() if kind != "clock")
        arena.judge(outcome)
    return outcome


# -------------------------------------------------------------------------- disturbing


def _disturb(arena: Arena, means: dict[str, float]) -> Counter[str]:
    """Do each kind of harm at random times, on average as often as `means` says; return how often each was done."""
    random, seconds = arena.options.random("disturbances"), arena.options.seconds
    harm, began = _Harm(arena), time.monotonic()
    # Each kind once early on, so that a short run meets them all.
    early = min(seconds / 2, 20.0)
    due = {kind: began + min(random.expovariate(1 / mean), random.uniform(0, early)) for kind, mean in means.items()}
    while (now := time.monotonic()) < began + seconds:
        for kind, when in due.items():
            if when <= now:
                harm.do(kind)
                due[kind] = time.monotonic() + random.expovariate(1 / means[kind])
        # The plan of the storm: nothing is waited for but the next moment in it.
        time.sleep(max(0.0, min(*due.values(), began + seconds) - time.monotonic()))
    harm.end()
    return harm.done


def job_of(pid: int, data_dir: Path, jobs: Iterable[str]) -> str | None:
    """Return which of the jobs a child works for; "" for a spare one that has no file yet, None if nobody can tell.

    The file has another name inside a sandbox, but it is the same one; the sandbox's mounts tell which room it is in.
    """
    room = _room_of(pid, data_dir)
    file = _identity(room / "in" / "file") if room else None
    if room and file is None:
        return ""
    opened = {file} if file else {_identity(link) for link in Path(f"/proc/{pid}/fd").glob("*")}
    for job in jobs:
        name = str(UUID(job))
        for path in (data_dir / "objects" / "originals" / name, *data_dir.glob(f"spool/{name}-*/original")):
            if _identity(path) in opened - {None}:
                return job
    return None


def _room_of(pid: int, data_dir: Path) -> Path | None:
    with contextlib.suppress(OSError):
        if found := ROOM.search(Path(f"/proc/{pid}/mountinfo").read_text()):
            return data_dir / "spool" / found[1]
    return None


def _identity(path: Path) -> tuple[int, int] | None:
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_dev, found.st_ino
    return None


class _Harm:
    """One method for each kind of harm."""

    def __init__(self, arena: Arena) -> None:
        self.done: Counter[str] = Counter()
        self._losses: Counter[str] = Counter()
        self._product = arena.product
        self._backend = arena.backend
        self._watcher = arena.watcher
        self._ledger = arena.ledger
        self._random = arena.options.random("harm")
        self._frozen: list[int] = []

    def do(self, kind: str) -> None:
        if kind.startswith("frozen"):
            self._freeze(kind.removeprefix("frozen "))
        elif kind == "family":
            self._kill(kind, self._product.all_pids())
        elif kind == "child":
            self._kill_child()
        elif kind == "clock":
            self._jump()
        elif kind in SERVER_DISTURBANCES:
            if killed := self._backend.kill(kind, self._random):
                self._note(kind, killed)
        else:
            self._kill_one(kind)
            if self._random.random() < 0.3:
                # Once more while it starts: that is where a recovery recovers.
                threading.Timer(self._random.uniform(0.3, 3), self._kill_one, [kind]).start()

    def _some(self, pids: list[int]) -> list[int]:
        return [self._random.choice(pids)] if pids else []

    def _kill_one(self, kind: str) -> None:
        self._kill(kind, self._some(self._product.pids(kind)))

    def _kill_child(self) -> None:
        """Kill a child, unless the file that it is parsing would be blamed for its death."""
        for pid in self._some(self._product.pids("child")):
            jobs = list(self._watcher.active)
            # The outermost process of a sandbox has the machine's own view; who is inside tells the room.
            found = (job_of(each, self._product.data_dir, jobs) for each in (pid, *descendants(pid)))
            job = next((each for each in found if each is not None), None)
            if job is not None and (not job or self._losses[job] < MOST_LOSSES):
                self._losses[job] += 1
                self._kill("child", [pid], job)

    def _kill(self, kind: str, pids: list[int], job: str = "") -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self._note(kind, pid, job)

    def _note(self, kind: str, pid: int, job: str = "") -> None:
        self.done[kind] += 1
        self._ledger.record("done", what=kind, pid=pid, job=job)

    def _jump(self) -> None:
        self._set_clock(self._random.choice([0.0, self._random.uniform(-JUMP_SECONDS, JUMP_SECONDS)]))
        self._note("clock", 0)

    def _set_clock(self, seconds: float) -> None:
        path = Path(os.environ["CHAOS_CLOCK"])
        beside = path.with_suffix(".new")
        beside.write_text(str(seconds))
        beside.replace(path)

    def _freeze(self, kind: str) -> None:
        """Stop a process for longer than its lease, then let it go on as a zombie that knows nothing of it."""
        for pid in self._some(self._product.pids(kind)):
            os.kill(pid, signal.SIGSTOP)
            self._frozen.append(pid)
            self._ledger.record("frozen", what=kind, pid=pid)
            threading.Timer(FREEZE_SECONDS, self._thaw, [pid]).start()

    def _thaw(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def end(self) -> None:
        """Wake who is frozen, and set the clock right."""
        if "clock" in self.done:
            # For a clock that is behind, every object is from the future, which is too young for a sweep.
            self._set_clock(0.0)
        for pid in self._frozen:
            if is_alive(pid):
                self._thaw(pid)
