"""One large CSV through the real product: time of each part, memory of each process, and bare DuckDB beside it.

`./x bench import [MEGABYTES] [RUNS]`; 1,000 and 3 without arguments. The peer is the shortest way from CSV to
Parquet that there is: `COPY (FROM read_csv(file)) TO file`, which keeps no job, no original and no written forms.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.support.memory import memory_peaks, resident_mb
from tests.support.product import ended, running_server

PEER = """
import duckdb, sys
con = duckdb.connect(config={"threads": 2, "memory_limit": "512MB"})
con.execute("set enable_progress_bar = false")
con.execute("copy (from read_csv(?)) to '" + sys.argv[2] + "' (format parquet, compression zstd)", [sys.argv[1]])
"""


def main(arguments: list[str]) -> None:
    megabytes = int(arguments[0]) if arguments else 1000
    runs = int(arguments[1]) if len(arguments) > 1 else 3
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as name:
        folder = Path(name)
        source = write_csv(folder / "orders.csv", megabytes)
        print(f"{source.stat().st_size / 1e6:,.0f} MB of CSV, {runs} runs, medians (least to most)")
        results = [one_run(folder / str(number), source) for number in range(runs)]
    for figure in results[0]:
        values = sorted(result[figure] for result in results)
        print(f"{figure:<44}{statistics.median(values):10.2f}   ({values[0]:.2f} to {values[-1]:.2f})")


def write_csv(path: Path, megabytes: int) -> Path:
    """Write rows of nine columns: numbers, codes with zeros in front, decimals, dates, words, quotes, gaps."""
    words = ["alpha", "beta, gamma", 'say ""hi""', "délta", ""]
    written = number = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        written += file.write("id,code,name,amount,rate,day,at,paid,note\n")
        while written < megabytes * 1_000_000:
            lines = []
            for _ in range(10_000):
                number += 1
                lines.append(
                    f"{number},{number % 100_000:05d},Customer {number % 9973},{number % 10_000}.{number % 100:02d},"
                    f"{number % 7}.{number % 1000:03d},2024-{number % 12 + 1:02d}-{number % 28 + 1:02d},"
                    f"2024-01-{number % 28 + 1:02d} {number % 24:02d}:{number % 60:02d}:00,"
                    f'{"true" if number % 3 else "false"},"{words[number % 5]}"\n'
                )
            written += file.write("".join(lines))
    return path


def one_run(folder: Path, source: Path) -> dict[str, float]:
    folder.mkdir()
    figures = {"bare DuckDB, s": bare_duckdb(source, folder / "peer.parquet")}
    with running_server(folder / "data") as server, server.client() as client:
        client.timeout = httpx.Timeout(600)
        (worker,), (api,) = server.pids("headway.worker"), server.pids("headway.app")
        idle = resident_mb(api)
        with memory_peaks(lambda: {"api": [api], "worker": [worker], "child": server.pids("sandbox_child")}) as peaks:
            began = time.monotonic()
            job_id = upload(client, source)
            uploaded = time.monotonic() - began
            uploading_peak = peaks["api"]
            job = ended(client, job_id, 900)
            whole = time.monotonic() - began
        if job["status"] != "completed":
            sys.exit(f"the import failed: {job['problem']}")
    return {
        **figures,
        "upload, hash and durable store, s": uploaded,
        "until the dataset is there, s": whole,
        "ratio to bare DuckDB": whole / figures["bare DuckDB, s"],
        "API grew while uploading, MB": uploading_peak - idle,
        "API at most, MB": peaks["api"],
        "worker's parent at most, MB": peaks["worker"],
        "parsing child at most, MB": peaks["child"],
    }


def bare_duckdb(source: Path, target: Path) -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", PEER, str(source), str(target)], check=True)
    return time.monotonic() - began


def upload(client: httpx.Client, source: Path) -> str:
    def chunks() -> Iterator[bytes]:
        with source.open("rb") as file:
            while chunk := file.read(1024 * 1024):
                yield chunk

    headers = {"Content-Length": str(source.stat().st_size)}
    answer = client.post("/imports", params={"filename": source.name}, content=chunks(), headers=headers)
    answer.raise_for_status()
    return str(answer.json()["id"])
