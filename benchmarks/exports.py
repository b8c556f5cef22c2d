"""A dataset into a file of each format, by the real product; a workbook against XlsxWriter in the same run.

`./x bench exports [ROWS]`; 1,000,000 without an argument. The figures are from the request until the file is stored,
with the processors of the worker and its child, and the most memory that any one process held. XlsxWriter reads a
tenth of the same rows from CSV with numbers as numbers, in its mode for little memory; its figures are times ten.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx

from benchmarks.figures import say_machine
from benchmarks.intake import TICKS, finished, upload, write_csv
from benchmarks.intake_peers import Cost, measured, peers_python
from tests.support.memory import memory_peaks
from tests.support.product import Server, running_server

BYTES_PER_ROW = 80
FORMATS = ("csv", "ndjson", "json", "parquet", "xlsx")
SHARE = 10

XLSXWRITER = """
import csv, sys, xlsxwriter
book = xlsxwriter.Workbook(sys.argv[2], {"constant_memory": True, "strings_to_numbers": False})
sheet = book.add_worksheet()
with open(sys.argv[1], newline="", encoding="utf-8") as file:
    for number, row in enumerate(csv.reader(file)):
        for place, cell in enumerate(row):
            if number and place in (0, 3, 4):
                sheet.write_number(number, place, float(cell))
            else:
                sheet.write_string(number, place, cell)
book.close()
"""


@dataclass
class Work:
    """Seconds on the clock and of processors, and in MB the most that one process held."""

    wall: float = 0
    cpu: float = 0
    worker_mb: float = 0
    child_mb: float = 0


def main(arguments: list[str]) -> None:
    rows = int(arguments[0]) if arguments else 1_000_000
    say_machine()
    peers_python()
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name:
        folder = Path(name)
        source = first_rows(write_csv(folder / "all.csv", rows * BYTES_PER_ROW * 2), rows)
        with running_server(folder / "data") as server, server.client() as client:
            client.timeout = httpx.Timeout(600)
            dataset = finished(client, upload(client, source))["related_dataset_id"]
            print(f"\n{rows:,} rows of 9 columns{'s':>12}{'CPU s':>9}{'file MB':>10}{'worker MB':>11}{'child MB':>10}")
            ours = {each: exported(server, client, dataset, each) for each in FORMATS}
        say_peer(ours["xlsx"], xlsxwriter(first_rows(source, rows // SHARE), folder))


def say_peer(ours: Work, peer: Cost) -> None:
    print(f"\nXlsxWriter, from {1 / SHARE:.0%} of the rows{peer.wall:>8.1f}{peer.cpu:>9.1f}")
    print(f"XlsxWriter's CPU in ours: {peer.cpu / ours.cpu:.1f}, its time in ours: {peer.wall / ours.wall:.1f}")


def exported(server: Server, client: httpx.Client, dataset: str, file_format: str) -> Work:
    with working(server, "exports.writing.child") as work:
        answer = client.post(f"/datasets/{dataset}/exports", json={"format": file_format})
        job = finished(client, answer.raise_for_status().json()["id"])
    if job["status"] != "completed":
        sys.exit(f"the export failed: {job['problem']}")
    [file] = client.get(f"/jobs/{job['id']}/artifacts").json()["items"]
    figures = f"{work.wall:>12.1f}{work.cpu:>9.1f}{file['bytes'] / 1e6:>10.1f}"
    print(f"{file_format:<26}{figures}{work.worker_mb:>11.0f}{work.child_mb:>10.0f}")
    return work


@contextlib.contextmanager
def working(server: Server, child: str) -> Iterator[Work]:
    """Measure what the worker and its children of one kind take for what is done inside."""
    [worker] = server.pids("headway.worker")
    before, children = own_seconds(worker), dict[int, float]()

    def watched() -> dict[str, list[int]]:
        found = server.pids(child)
        # Inside bubblewrap it has a parent of its own, and its time is never added to the worker's.
        for pid in found:
            with contextlib.suppress(OSError):
                children[pid] = own_seconds(pid)
        return {"worker": [worker], "child": found}

    work = Work()
    with memory_peaks(watched) as peaks:
        began = time.monotonic()
        yield work
        work.wall = time.monotonic() - began
    work.cpu = own_seconds(worker) - before + sum(children.values())
    work.worker_mb, work.child_mb = peaks["worker"], peaks["child"]


def own_seconds(pid: int) -> float:
    """Return what a process has used, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICKS


def first_rows(source: Path, rows: int) -> Path:
    """Return a file of the first rows of another, which has as many."""
    part = source.with_name(f"first-{rows}.csv")
    with source.open("rb") as whole, part.open("wb") as file:
        written = sum(1 for line in islice(whole, rows + 1) if file.write(line))
    if written != rows + 1:
        sys.exit(f"{source.name} has no {rows:,} rows")
    return part


def xlsxwriter(source: Path, folder: Path) -> Cost:
    return measured([peers_python(), "-c", XLSXWRITER, source, folder / "peer.xlsx"], 1 / SHARE)
