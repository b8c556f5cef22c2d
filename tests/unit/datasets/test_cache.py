"""Copies of files for reading: none is lost to somebody who reads or fetches, and nothing piles up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from headway.datasets import cache as module
from headway.datasets.cache import RowsCache
from headway.storage.local import LocalStore


class Remote(LocalStore):
    """A store elsewhere: its objects are copied to be read."""

    def local_path(self, key: str) -> None:
        return None


@pytest.fixture
async def remote(tmp_path: Path) -> AsyncIterator[Remote]:
    store = Remote(tmp_path / "objects")
    for name in ("a", "b"):
        writer = await store.open_writer(f"rows/{name}")
        await writer.write(name.encode() * 10)
        await writer.commit()
    yield store
    await store.close()


async def test_a_copy_that_is_fetched_while_the_old_one_goes_stays(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = RowsCache(tmp_path / "cache", remote, 10)
    async with cache.open("rows/a"):
        pass
    to_thread, going, may_go = asyncio.to_thread, asyncio.Event(), asyncio.Event()

    async def slowly(function: Callable[..., Any], *arguments: Any) -> Any:
        if getattr(function, "__name__", "") == "unlink":
            going.set()
            await may_go.wait()
        return await to_thread(function, *arguments)

    monkeypatch.setattr(module.asyncio, "to_thread", slowly)

    async def read_b() -> None:
        async with cache.open("rows/b"):
            pass

    reading = asyncio.create_task(read_b())
    async with asyncio.timeout(20):
        await going.wait()
        async with cache.open("rows/a") as path:
            may_go.set()
            await reading
            assert path.read_bytes() == b"a" * 10


async def test_what_another_process_fetches_is_let_be(remote: Remote, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    (folder / "other.part").write_bytes(b"half")
    async with RowsCache(folder, remote, 100).open("rows/a") as path:
        assert path.read_bytes() == b"a" * 10
    assert (folder / "other.part").exists()


async def test_nothing_is_kept_of_what_nobody_reads(remote: Remote, tmp_path: Path) -> None:
    cache = RowsCache(tmp_path / "cache", remote, 0)
    for _ in range(2):
        async with cache.open("rows/a"), cache.open("rows/b"):
            pass
    assert (len(cache._fetching), len(cache._in_use), len(cache._sizes)) == (0, 0, 0)
    assert list((tmp_path / "cache").iterdir()) == []
