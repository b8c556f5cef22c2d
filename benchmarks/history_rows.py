"""Millions of jobs, made by the database itself: 5 million take minutes, where rows from outside take an hour.

Of 100 jobs 88 completed, 2 of them in part, 7 failed and 3 were cancelled, over two years; a few of each of the first
owners' run. Of 1000 jobs 800 are imports, 195 exports, 5 reports.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import psycopg

DAYS = 700
OTHERS = 20_000
ACTIVE = 15
"""The first rows run; three of them are of the person who asks."""

BATCH = 250_000

COLUMNS = """
id, user_id, job_type, status, progress, title, outcome, engine, version, related_dataset_id, problem, error,
created_at, started_at, completed_at, updated_at
"""
ENDED = "(case when n % 100 < 88 then 'completed' when n % 100 < 95 then 'failed' else 'cancelled' end)"
STATUS = f"(case when n < {ACTIVE} then 'running' else {ENDED} end)"
VALUES = f"""
case when n % 5 = 0 then :me else 'owner ' || (n / 5 % {OTHERS}) end,
case when n / 100 % 1000 < 800 then 'import' when n / 100 % 1000 < 995 then 'export' else 'report' end,
{STATUS}, case when {STATUS} = 'completed' then 100 else 40 end,
(case when n % 7 = 0 then 'sales ' else 'title ' end) || n || '.csv',
case when {STATUS} <> 'completed' then null when n % 100 < 2 then 'partial' else 'succeeded' end,
'external', 12,
case when {STATUS} = 'completed' then :uuid end,
case when {STATUS} = 'failed' then :problem end, case when {STATUS} = 'failed' then 'Line 3 is broken.' end,
"""
PROBLEM = json.dumps(
    {
        "type": "urn:headway:problem:parse.failed", "title": "Broken", "status": 422, "detail": "Line 3 is broken.",
        "code": "parse.failed", "user_action": "Mend it.", "retryable": False,
    }
)  # fmt: skip


def fill_sqlite(path: Path, me: str, count: int) -> None:
    """Insert so many jobs, a part of them in each transaction."""
    # Spread over the days without a pattern that an index could follow.
    moment = f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-2 hours', '-' || (n * 7919 % {DAYS * 86400}) || ' seconds'{{more}}) || '000'"
    began, ended = moment.format(more=""), moment.format(more=", '+20 seconds'")
    uuid = "lower(hex(randomblob(16)))"
    values = VALUES.replace(":uuid", uuid)
    end = f"case when n < {ACTIVE} then null else {ended} end"
    statement = f"""
        insert into background_jobs ({COLUMNS})
        with recursive numbers(n) as (select :first union all select n + 1 from numbers where n + 1 < :last)
        select {uuid}, {values} {began}, {began}, {end}, {ended} from numbers
    """
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.execute("pragma synchronous = off")
        connection.execute("pragma cache_size = -400000")
        # Filled one by one they take four times as long as made at the end.
        indexes = connection.execute(
            "select name, sql from sqlite_master where type = 'index' and tbl_name = 'background_jobs' and sql > ''"
        ).fetchall()
        for name, _made in indexes:
            connection.execute(f"drop index {name}")
        for first in range(0, count, BATCH):
            last = min(first + BATCH, count)
            with connection:
                connection.execute(statement, {"me": me, "problem": PROBLEM, "first": first, "last": last})
            connection.execute("pragma wal_checkpoint(truncate)")
        for _name, made in indexes:
            with connection:
                connection.execute(made)
        connection.execute("pragma optimize = 0x10002")


def fill_postgres(url: str, me: str, count: int) -> None:
    """Insert so many jobs."""
    began = f"now() - interval '2 hours' - (n * 7919 % {DAYS * 86400}) * interval '1 second'"
    ended = f"{began} + interval '20 seconds'"
    values = (
        VALUES.replace(":uuid", "gen_random_uuid()").replace(":me", "%(me)s").replace(":problem", "%(problem)s::jsonb")
    )
    values = values.replace("% ", "%% ")
    end = f"case when n < {ACTIVE} then null else {ended} end".replace("% ", "%% ")
    began, ended = began.replace("% ", "%% "), ended.replace("% ", "%% ")
    statement = f"""
        insert into background_jobs ({COLUMNS})
        select gen_random_uuid(), {values} {began}, {began}, {end}, {ended}
        from generate_series(%(first)s::bigint, %(last)s::bigint - 1) n
    """
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = connection.execute(
            "select indexname, indexdef from pg_indexes where tablename = 'background_jobs'"
            " and indexname <> 'pk_background_jobs'"
        ).fetchall()
        for name, _made in indexes:
            connection.execute(f"drop index {name}")
        for first in range(0, count, BATCH):
            last = min(first + BATCH, count)
            connection.execute(statement, {"me": me, "problem": PROBLEM, "first": first, "last": last})
        for _name, made in indexes:
            connection.execute(made)
        connection.execute("vacuum analyze background_jobs")
        connection.execute("vacuum analyze job_counts")
