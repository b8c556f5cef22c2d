"""Local copies of immutable Parquet files, for reading: least recently used goes first, a file in use never."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from uuid import uuid4
from weakref import WeakValueDictionary

from headway.storage.store import HasLocalFiles, ObjectStore


class RowsCache:
    """Hands out paths. A store that is a folder here is read in place, and nothing is copied."""

    def __init__(self, folder: Path, store: ObjectStore, max_bytes: int) -> None:
        self._folder = folder
        self._store = store
        self._max_bytes = max_bytes
        self._sizes: OrderedDict[Path, int] = OrderedDict()
        self._in_use: Counter[Path] = Counter()
        # As long as somebody holds or waits for one.
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._loaded = False

    @property
    def directories(self) -> list[Path]:
        """Return the folders below which every path lies that this cache hands out."""
        local = self._store.local_path("x") if isinstance(self._store, HasLocalFiles) else None
        return [local.parent if local is not None else self._folder]

    @property
    def scratch(self) -> Path:
        """Return the folder for what a large sort spills."""
        return self._folder / "scratch"

    @asynccontextmanager
    async def open(self, key: str) -> AsyncIterator[Path]:
        """Lend a local file with the object's bytes; it is not evicted while the block runs."""
        if isinstance(self._store, HasLocalFiles) and (path := self._store.local_path(key)) is not None:
            await self._store.stat(key)
            yield path
            return
        path = await self._fetched(key)
        try:
            yield path
        finally:
            self._in_use[path] -= 1
            if not self._in_use[path]:
                del self._in_use[path]
            await self._evict()

    def forget(self, key: str) -> None:
        """Remove the copy of an object that is being erased."""
        path = self._copy_of(key)
        self._sizes.pop(path, None)
        path.unlink(missing_ok=True)

    def _copy_of(self, key: str) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()}.parquet"

    async def _fetched(self, key: str) -> Path:
        path = self._copy_of(key)
        lock = self._fetching.setdefault(key, asyncio.Lock())
        async with lock:
            await self._load()
            if path not in self._sizes:
                self._sizes[path] = await self._fetch(key, path)
            self._sizes.move_to_end(path)
            self._in_use[path] += 1
        return path

    async def _fetch(self, key: str, path: Path) -> int:
        temporary = self._folder / f"{uuid4().hex}.part"
        try:
            size = await self._store.fetch_file(key, temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return size

    async def _load(self) -> None:
        """Find what an earlier process left. What another one has half fetched is not ours; the sweep knows when it is old."""
        if self._loaded:
            return
        self._loaded = True
        self._folder.mkdir(parents=True, exist_ok=True)
        found = [(path.stat().st_atime, path) for path in self._folder.glob("*.parquet")]
        self._sizes.update({path: path.stat().st_size for _, path in sorted(found)})

    async def _evict(self) -> None:
        unused = [path for path in self._sizes if self._in_use[path] <= 0]
        while unused and sum(self._sizes.values()) > self._max_bytes:
            oldest = unused.pop(0)
            del self._sizes[oldest]
            # Away at once, and deleted in peace: whoever fetches it anew meanwhile must not lose the new copy.
            going = self._folder / f"{uuid4().hex}.part"
            with contextlib.suppress(OSError):
                oldest.replace(going)
                await asyncio.to_thread(going.unlink)
