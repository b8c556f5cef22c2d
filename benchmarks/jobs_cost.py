"""What reporting progress costs an import: with it and without it, in pairs. `./x bench cost [PAIRS] [ROWS]`.

Without it runs a copy of the product whose tasks still give signs of life and report nothing else. Which of the two
comes first changes from pair to pair. Beside the time on the clock the processor time of all processes is told, which
depends less on what else the machine does.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import say, say_machine
from benchmarks.intake import upload
from chaos.altered import Edit, altered_source
from headway.kit.processes import descendants
from tests.support.product import ended, running_server

SILENT = Edit(
    "jobs/progress.py",
    "        now = time.monotonic()\n        new_stage =",
    "        if percent < 90:\n            return\n        now = time.monotonic()\n        new_stage =",
)
"""Reports nothing but the last stage, which is no progress but the beginning of publishing."""

TICKS = os.sysconf("SC_CLK_TCK")


def main(arguments: list[str]) -> None:
    pairs = int(arguments[0]) if arguments else 5
    rows = int(arguments[1]) if len(arguments) > 1 else 1_000_000
    say_machine()
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name:
        folder = Path(name)
        silent = str(altered_source(folder / "silent", [SILENT]))
        source = folder / "rows.csv"
        with source.open("wb") as file:
            file.write(b"id,name,amount\n")
            file.writelines(b"%d,Ann %d,%d.5\n" % (number, number, number) for number in range(rows))
        clock, processor, writes = [], [], []
        for pair in range(pairs):
            found = {}
            for kind in ("with", "without")[:: 1 if pair % 2 else -1]:
                environment = {"PYTHONPATH": silent} if kind == "without" else {}
                found[kind] = _import(folder / f"{kind}-{pair}", source, environment)
            on, off = found["with"], found["without"]
            clock.append(100 * (on[0] / off[0] - 1))
            processor.append(100 * (on[1] / off[1] - 1))
            writes.append(on[2] - off[2])
    print(f"What reporting costs an import of {rows:,} rows, {pairs} pairs")
    say("time on the clock, more by", clock, "%", 2)
    say("processor time, more by", processor, "%", 2)
    say("reports that were written", writes, "")


def _import(folder: Path, source: Path, environment: dict[str, str]) -> tuple[float, float, int]:
    """Import the file into a new product; return seconds from the upload's end, processor seconds, and versions."""
    folder.mkdir()
    with running_server(folder / "data", environment) as server, server.client() as client:
        before = processor_seconds(server.process.pid)
        job_id = upload(client, source)
        began = time.monotonic()
        job = ended(client, job_id, 600)
        took = time.monotonic() - began
        if job["status"] != "completed":
            sys.exit(f"the import failed: {job['problem']}")
        return took, processor_seconds(server.process.pid) - before, int(job["version"])


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and all below it, those that have ended and were waited for included."""
    ticks = 0
    for each in (pid, *descendants(pid)):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


if __name__ == "__main__":
    main(sys.argv[1:])
