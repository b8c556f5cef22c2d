"""`./x chaos`: breaks the product in every way that we know of and says which promise broke with it.

The exit status is 1 if a promise was broken. With `--plant` it is the other way round that matters: the run must end
with 1 and name what it saw. `--plant all` expects exactly that of every plant, and ends with 0 if all were caught.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import os
import platform
import random
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from chaos.altered import altered_source
from chaos.experiment import BACKENDS, POSTGRES_S3, SQLITE, CannotRunHere, Experiment, Options, Outcome
from chaos.plants import PLANTS

SECONDS, SHORT_SECONDS = 60.0, 20.0


@dataclass(frozen=True)
class Entry:
    """Where an experiment is, and on which backends it says something."""

    function: str
    backends: tuple[str, ...] = (SQLITE,)
    short: bool = False
    """Whether it belongs to the short run, which is part of `./x test`."""

    def load(self) -> Experiment:
        module, _, name = self.function.partition(":")
        found: Experiment = getattr(importlib.import_module(f"chaos.{module}"), name or "run")
        return found


EXPERIMENTS = {
    "calm": Entry("calm"),
    "kill_storm": Entry("kill_storm", BACKENDS, short=True),
    "clock_jumps": Entry("kill_storm:run_clock_jumps"),
    "lost_answers": Entry("lost_answers"),
    "tus_kills": Entry("tus_kills", BACKENDS, short=True),
    "tus_cuts": Entry("tus_cuts", BACKENDS),
    "poison": Entry("poison"),
    "frozen_worker": Entry("frozen_worker", (POSTGRES_S3,), short=True),
    "frozen_alone": Entry("frozen_worker:run_alone"),
    "reconnects": Entry("reconnects", BACKENDS, short=True),
    "late_files": Entry("late_files", BACKENDS),
    "recovery_time": Entry("recovery_time", BACKENDS),
    "crash_points": Entry("crash_points", short=True),
    "power_cut": Entry("power_cut", short=True),
    "disk_full": Entry("disk_full"),
    "slow_store": Entry("slow_store", (POSTGRES_S3,)),
    "slow_connections": Entry("slow_connections"),
    "big_uploads": Entry("big_uploads"),
    "bombs": Entry("hostile_run:run_bombs"),
    "hostile_run": Entry("hostile_run"),
}


def main() -> int:
    arguments = _parse()
    if arguments.plant == "all":
        return _run_all_plants(arguments)
    if arguments.plant:
        plant = PLANTS[arguments.plant]
        return 1 if _run(plant.experiment, _backend_of(plant.experiment), plant.seconds, arguments).violations else 0
    results = [
        (name, backend, _run(name, backend, arguments.seconds, arguments))
        for name in arguments.only
        for backend in EXPERIMENTS[name].backends[: 1 if arguments.short else None]
        if arguments.backend in {None, backend}
    ]
    _show_table(results, arguments.seed)
    return 1 if any(outcome.violations for _, _, outcome in results) else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./x chaos", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--seconds", type=float, help="how long each experiment disturbs (default 60, short 20)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="repeats what is random in a run")
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"some of: {', '.join(EXPERIMENTS)}")
    parser.add_argument("--backend", choices=BACKENDS, help="only on this one")
    parser.add_argument("--short", action="store_true", help="the short run that is part of ./x test")
    parser.add_argument("--plant", choices=["all", *PLANTS], help="plant a fault, which must be caught")
    parser.add_argument("--folder", type=Path, help="where to keep data and logs (default: removed if all is well)")
    arguments = parser.parse_args()
    default = [name for name, entry in EXPERIMENTS.items() if entry.short or not arguments.short]
    arguments.only = arguments.only or default
    if unknown := set(arguments.only) - set(EXPERIMENTS):
        parser.error(f"no such experiment: {', '.join(sorted(unknown))}")
    arguments.seconds = arguments.seconds or (SHORT_SECONDS if arguments.short else SECONDS)
    return arguments


def _backend_of(name: str) -> str:
    return EXPERIMENTS[name].backends[0]


def _run(name: str, backend: str, seconds: float, arguments: argparse.Namespace, plant: str = "") -> Outcome:
    """Run one experiment in a folder of its own; what it raises is a violation too, for nothing was proven then."""
    plant = plant or (arguments.plant or "")
    label = f"{name} on {backend}, {seconds:.0f} s, seed {arguments.seed}" + (f", with {plant}" if plant else "")
    print(f"==> {label}", flush=True)
    top = Path(arguments.folder or tempfile.mkdtemp(prefix="headway-chaos-"))
    folder = top / "-".join(filter(None, (name, backend, plant)))
    folder.mkdir(parents=True)
    began = time.monotonic()
    try:
        source = altered_source(folder / "planted", list(PLANTS[plant].edits)) if plant else None
        outcome = EXPERIMENTS[name].load()(Options(seconds, arguments.seed, backend, folder, source))
    except CannotRunHere as reason:
        # Proven is nothing, so this must not look like a success.
        outcome = Outcome(violations=[str(reason)])
    except Exception:  # noqa: BLE001 - told below, and the other experiments still run
        outcome = Outcome(violations=[f"the experiment broke off: {traceback.format_exc()}"])
    for what, figure in outcome.figures.items():
        print(f"    {what}: {figure}")
    for violation in outcome.violations:
        print(f"    BROKEN: {violation}")
    verdict = f"{len(outcome.violations)} promises broken" if outcome.violations else "every promise kept"
    print(f"==> {label}: {verdict}, {time.monotonic() - began:.0f} s", flush=True)
    if outcome.violations and not plant:
        print(f"    data and logs are in {folder}")
    elif not arguments.folder:
        shutil.rmtree(top, ignore_errors=True)
    return outcome


def _run_all_plants(arguments: argparse.Namespace) -> int:
    """Plant every fault in turn, the quick ones in a short run; 0 if each was caught."""
    lines, missed = [], []
    plants = [plant for plant in PLANTS.values() if plant.short or not arguments.short]
    for plant in plants:
        outcome = _run(plant.experiment, _backend_of(plant.experiment), plant.seconds, arguments, plant.name)
        saw = outcome.violations[0].splitlines()[-1] if outcome.violations else "nothing"
        lines.append(f"| {plant.name} | {plant.experiment} | {saw[:160]} |")
        if not outcome.violations or any("broke off" in violation for violation in outcome.violations):
            missed.append(plant.name)
    print("\n".join(["", "| plant | experiment | what was seen |", "|---|---|---|", *lines]))
    print(f"==> {len(plants) - len(missed)} of {len(plants)} plants caught" + (f"; missed: {missed}" if missed else ""))
    return 1 if missed else 0


def _show_table(results: list[tuple[str, str, Outcome]], seed: int) -> None:
    """Print what goes into docs/reference/reliability.md."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    print(f"\n{dt.datetime.now(dt.UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory} GB, "
          f"{platform.system()} {platform.release()}, Python {platform.python_version()}, seed {seed}\n")  # fmt: skip
    print("| experiment | backend | broken promises | figures |\n|---|---|---|---|")
    for name, backend, outcome in results:
        figures = "; ".join(f"{what}: {figure}" for what, figure in outcome.figures.items())
        print(f"| {name} | {backend} | {len(outcome.violations)} | {figures} |")


if __name__ == "__main__":
    sys.exit(main())
