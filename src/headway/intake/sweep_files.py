"""Left-over files of this machine: what killed writers of a local store, parses and downloads did not remove."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from uuid import UUID

from headway.accounts.upkeep import secret_drafts
from headway.datasets.upkeep import cache_leftovers
from headway.intake.sweep_objects import ARRIVING_PREFIX, PAGE, TRIAL_PREFIXES, job_of
from headway.jobs.states import TERMINAL
from headway.jobs.upkeep import JobUpkeep
from headway.kit.tally import Tally
from headway.storage.leftovers import empty_folders, is_held, remove_folder, unfinished_files

Look = Callable[[], Awaitable[Tally]]


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of this machine, and how long one parse may take, in seconds."""

    data_dir: Path
    spool_dir: Path
    cache_dir: Path
    parse_seconds: float


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file, or a folder with everything in it. `modified_at` is when anything in it last changed."""

    path: Path
    size_bytes: int
    modified_at: datetime


class FileSweep:
    """One pass over the files; only what is from before a moment is removed, and nothing at all in a dry run."""

    def __init__(
        self,
        jobs: JobUpkeep,
        folders: Folders,
        store_root: Path | None,
        *,
        before: datetime,
        spool_before: datetime,
        dry_run: bool,
    ) -> None:
        self._jobs = jobs
        self._folders = folders
        self._store_root = store_root
        self._before = before
        self._spool_before = spool_before
        self._dry_run = dry_run

    def looks(self) -> dict[str, Look]:
        """Return what there is to look at, by its name for people."""
        of_store: dict[str, Look] = {}
        if self._store_root is not None:
            of_store["unfinished files"] = partial(self._unfinished, self._store_root)
            of_store["empty folders"] = partial(self._empty_folders, self._store_root)
        return {
            **of_store,
            "work folders": self._spool,
            "cache files": lambda: self._files(cache_leftovers(self._folders.cache_dir)),
            "secret drafts": lambda: self._files(secret_drafts(self._folders.data_dir)),
        }

    async def _unfinished(self, root: Path) -> Tally:
        """Look for objects that were being written. A living writer holds its file, however long it takes."""
        found = await asyncio.to_thread(lambda: list(unfinished_files(root)))
        files = [FileInfo(root / each.key, each.size_bytes, each.modified_at) for each in found]
        return await self._remove([each for each in files if not is_held(each.path)], self._before)

    async def _empty_folders(self, root: Path) -> Tally:
        """Look for empty folders of jobs that have ended; into those of living ones a file may come at any moment."""
        total = Tally()
        found = (each for prefix in ("rows", ARRIVING_PREFIX, *TRIAL_PREFIXES) for each in empty_folders(root, prefix))
        old = (each for each in found if each.modified_at < self._before)
        while page := await asyncio.to_thread(lambda: list(islice(old, PAGE))):
            alive = await self._alive(job_of(each.key) for each in page)
            for each in page:
                if job_of(each.key) not in alive and (self._dry_run or remove_folder(root, each.key)):
                    total = total.plus(None, each.modified_at)
        return total

    async def _spool(self) -> Tally:
        """Look for work folders of parses; a job that lives keeps its own."""
        found = await asyncio.to_thread(_look_at, _entries(self._folders.spool_dir))
        alive = await self._alive(_job_of_work(each.path) for each in found)
        return await self._remove([each for each in found if _job_of_work(each.path) not in alive], self._spool_before)

    async def _files(self, paths: Iterator[Path]) -> Tally:
        return await self._remove(await asyncio.to_thread(_look_at, paths), self._before)

    async def _remove(self, files: Iterable[FileInfo], before: datetime) -> Tally:
        total = Tally()
        for each in files:
            if each.modified_at < before:
                if not self._dry_run:
                    await asyncio.to_thread(_remove, each.path)
                total = total.plus(each.size_bytes, each.modified_at)
        return total

    async def _alive(self, job_ids: Iterable[UUID | None]) -> set[UUID]:
        statuses = await self._jobs.statuses({job_id for job_id in job_ids if job_id is not None})
        return {job_id for job_id, status in statuses.items() if status not in TERMINAL}


def _look_at(paths: Iterator[Path]) -> list[FileInfo]:
    return [found for path in paths if (found := _info(path)) is not None]


def _info(path: Path) -> FileInfo | None:
    try:
        stats = [path.lstat(), *(inner.lstat() for inner in path.rglob("*"))]
    except FileNotFoundError:
        return None
    newest = max(stat.st_mtime for stat in stats)
    return FileInfo(path, sum(stat.st_size for stat in stats), datetime.fromtimestamp(newest, UTC))


def _remove(path: Path) -> None:
    """Remove a file, or a folder with everything in it; somebody else may have been faster."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.iterdir()


def _job_of_work(path: Path) -> UUID | None:
    """Return the job that a work folder is named for, with its attempt."""
    try:
        return UUID(path.name.rpartition("-")[0])
    except ValueError:
        return None
