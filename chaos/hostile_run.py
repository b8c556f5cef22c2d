"""Every hostile file through the real product: how its job ends, how soon, and who else felt it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from chaos.backends import running_backend
from chaos.experiment import Options, Outcome
from chaos.hostile_file import IMPORTS, HostileFile
from chaos.hostile_files import corpus, sample
from chaos.load import expect_same_processes, main_pids, percentile, probing
from chaos.watchers import ENDED
from tests.support.memory import memory_peaks
from tests.support.product import running_server

SAMPLES = ((60, 20), (400, 240))
"""A run of less than so many seconds tries so many files, of every group one before any has two; a longer one all."""

BOMBS = frozenset({"gzip-bomb", "zip-bomb"})
PARSE_SECONDS = 20
AFTER_LIMIT_SECONDS = 2
LOAD_SECONDS = 5
"""Grace for a machine that is busy with something else as well."""

CONCURRENCY = 2
IN_FLIGHT = 4
"""Jobs that are waited for at once: two run, two wait, so that the worker is never idle."""

LOOK_SECONDS = 0.2
"""The pace at which a client asks; the times come from the record of the product, not from this."""

STUCK_SECONDS = 180
"""Of waiting for any one job; then it counts as stuck and the next one gets its place."""

MOST_RSS_MB = 250


@dataclass
class _Trial:
    """One file on its way: `ending` is `imports`, a problem's code, or empty as long as there is none."""

    file: HostileFile
    job_id: str = ""
    uploaded_at: float = 0.0
    ending: str = ""
    seconds: float | None = None
    """From the start of the job's work to its end, by the product's own record."""
    problem: dict[str, Any] | None = None


def run(options: Options) -> Outcome:
    """Upload the corpus, or a sample of it in a shorter run, and judge how each file ended."""
    count = next((count for seconds, count in SAMPLES if options.seconds < seconds), None)
    return _upload(options, sample(options.seed, count) if count else corpus(options.seed))


def run_bombs(options: Options) -> Outcome:
    """Upload only what unpacks to far more than it is."""
    return _upload(options, [file for file in corpus(options.seed) if file.group in BOMBS])


def _upload(options: Options, files: Sequence[HostileFile]) -> Outcome:
    outcome = Outcome()
    with (
        running_backend(options) as backend,
        running_server(options.folder / "data", backend.environment | _limits()) as server,
        server.client() as client,
    ):
        pids = main_pids(server)
        trials: list[_Trial] = []
        with memory_peaks(lambda: {name: [pid] for name, pid in pids.items()}) as peaks, probing(client) as probes:
            try:
                _try_all(client, files, options.folder / "hostile", trials)
            except httpx.TransportError as error:
                outcome.violations.append(f"the API went away after {len(trials)} files: {type(error).__name__}")
        expect_same_processes(server, pids, outcome)
        probes.judge(outcome)
    for trial in trials:
        _judge(trial, outcome)
    _judge_memory(peaks, outcome)
    outcome.figures |= _figures(trials)
    return outcome


def _limits() -> dict[str, str]:
    return {
        "HEADWAY_PARSE_SECONDS": str(PARSE_SECONDS),
        "HEADWAY_WORKER_CONCURRENCY": str(CONCURRENCY),
        "HEADWAY_USER_CONCURRENCY": str(CONCURRENCY),
    }


# ---------------------------------------------------------------------------- trying


def _try_all(client: httpx.Client, files: Sequence[HostileFile], folder: Path, trials: list[_Trial]) -> None:
    """Upload each file and follow its job into `trials`; a few are on their way at any time."""
    folder.mkdir()
    waiting: list[_Trial] = []
    for file in files:
        while len(waiting) >= IN_FLIGHT:
            waiting = _look(client, waiting)
        trial = _begin(client, file, folder / "file")
        trials.append(trial)
        if trial.job_id:
            waiting.append(trial)
    while waiting:
        waiting = _look(client, waiting)


def _begin(client: httpx.Client, file: HostileFile, path: Path) -> _Trial:
    """Write the file and upload it; a refusal with a problem is an ending."""
    file.write(path)
    trial = _Trial(file, uploaded_at=time.monotonic())
    try:
        with path.open("rb") as content:
            # A name may be what no encoder accepts: half of a surrogate pair, which a careless client sends as it is.
            name = quote(file.file_name, safe="", errors="surrogatepass")
            answer = client.post(f"/imports?filename={name}", content=content)
    except httpx.TransportError as error:
        trial.ending = f"no answer: {type(error).__name__}"
        return trial
    finally:
        path.unlink()
    if answer.status_code in {200, 202}:
        trial.job_id = str(answer.json()["id"])
    else:
        _end_refused(trial, answer)
    return trial


def _end_refused(trial: _Trial, answer: httpx.Response) -> None:
    trial.ending = f"status {answer.status_code}"
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        trial.problem = answer.json()
        if 400 <= answer.status_code < 500:
            trial.ending = str(answer.json()["code"])


def _look(client: httpx.Client, waiting: list[_Trial]) -> list[_Trial]:
    """Note which jobs have ended; return those that are still waited for."""
    time.sleep(LOOK_SECONDS)
    left = []
    for trial in waiting:
        job = client.get(f"/jobs/{trial.job_id}").raise_for_status().json()
        if job["status"] in ENDED:
            _end(trial, job)
        elif time.monotonic() < trial.uploaded_at + STUCK_SECONDS:
            left.append(trial)
        else:
            trial.ending = f"stuck ({job['phase']}, attempt {job['attempt']})"
    return left


def _end(trial: _Trial, job: dict[str, Any]) -> None:
    trial.problem = job["problem"]
    if job["started_at"] is not None:
        begun, done = (datetime.fromisoformat(job[name]) for name in ("started_at", "completed_at"))
        trial.seconds = (done - begun).total_seconds()
    if job["status"] == "completed":
        trial.ending = IMPORTS
    elif trial.problem is not None:
        trial.ending = str(trial.problem["code"])
    else:
        trial.ending = f"{job['status']} without a problem"


# --------------------------------------------------------------------------- judging


def _judge(trial: _Trial, outcome: Outcome) -> None:
    label, ending, limit = trial.file.label, trial.ending, PARSE_SECONDS + AFTER_LIMIT_SECONDS
    outcome.expect(
        trial.file.allows(ending), f"{label} ended as {ending!r}, may only as {sorted(trial.file.may)}: {trial.problem}"
    )
    outcome.expect(ending != "internal", f"{label} ended as an internal failure: {trial.problem}")
    if trial.seconds is not None:
        outcome.expect(
            trial.seconds <= limit + LOAD_SECONDS, f"{label} took {trial.seconds:.1f} s, {limit} s are promised"
        )
    if trial.problem is not None:
        told = all(str(trial.problem.get(name) or "").strip() for name in ("detail", "user_action"))
        outcome.expect(told, f"{label}: the problem does not say what happened and what to do: {trial.problem}")


def _judge_memory(peaks: dict[str, float], outcome: Outcome) -> None:
    for name, most in peaks.items():
        outcome.figures[f"{name} at most, MB"] = round(most, 1)
        outcome.expect(most < MOST_RSS_MB, f"the {name} took {most:.0f} MB, {MOST_RSS_MB} MB are promised")


def _figures(trials: list[_Trial]) -> dict[str, float | int | str]:
    seconds = [trial.seconds for trial in trials if trial.seconds is not None]
    slowest = max(((trial.seconds or 0, trial.file.label) for trial in trials), default=(0.0, ""))
    endings = Counter(trial.ending for trial in trials)
    return {
        "files": len(trials),
        "slowest, s": round(slowest[0], 1),
        "slowest file": slowest[1],
        "median, s": round(percentile(seconds, 50), 2),
        **{f"ending {ending}": count for ending, count in sorted(endings.items())},
    }
