"""A large CSV through the real product, against what else brings one into a table; a workbook; small files; a cancel.

`./x bench intake [MEGABYTES] [RUNS] [PEER...]`; 1,000, 3 and all peers without arguments, otherwise those whose names
hold one of the words. Headway's figure is end to end: upload, hash,
durable store, parse, types proven on every value, profile, publish. Peers read a file that lies there, once each run.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rustpy_xlsxwriter import write_worksheet

from benchmarks.figures import say_machine
from benchmarks.intake_peers import PEERS, ROOT, Cost, openpyxl, peers_python
from headway.intake.sandbox_process import child_environment
from tests.support.memory import memory_peaks, resident_mb
from tests.support.product import Server, running_server, until

SHEET_ROWS = 500_000
SMALL_BYTES = 100_000
SMALL_FILES = 20
PREVIEWS = 5
REST_SECONDS = 1.5
"""Before each of them: it is about a file that comes by itself, for which a process waits."""

LOOK_SECONDS = 0.25
"""Between two searches for new processes, which cost as much as a tenth of the import if they never paused."""

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Imported:
    """What one import cost: its job, seconds until all bytes were durable, until the dataset was there, of processors, and of
    those in the worker itself, which watches and tells; in MB how much the API grew, and the most that each process held.
    """

    job_id: str
    uploaded: float
    wall: float
    cpu: float
    watching: float
    api_grew: float
    peaks: dict[str, float]


def main(arguments: list[str]) -> None:
    megabytes = int(arguments[0]) if arguments else 1000
    runs = int(arguments[1]) if len(arguments) > 1 else 3
    peers = [name for name in PEERS if not arguments[2:] or any(word in name.lower() for word in arguments[2:])]
    peers_python()
    say_machine()
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name:
        folder = Path(name)
        source = write_csv(folder / "orders.csv", megabytes * 1_000_000)
        book = write_workbook(folder / "orders.xlsx")
        print(f"{source.stat().st_size / 1e6:,.0f} MB of CSV, {runs} runs, medians\n")
        results = [one_run(folder / str(number), source, book, peers) for number in range(runs)]
    for line in results[0]:
        values = sorted(result[line] for result in results)
        print(f"{line:<52}{statistics.median(values):10.2f}   ({values[0]:.2f} to {values[-1]:.2f})")


def one_run(folder: Path, source: Path, book: Path, wanted: list[str]) -> dict[str, float]:
    folder.mkdir()
    with running_server(folder / "data") as server, server.client() as client:
        client.timeout = httpx.Timeout(600)
        ours = imported(server, client, source)
        previewed = preview_seconds(client, ours.job_id)
        sheet = imported(server, client, book)
        cancelled = cancel_seconds(server, client, source)
        small = usable_seconds(client, write_csv(folder / "small.csv", SMALL_BYTES))
    read, described = parse_alone(source)
    peers = {name: PEERS[name](source, folder) for name in wanted}
    return {
        "upload, hash and durable store, s": ours.uploaded,
        "until the dataset is there, s": ours.wall,
        f"preview of the stored file, p50 of {PREVIEWS}, s": statistics.median(previewed),
        "CPU seconds": ours.cpu,
        "the worker's own, to watch and tell, % of them": 100 * ours.watching / ours.cpu,
        "the profile, % of the parse's CPU seconds": 100 * described / read,
        "API grew by, MB": ours.api_grew,
        **{f"{name} at most, MB": peak for name, peak in ours.peaks.items()},
        "from the cancel to the child's end, s": cancelled,
        f"{SMALL_BYTES // 1000} KB from accepted to usable, p50 of {SMALL_FILES}, s": statistics.median(small),
        **compared(peers, ours),
        f"workbook of {SHEET_ROWS:,} rows, s": sheet.wall,
        "workbook, CPU seconds of openpyxl to only read it": (only_read := openpyxl(book, folder)).cpu,
        "workbook, openpyxl's CPU in ours": only_read.cpu / sheet.cpu,
        "workbook, openpyxl's time in ours": only_read.wall / sheet.wall,
    }


def compared(peers: dict[str, Cost], ours: Imported) -> dict[str, float]:
    lines: dict[str, float] = {}
    for name, cost in peers.items():
        label = name if cost.share == 1 else f"{name} (from {cost.share:.1%} of the file)"
        lines |= {f"{label}, s": cost.wall, f"{label}, its time in ours": cost.wall / ours.wall}
        if name != "PostgreSQL \\copy":
            lines[f"{label}, its CPU in ours"] = cost.cpu / ours.cpu
    return lines


# ------------------------------------------------------------------------------------------------------------ ours


def imported(server: Server, client: httpx.Client, source: Path) -> Imported:
    (worker,), (api,) = server.pids("headway.worker"), server.pids("headway.app")
    idle, before, own = resident_mb(api), cpu_seconds(worker, api), cpu_seconds(worker)
    spent: dict[int, float] = {}
    children: list[int] = []
    looked_at = 0.0

    def processes() -> dict[str, list[int]]:
        nonlocal children, looked_at
        if time.monotonic() - looked_at > LOOK_SECONDS:
            children, looked_at = server.pids("sandbox_child"), time.monotonic()
        # Asked while they live: who shuts them in does not pass on what they have used.
        spent.update({pid: cpu for pid in children if (cpu := cpu_seconds(pid))})
        return {"API": [api], "worker": [worker], "child": children}

    processes()
    warm = sum(spent.values())
    with memory_peaks(processes) as peaks:
        began = time.monotonic()
        job_id = upload(client, source)
        uploaded, uploading_peak = time.monotonic() - began, peaks["API"]
        job = finished(client, job_id)
        wall = time.monotonic() - began
    if job["status"] != "completed":
        sys.exit(f"the import failed: {job['problem']}")
    cpu = cpu_seconds(worker, api) - before + sum(spent.values()) - warm
    return Imported(job_id, uploaded, wall, cpu, cpu_seconds(worker) - own, uploading_peak - idle, dict(peaks))


def finished(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """Wait for the end of a job without asking for it all the time, which would cost processors too."""
    job = client.get(f"/jobs/{job_id}").json()
    while job["status"] == "running":
        job = client.get(f"/jobs/{job_id}", params={"wait": 25, "after_version": job["version"]}).json()
    found: dict[str, Any] = job
    return found


def preview_seconds(client: httpx.Client, job_id: str) -> list[float]:
    """Look at a stored file again and again; return how long each look took."""
    seconds = []
    for _ in range(PREVIEWS):
        time.sleep(REST_SECONDS)  # until a process waits for the next look, as one does for most
        began = time.monotonic()
        client.post("/imports/preview", json={"job_id": job_id}).raise_for_status()
        seconds.append(time.monotonic() - began)
    return seconds


def cancel_seconds(server: Server, client: httpx.Client, source: Path) -> float:
    """Cancel an import while its file is read; return how long until the process that read it has ended."""
    job_id = upload(client, source, options='{"duplicate":"import"}')
    until(lambda: _is_parsing(client.get(f"/jobs/{job_id}").json()), 60)
    parsing = set(server.pids("sandbox_child"))
    began = time.monotonic()
    client.post(f"/jobs/{job_id}/cancel").raise_for_status()
    until(lambda: not parsing <= set(server.pids("sandbox_child")), 60)
    return time.monotonic() - began


def _is_parsing(job: dict[str, Any]) -> bool:
    if job["status"] != "running":
        sys.exit("the import that was to be cancelled has ended; take a larger file")
    return bool(job["stage"] == "parse" and job["progress"] > 45)


def usable_seconds(client: httpx.Client, source: Path) -> list[float]:
    """Import a file again and again; return how long each time from the answer until the dataset was there."""
    seconds = []
    for _ in range(SMALL_FILES):
        time.sleep(REST_SECONDS)  # until a process waits for the next file, as one does for most
        job_id = upload(client, source, options='{"duplicate":"import"}')
        began = time.monotonic()
        if finished(client, job_id)["status"] != "completed":
            sys.exit("a small import failed")
        seconds.append(time.monotonic() - began)
    return seconds


def parse_alone(source: Path) -> tuple[float, float]:
    """Return the CPU seconds of reading a file and of describing its columns."""
    command = [sys.executable, "-m", "benchmarks.intake_parse", str(source)]
    environment = {**child_environment(None), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    read, described = json.loads(done.stdout)
    return read, described


def cpu_seconds(*pids: int) -> float:
    """Return what processes themselves have used, 0 for those that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:13]))
    return ticks / TICKS


def upload(client: httpx.Client, source: Path, options: str = "{}") -> str:
    def chunks() -> Iterator[bytes]:
        with source.open("rb") as file:
            while chunk := file.read(1024 * 1024):
                yield chunk

    headers = {"Content-Length": str(source.stat().st_size)}
    params = {"filename": source.name, "options": options}
    answer = client.post("/imports", params=params, content=chunks(), headers=headers)
    answer.raise_for_status()
    return str(answer.json()["id"])


# ----------------------------------------------------------------------------------------------------------- files


def write_csv(path: Path, size: int) -> Path:
    """Write rows of nine columns: numbers, codes with zeros in front, decimals, dates, words, quotes, gaps."""
    words = ["alpha", "beta, gamma", 'say ""hi""', "délta", ""]
    written = number = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        written += file.write("id,code,name,amount,rate,day,at,paid,note\n")
        while written < size:
            lines = []
            for _ in range(min(10_000, size // 100)):
                number += 1
                lines.append(
                    f"{number},{number % 100_000:05d},Customer {number % 9973},{number % 10_000}.{number % 100:02d},"
                    f"{number % 7}.{number % 1000:03d},2024-{number % 12 + 1:02d}-{number % 28 + 1:02d},"
                    f"2024-01-{number % 28 + 1:02d} {number % 24:02d}:{number % 60:02d}:00,"
                    f'{"true" if number % 3 else "false"},"{words[number % 5]}"\n'
                )
            written += file.write("".join(lines))
    return path


def write_workbook(path: Path) -> Path:
    rows = (
        {"id": n, "code": f"{n:05d}", "amount": n / 4, "name": f"Customer {n % 9973}", "paid": n % 3 == 0}
        for n in range(SHEET_ROWS)
    )
    write_worksheet(rows, str(path), sheet_name="Orders")
    return path
