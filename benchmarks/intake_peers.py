"""What else brings a CSV file into a table: the shortest way of each tool, with what it costs.

Each runs as a process of its own from an environment of its own, at the versions that `requirements/bench.txt` pins.
Slow ones get the beginning of the file, and their figures are scaled up and marked.
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support.postgres import running_postgres

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".venv" / "peers"
REQUIREMENTS = ROOT / "requirements" / "bench.txt"

DUCKDB = """
import duckdb, sys
con = duckdb.connect(config={"threads": 2, "memory_limit": "512MB"})
con.execute("set enable_progress_bar = false")
con.execute("copy (from read_csv(?)) to '" + sys.argv[2] + "' (format parquet, compression zstd)", [sys.argv[1]])
"""

PANDAS = """
import pandas, sqlite3, sys
table = sqlite3.connect(sys.argv[2])
for chunk in pandas.read_csv(sys.argv[1], chunksize=100_000):
    chunk.to_sql("rows", table, if_exists="append", index=False)
table.commit()
"""

OPENPYXL = """
import openpyxl, sys
book = openpyxl.load_workbook(sys.argv[1], read_only=True)
print(sum(1 for _ in book.worksheets[0].iter_rows(values_only=True)))
"""

COLUMNS = "id bigint, code text, name text, amount numeric(10,2), rate numeric(10,3), day date, at timestamp, paid boolean, note text"


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock and of processors for a whole file; `share` is how much of it was really read."""

    wall: float
    cpu: float
    share: float = 1.0


def peers_python() -> Path:
    """Return the Python that has the peers, at the pinned versions; make its environment if need be."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp, python = HOME / "stamp", HOME / "bin" / "python"
    if not (stamp.exists() and stamp.read_text() == key):
        uv = Path(sys.executable).parent / "uv"
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, HOME], check=True)
        install = [uv, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", REQUIREMENTS]
        subprocess.run([str(part) for part in install], check=True, env={**os.environ, "UV_LINK_MODE": "copy"})
        stamp.write_text(key)
    return python


def beginning(source: Path, megabytes: float) -> tuple[Path, float]:
    """Return a file of the first lines of another, and which share of it they are."""
    size, wanted = source.stat().st_size, int(megabytes * 1e6)
    if wanted >= size:
        return source, 1.0
    part = source.with_name(f"first-{wanted}.csv")
    with source.open("rb") as whole:
        text = whole.read(wanted)
    part.write_bytes(text[: text.rfind(b"\n") + 1])
    return part, part.stat().st_size / size


def measured(command: list[str | Path], share: float = 1.0) -> Cost:
    """Run a process to its end; return what the whole file would cost."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall / share, cpu / share, share)


def duckdb(source: Path, folder: Path) -> Cost:
    return measured([peers_python(), "-c", DUCKDB, source, folder / "peer.parquet"])


def postgresql(source: Path, folder: Path) -> Cost:
    """What psql does to copy a file in: the file is sent as it is into a table whose types are known beforehand."""
    with running_postgres() as url, psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f"create table rows ({COLUMNS})")
        connection.commit()
        began = time.monotonic()
        with source.open("rb") as file, cursor.copy("copy rows from stdin (format csv, header)") as copy:
            while block := file.read(1024 * 1024):
                copy.write(block)
        connection.commit()
        wall = time.monotonic() - began
    return Cost(wall, wall)


def pandas(source: Path, folder: Path) -> Cost:
    part, share = beginning(source, 100)
    return measured([peers_python(), "-c", PANDAS, part, folder / "pandas.db"], share)


def sqlite_utils(source: Path, folder: Path) -> Cost:
    part, share = beginning(source, 10)
    tool = peers_python().parent / "sqlite-utils"
    return measured([tool, "insert", folder / "sqlite-utils.db", "rows", part, "--csv", "--silent"], share)


def csvkit(source: Path, folder: Path) -> Cost:
    part, share = beginning(source, 1)
    tool = peers_python().parent / "csvsql"
    return measured([tool, "--db", f"sqlite:///{folder / 'csvkit.db'}", "--insert", part], share)


def openpyxl(source: Path, folder: Path) -> Cost:
    """Only read, nothing is kept: less than every import has to do."""
    return measured([peers_python(), "-c", OPENPYXL, source])


PEERS: dict[str, Callable[[Path, Path], Cost]] = {
    "bare DuckDB": duckdb,
    "PostgreSQL \\copy": postgresql,
    "pandas to_sql": pandas,
    "sqlite-utils": sqlite_utils,
    "csvkit": csvkit,
}
