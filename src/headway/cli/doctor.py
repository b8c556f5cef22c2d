"""`headway doctor`: tries every part that Headway stands on, and says in one sentence each what is wrong."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal
from uuid import uuid4

import click
import sqlalchemy as sa

from headway.accounts.secrets import FILE_NAME, check_secret
from headway.cli.configuration import load_settings
from headway.cli.output import show_table, size
from headway.cli.schema import shown_url
from headway.cli.storage_checks import shown_storage_url, storage
from headway.engine.lease import count_alive
from headway.errors import AppError
from headway.intake.sandbox_isolation import IsolationUnavailable, choose_isolation
from headway.intake.sweep import Sweep
from headway.intake.sweep_files import Folders
from headway.jobs.counters import CounterCare
from headway.jobs.retention import KeepJobs
from headway.kit.clock import SystemClock
from headway.kit.db import Database
from headway.kit.room import shortage
from headway.migrations import Standing, present_revision, standing_of, sync_engine
from headway.settings import Settings
from headway.storage.leftovers import LIFECYCLE_NOTE, folder_of
from headway.storage.opening import open_store

WAIT_SECONDS = 20
"""A part that has not answered by then is reported as away; store clients try on for minutes by themselves."""

COMPARE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one part. A note is worth knowing; a problem keeps Headway from working well."""

    part: str
    state: Literal["ok", "note", "problem"]
    sentence: str


Check = Callable[[Settings], Awaitable[list[Finding]]]


@click.group(invoke_without_command=True)
@click.pass_context
def doctor(context: click.Context) -> None:
    """Look at database, store, secret, room and limits. The exit status is 1 if there is a problem."""
    if context.invoked_subcommand is None:
        _look_at_everything()


doctor.add_command(storage)


def _look_at_everything() -> None:
    findings = asyncio.run(_examine(load_settings()))
    show_table(("part", "state", "what was found"), ((each.part, each.state, each.sentence) for each in findings))
    if any(each.state == "problem" for each in findings):
        raise click.exceptions.Exit(1)


async def _examine(settings: Settings) -> list[Finding]:
    findings: list[Finding] = []
    checks: dict[str, Check] = {
        "versions": _versions,
        "data folder": _data_folder,
        "database": _database,
        "worker": _worker,
        "job counts": _job_counts,
        "object store": _store,
        "stored files": _stored_files,
        "secret": _secret,
        "parse limits": _parse_limits,
        "isolation": _isolation,
    }
    for part, check in checks.items():
        findings += await _run(part, check, settings)
    return findings


async def _run(part: str, check: Check, settings: Settings) -> list[Finding]:
    try:
        return await asyncio.wait_for(check(settings), WAIT_SECONDS)
    except TimeoutError:
        return [Finding(part, "problem", f"No answer within {WAIT_SECONDS} seconds.")]
    except AppError as error:
        return [Finding(part, "problem", f"{error.detail} {error.user_action}")]
    except sa.exc.DBAPIError as error:
        return [Finding(part, "problem", f"The database cannot be used: {error.orig}")]
    except (OSError, ValueError) as error:
        return [Finding(part, "problem", str(error))]


async def _versions(_settings: Settings) -> list[Finding]:
    names = ("headway", "dbos", "duckdb", "pyarrow", "obstore")
    said = ", ".join(f"{name} {version(name)}" for name in names)
    return [Finding("versions", "ok", f"{said}, Python {sys.version.split()[0]}")]


async def _data_folder(settings: Settings) -> list[Finding]:
    folder = settings.data_dir
    if not folder.is_dir():
        return [Finding("data folder", "note", f"{folder} does not exist yet; `headway serve` makes it.")]
    return list(_folder_findings(folder, settings.min_free_bytes))


def _folder_findings(folder: Path, min_free_bytes: int) -> Iterator[Finding]:
    if not os.access(folder, os.W_OK):
        yield Finding("data folder", "problem", f"{folder} cannot be written to by this user.")
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield Finding("data folder", "note", f"Other users can look into {folder}; `chmod 700` closes it.")
    free = shutil.disk_usage(folder).free
    if free < min_free_bytes:
        sentence = f"Only {size(free)} are free; uploads are refused below {size(min_free_bytes)}."
        yield Finding("data folder", "problem", sentence)
    elif short := shortage(folder, min_free_bytes):
        yield Finding("data folder", "note", short)
    else:
        yield Finding("data folder", "ok", f"{folder}, {size(free)} free")


async def _database(settings: Settings) -> list[Finding]:
    address = shown_url(settings.effective_database_url)
    if address.startswith("sqlite:///") and not Path(address.removeprefix("sqlite:///")).exists():
        return [Finding("database", "note", f"{address} does not exist yet; `headway migrate` makes it.")]
    server, present, standing = await asyncio.to_thread(_look_at_schema, settings.effective_database_url)
    if standing is Standing.CURRENT:
        return [Finding("database", "ok", f"{address}, {server}, schema {present}")]
    if standing is Standing.AHEAD:
        sentence = f"{address} has schema {present}, which a later version made. This one works on it; upgrade it soon."
        return [Finding("database", "note", sentence)]
    sentence = f"{address} has schema {present or 'none'}, this version needs a later one: run `headway migrate`."
    return [Finding("database", "problem", sentence)]


def _look_at_schema(database_url: str) -> tuple[str, str | None, Standing]:
    """Return the server with its version, the schema's revision, and how that stands to this version."""
    engine = sync_engine(database_url)
    try:
        with engine.connect() as connection:
            numbers = engine.dialect.server_version_info or ()
            server = f"{engine.dialect.name} {'.'.join(str(number) for number in numbers)}"
            return server, present_revision(connection), standing_of(connection)
    finally:
        engine.dispose()


async def _worker(settings: Settings) -> list[Finding]:
    database = Database(settings.effective_database_url)
    try:
        async with database.read() as session:
            alive = await count_alive(session, database, SystemClock())
    except sa.exc.DBAPIError:
        # The database's own finding says what is wrong.
        return []
    finally:
        await database.close()
    if alive:
        return [Finding("worker", "ok", f"{alive} alive")]
    return [Finding("worker", "note", "None is running, so jobs wait. `headway serve` starts one.")]


async def _job_counts(settings: Settings) -> list[Finding]:
    """Compare the counts that triggers keep with the jobs."""
    database = Database(settings.effective_database_url)
    try:
        async with asyncio.timeout(COMPARE_SECONDS):
            wrong = await CounterCare(database).count_wrong()
    except TimeoutError:
        return [Finding("job counts", "note", "Too many jobs for a quick look; the hourly sweep compares them all.")]
    except sa.exc.DBAPIError:
        # The database's own finding says what is wrong.
        return []
    finally:
        await database.close()
    if wrong:
        sentence = f"{wrong:,} counts of jobs are not what there is; `headway sweep` mends them."
        return [Finding("job counts", "problem", sentence)]
    return [Finding("job counts", "ok", "as many jobs as the lists of them say")]


async def _store(settings: Settings) -> list[Finding]:
    """Store, read back and remove a small object: a store can answer and yet refuse to write."""
    store = open_store(settings.effective_storage_url)
    key, content = f"doctor/{uuid4()}", b"Headway was here."
    try:
        writer = await store.open_writer(key)
        await writer.write(content)
        await writer.commit()
        read = b"".join([chunk async for chunk in store.read(key)])
        await store.delete(key)
    finally:
        await store.close()
    address = shown_storage_url(settings.effective_storage_url)
    if read != content:
        return [Finding("object store", "problem", f"{address} gave back something else than was stored.")]
    fine = Finding("object store", "ok", f"{address}, an object was stored, read back and removed")
    return [fine, *_store_notes(folder_of(store), settings)]


def _store_notes(folder: Path | None, settings: Settings) -> Iterator[Finding]:
    if folder is None:
        yield Finding("object store", "note", LIFECYCLE_NOTE)
    elif not folder.is_relative_to(settings.data_dir) and (short := shortage(folder, settings.min_free_bytes)):
        yield Finding("object store", "note", short)


async def _stored_files(settings: Settings) -> list[Finding]:
    """Look whether every object is there that a row names."""
    folders = Folders(settings.data_dir, settings.spool_dir, settings.cache_dir, settings.parse_seconds)
    store = open_store(settings.effective_storage_url)
    database = Database(settings.effective_database_url)
    keep = KeepJobs.worded(**settings.keep_jobs)
    try:
        async with asyncio.timeout(COMPARE_SECONDS):
            problems = await Sweep(database, store, SystemClock(), folders, keep, settings.keep_audit_days).find_lost()
    except TimeoutError:
        sentence = "Too many for a quick look; `headway sweep --dry-run` compares them all with the database."
        return [Finding("stored files", "note", sentence)]
    except sa.exc.DBAPIError:
        # The database's own finding says what is wrong.
        return []
    finally:
        await database.close()
        await store.close()
    if problems:
        return [Finding("stored files", "problem", problem) for problem in problems]
    return [Finding("stored files", "ok", "Every file is there that the database names.")]


async def _secret(settings: Settings) -> list[Finding]:
    given, path = settings.jwt_secret.get_secret_value(), settings.data_dir / FILE_NAME
    if given:
        check_secret(given, "JWT_SECRET")
        return [Finding("secret", "ok", "JWT_SECRET is set and strong enough")]
    if not path.exists():
        return [Finding("secret", "note", "None yet; the first start generates one.")]
    check_secret(path.read_text(encoding="utf-8").strip(), str(path))
    return [Finding("secret", "ok", f"generated, in {path}")]


async def _parse_limits(settings: Settings) -> list[Finding]:
    """Try the call on which the sandbox stands, and compare what parsers may take with what there is."""
    if not hasattr(resource, "prlimit"):
        return [Finding("parse limits", "problem", "This system cannot limit a process from outside (no prlimit).")]
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)  # noqa: ASYNC220 - at once
    try:
        wanted = (settings.parse_memory_bytes * 2, settings.parse_memory_bytes * 2)
        resource.prlimit(child.pid, resource.RLIMIT_DATA, wanted)
        kept = resource.prlimit(child.pid, resource.RLIMIT_DATA)
    finally:
        child.communicate(b"\n")
    if kept != wanted:
        return [Finding("parse limits", "problem", "A limit that was set on a child process did not hold.")]
    return [_memory_finding(settings)]


async def _isolation(settings: Settings) -> list[Finding]:
    """Say what a process that parses a file can see and reach."""
    try:
        found = await asyncio.to_thread(choose_isolation, settings.sandbox, [sys.executable, "-P", "-s"])
    except IsolationUnavailable as reason:
        return [Finding("isolation", "problem", f"No worker starts: {reason}.")]
    if found.is_closed:
        return [Finding("isolation", "ok", "each file is parsed behind bubblewrap")]
    return [Finding("isolation", "note", f"Files are parsed in processes that are only limited: {found.reason}.")]


def _memory_finding(settings: Settings) -> Finding:
    needed = settings.parse_memory_bytes * settings.worker_concurrency
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    said = f"{settings.worker_concurrency} files at once may take {size(needed)} of {size(there)} memory"
    if needed > there:
        hint = "; lower HEADWAY_WORKER_CONCURRENCY or HEADWAY_PARSE_MEMORY_BYTES"
        return Finding("parse limits", "problem", said + hint)
    return Finding("parse limits", "ok", said)
