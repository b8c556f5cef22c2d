"""Every object store keeps these promises: the local folder and a real S3 server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from headway.storage.errors import ObjectMissing, StoreFull, StoreUnavailable
from headway.storage.local import TEMPORARY, LocalStore
from headway.storage.opening import open_store
from headway.storage.s3 import PART_BYTES
from headway.storage.store import HasLocalFiles, ObjectStore
from tests.support.seaweed import SeaweedFS, running_seaweed

SIZES = [0, 1, 1000, PART_BYTES, 2 * PART_BYTES + 12_345]


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    with running_seaweed(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["local", "s3"])
async def any_store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ObjectStore]:
    if request.param == "local":
        opened = open_store(f"file://{tmp_path}/objects")
    else:
        server: SeaweedFS = request.getfixturevalue("seaweed")
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        opened = open_store(server.url(uuid4().hex))
    yield opened
    await opened.close()


async def put(store: ObjectStore, key: str, data: bytes) -> int:
    writer = await store.open_writer(key)
    for start in range(0, len(data), 1_000_000):
        await writer.write(data[start : start + 1_000_000])
    return await writer.commit()


async def get(store: ObjectStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(key, start, length)])


async def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return sorted([info.key async for info in store.list(prefix)])


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_committed_reads_back_whole(any_store: ObjectStore, size: int) -> None:
    data = os.urandom(size)
    assert await put(any_store, "originals/a", data) == size
    assert (await any_store.stat("originals/a")).size_bytes == size
    assert hashlib.sha256(await get(any_store, "originals/a")).digest() == hashlib.sha256(data).digest()


async def test_ranges(any_store: ObjectStore) -> None:
    data = bytes(range(256)) * 100
    await put(any_store, "a", data)
    assert await get(any_store, "a", 10, 20) == data[10:30]
    assert await get(any_store, "a", 25_590) == data[25_590:]
    assert await get(any_store, "a", 25_590, 1000) == data[25_590:]
    assert await get(any_store, "a", 0, 0) == b""


async def test_files_go_in_and_come_out(any_store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(os.urandom(3_000_000))
    assert await any_store.put_file(source, "rows/1.parquet") == 3_000_000
    assert await any_store.fetch_file("rows/1.parquet", target) == 3_000_000
    assert target.read_bytes() == source.read_bytes()


async def test_an_object_is_replaced_whole(any_store: ObjectStore) -> None:
    await put(any_store, "a", b"first and longer")
    await put(any_store, "a", b"second")
    assert await get(any_store, "a") == b"second"


@pytest.mark.parametrize("size", [0, 5, 2 * PART_BYTES])
async def test_an_aborted_object_was_never_there(any_store: ObjectStore, size: int) -> None:
    writer = await any_store.open_writer("originals/never")
    for _ in range(0, size, 1_000_000):
        await writer.write(b"x" * 1_000_000)
    await writer.abort()
    await writer.abort()
    with pytest.raises(ObjectMissing):
        await any_store.stat("originals/never")
    assert await keys(any_store) == []
    if isinstance(any_store, HasLocalFiles):
        folder = any_store.local_path("x").parent  # type: ignore[union-attr]
        assert list((folder / TEMPORARY).iterdir()) == []


async def test_nothing_is_visible_before_the_commit(any_store: ObjectStore) -> None:
    writer = await any_store.open_writer("originals/a")
    await writer.write(b"x" * 1000)
    assert await keys(any_store) == []
    await writer.commit()
    assert await keys(any_store) == ["originals/a"]


async def test_listing_is_by_folder(any_store: ObjectStore) -> None:
    for key in ("rows/1/0.parquet", "rows/2/0.parquet", "originals/1"):
        await put(any_store, key, b"x")
    assert await keys(any_store, "rows") == ["rows/1/0.parquet", "rows/2/0.parquet"]
    assert await keys(any_store, "rows/1/") == ["rows/1/0.parquet"]
    assert len(await keys(any_store)) == 3
    assert await keys(any_store, "nothing") == []


async def test_what_is_not_there_is_missing(any_store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing):
        await any_store.stat("a")
    with pytest.raises(ObjectMissing):
        await get(any_store, "a")
    with pytest.raises(ObjectMissing):
        await any_store.fetch_file("a", tmp_path / "a")
    await any_store.delete("a")


async def test_deleted_is_gone(any_store: ObjectStore) -> None:
    await put(any_store, "a", b"x")
    await any_store.delete("a")
    with pytest.raises(ObjectMissing):
        await any_store.stat("a")


@pytest.mark.parametrize("key", ["", "/a", "../a", "a/../b", "a//b", "a b", ".hidden", "a/.hidden", "ü"])
async def test_keys_are_ours(any_store: ObjectStore, key: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        await any_store.open_writer(key)
    with pytest.raises(ValueError, match="not an object key"):
        await any_store.stat(key)


async def test_a_working_store_says_so(any_store: ObjectStore) -> None:
    await any_store.check()
    free = await any_store.free_bytes()
    assert free is None or free > 0


async def test_a_store_that_is_away_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway.storage.s3.RETRIES", 0)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    away = open_store("s3://bucket?endpoint=http://127.0.0.1:1")
    with pytest.raises(StoreUnavailable):
        await away.check()
    with pytest.raises(StoreUnavailable):
        await put(away, "a", b"x" * (PART_BYTES + 1))
    with pytest.raises(StoreUnavailable):
        await away.delete("a")


async def test_a_full_disk_is_told_apart_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path)
    writer = await store.open_writer("a")
    await writer.write(b"x")

    def no_room(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(StoreFull):
        await writer.commit()
    await writer.abort()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_a_local_commit_syncs_the_file_and_every_folder_that_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def spy(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    root = tmp_path / "objects"
    await put(LocalStore(root), "rows/job/0.parquet", b"data")
    files = [path for path in synced if path.endswith(".part")]
    folders = {path for path in synced if not path.endswith(".part")}
    assert len(files) == 1
    assert folders >= {str(tmp_path), str(root), str(root / "rows"), str(root / "rows" / "job")}
    assert synced.index(files[0]) < synced.index(str(root / "rows" / "job"))


@pytest.mark.parametrize(
    "url", ["", "objects", "file://host/folder", "file:relative", "s3://", "s3://b?endpont=x", "gs://bucket"]
)
def test_a_wrong_address_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(ValueError, match="HEADWAY_STORAGE_URL"):
        open_store(url)
