"""DuckDB as merging and profiling use it: few threads, little memory, and nothing in reach but the files of the request."""

from __future__ import annotations

from pathlib import Path

import duckdb

from headway.intake.parsing import ParseRequest

MEMORY = "200MiB"


def connect(request: ParseRequest, *, memory: str = MEMORY, threads: int = 1) -> duckdb.DuckDBPyConnection:
    """Return a connection that reads what the request names, and spills into its output folder."""
    connection = duckdb.connect(config={"threads": threads, "memory_limit": memory})
    folders = {path.parent for path in request.files.values()} | {request.output_dir}
    connection.execute(f"set temp_directory = {quoted(str(request.output_dir / 'spill'))}")
    connection.execute("set enable_progress_bar = false")
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set preserve_insertion_order = true")
    connection.execute(f"set allowed_directories = [{', '.join(quoted(str(folder)) for folder in sorted(folders))}]")
    connection.execute("set enable_external_access = false")
    return connection


def quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def rows_of(path: Path) -> str:
    """Return SQL for the rows of a file, each with its number in `file_row_number`."""
    return f"read_parquet({quoted(str(path))}, file_row_number = true)"
