"""Checks that every object store must pass: what Headway asks of the port, and nothing that it does not ask."""

from __future__ import annotations

import asyncio
import hashlib
import os
import string
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from headway.errors import AppError
from headway.storage.errors import ObjectMissing
from headway.storage.s3 import PART_BYTES
from headway.storage.store import CHUNK_BYTES, ObjectWriter
from headway.storage.trial import Check, Defect, Trial, in_parallel, what_it_said

LISTED = 1_150
"""S3 answers with at most 1,000 objects a page, so this needs a second page."""

TOGETHER = 8
MEGA = 1_000_000
CHARACTERS = string.ascii_letters + string.digits + "._-"


async def answers(trial: Trial) -> str:
    await trial.store.check()
    return "The store answers."


async def small_object(trial: Trial) -> str:
    return await _there_and_back(trial, "small", 1_000)


async def empty_object(trial: Trial) -> str:
    return await _there_and_back(trial, "empty", 0)


async def one_part(trial: Trial) -> str:
    return await _there_and_back(trial, "one-part", PART_BYTES)


async def _there_and_back(trial: Trial, name: str, size: int) -> str:
    key, data = trial.key(name), os.urandom(size)
    await trial.put(key, data)
    read = await trial.get(key)
    if read != data:
        raise Defect(f"{size:,} bytes were stored and {_difference(read, data)} came back. Uploads would be damaged.")
    return f"{size:,} bytes were stored and came back."


def _difference(read: bytes, wanted: bytes) -> str:
    return f"{len(read):,} bytes" if len(read) != len(wanted) else "other bytes"


async def many_parts(trial: Trial) -> str:
    """Stream an object of several parts in and out; block and chunk are all that is ever held."""
    key, sha = trial.key("large"), hashlib.sha256()
    begun = time.perf_counter()
    await trial.put_blocks(key, _blocks(trial.large_bytes, sha))
    stored = time.perf_counter()
    size, digest = await trial.digest(key)
    read = time.perf_counter()
    if size != trial.large_bytes:
        raise Defect(f"{trial.large_bytes:,} bytes were stored in parts and {size:,} came back. Uploads would be cut.")
    if digest != sha.digest():
        raise Defect(f"{size:,} bytes were stored in parts and came back changed. Uploads would be damaged.")
    speeds = [size / MEGA / max(seconds, 1e-6) for seconds in (stored - begun, read - stored)]
    return f"{size:,} bytes came back unchanged, {speeds[0]:,.0f} MB/s in and {speeds[1]:,.0f} MB/s out."


def _blocks(size: int, sha: hashlib._Hash) -> Iterator[bytes]:
    """Yield blocks that all differ, so that parts in a wrong order change the hash."""
    filling = os.urandom(CHUNK_BYTES)
    for start in range(0, size, CHUNK_BYTES):
        block = (start.to_bytes(8, "big") + filling[8:])[: size - start]
        sha.update(block)
        yield block


async def sizes(trial: Trial) -> str:
    for size in (0, 1, 4_321, PART_BYTES + 1):
        key = trial.key(f"sizes/{size}")
        await trial.put(key, bytes(size))
        told = (await trial.store.stat(key)).size_bytes
        if told != size:
            raise Defect(f"An object of {size:,} bytes is said to have {told:,}. Downloads would be cut or never end.")
    listed = {found.key: found.size_bytes async for found in trial.store.list(f"{trial.prefix}/sizes")}
    wrong = [key for key, told in listed.items() if key.rpartition("/")[2] != str(told)]
    if wrong:
        raise Defect(f"The listing tells a wrong size for {len(wrong)} of {len(listed)} objects.")
    return "Sizes are told as they were written."


RANGED = bytes(range(256)) * 100


async def range_middle(trial: Trial) -> str:
    return await _range(trial, 10_000, 5_000)


async def range_to_end(trial: Trial) -> str:
    return await _range(trial, 20_001, None)


async def range_empty(trial: Trial) -> str:
    return await _range(trial, 100, 0)


async def range_beyond(trial: Trial) -> str:
    return await _range(trial, 25_000, 10_000)


async def _range(trial: Trial, start: int, length: int | None) -> str:
    key = trial.key("ranged")
    await trial.put(key, RANGED)
    wanted = RANGED[start : None if length is None else start + length]
    try:
        read = await trial.get(key, start, length)
    except AppError as error:
        raise Defect(f"A part of an object was asked for and not given.{what_it_said(error)}") from error
    if read != wanted:
        raise Defect(
            f"{len(wanted):,} bytes from byte {start:,} were asked for and {_difference(read, wanted)} came back: "
            "the store does not honour ranges."
        )
    return f"{len(wanted):,} bytes from byte {start:,} came back."


async def overwrite(trial: Trial) -> str:
    key = trial.key("overwritten")
    for content in (b"the first, which is longer", b"the second", b"the third one"):
        await trial.put(key, content)
        if await trial.get(key) != content:
            raise Defect("An object that was replaced still reads as before. A cache may stand before the store.")
        told = (await trial.store.stat(key)).size_bytes
        if told != len(content):
            raise Defect(f"An object that was replaced has {len(content)} bytes, and the store says {told}.")
    return "A replaced object reads as the new one at once."


async def seen_at_once(trial: Trial) -> str:
    for number in range(5):
        key = trial.key(f"fresh/{number}")
        await trial.put(key, b"x")
        if not await trial.exists(key):
            raise Defect("An object that was stored is missing when one asks for it right after.")
        if key not in await trial.listed(f"{trial.prefix}/fresh"):
            raise Defect("An object that was stored is not listed right after.")
    return "A stored object is found and listed at once."


async def listing_complete(trial: Trial) -> str:
    wanted = [trial.key(f"listed/{number:05}") for number in range(LISTED)]

    async def put(key: str) -> None:
        await trial.put(key, b"x")

    async for _ in in_parallel(put, wanted):
        pass
    found = await trial.listed(f"{trial.prefix}/listed")
    missing, twice = len(set(wanted) - set(found)), len(found) - len(set(found))
    if missing:
        raise Defect(f"{missing:,} of {LISTED:,} objects are not listed. Headway's clean-up would not find them.")
    if twice:
        raise Defect(f"{twice:,} of {LISTED:,} objects are listed more than once.")
    if set(found) != set(wanted):
        raise Defect("A listing contains objects that were never stored.")
    return f"{LISTED:,} objects are listed, each once."


async def listing_by_folder(trial: Trial) -> str:
    inside, beside = trial.key("folder/a/b/1"), [trial.key("folder/a/bc/1"), trial.key("folder/a/b.d")]
    for key in (inside, *beside):
        await trial.put(key, b"x")
    for prefix in (f"{trial.prefix}/folder/a/b", f"{trial.prefix}/folder/a/b/"):
        found = await trial.listed(prefix)
        if set(found) & set(beside):
            raise Defect("The listing of a/b contains objects of a/bc. Clean-up could remove what is not its own.")
        if found != [inside]:
            raise Defect(f"The listing of a folder with one object has {len(found)}.")
    return "The listing of a folder contains only what is in it."


async def delete(trial: Trial) -> str:
    key = trial.key("deleted")
    await trial.put(key, b"x")
    await trial.store.delete(key)
    if await trial.exists(key):
        raise Defect("An object that was deleted is still there. What people delete would be kept.")
    if key in await trial.listed(trial.prefix):
        raise Defect("An object that was deleted is still listed.")
    return "A deleted object is gone at once."


async def delete_twice(trial: Trial) -> str:
    key = trial.key("deleted-twice")
    await trial.put(key, b"x")
    await trial.store.delete(key)
    await trial.store.delete(key)
    return "Deleting what is not there is no error."


async def invisible_before_commit(trial: Trial) -> str:
    key = trial.key("uncommitted")
    writer = await trial.store.open_writer(key)
    try:
        for _ in range(0, 2 * PART_BYTES, CHUNK_BYTES):
            await writer.write(os.urandom(CHUNK_BYTES))
        if await trial.exists(key) or key in await trial.listed(trial.prefix):
            raise Defect("An object can be seen while it is still being written.")
    finally:
        await writer.abort()
    return "An object that is being written cannot be seen."


async def abort(trial: Trial) -> str:
    for size in (CHUNK_BYTES, 2 * PART_BYTES):
        key = trial.key(f"aborted/{size}")
        await _give_up(await trial.store.open_writer(key), size)
        if await trial.exists(key) or key in await trial.listed(f"{trial.prefix}/aborted"):
            raise Defect("An upload that was given up left an object behind. Cut uploads would fill the store.")
    return "An upload that was given up leaves no object behind."


async def failed_overwrite(trial: Trial) -> str:
    old = b"this stays"
    for size in (CHUNK_BYTES, 2 * PART_BYTES):
        key = trial.key(f"kept/{size}")
        await trial.put(key, old)
        await _give_up(await trial.store.open_writer(key), size)
        try:
            kept = await trial.get(key) == old
        except ObjectMissing:
            kept = False
        if not kept:
            raise Defect("A write that was given up half-way damaged the object that was there before.")
    return "A write that is given up half-way leaves the old object."


async def _give_up(writer: ObjectWriter, after_bytes: int) -> None:
    try:
        for _ in range(0, after_bytes, CHUNK_BYTES):
            await writer.write(os.urandom(CHUNK_BYTES))
    finally:
        await writer.abort()


async def missing(trial: Trial) -> str:
    key = trial.key("never-stored")
    with TemporaryDirectory() as folder:
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "asked about": lambda: trial.store.stat(key),
            "read": lambda: trial.get(key),
            "read in part": lambda: trial.get(key, 5, 5),
            "fetched": lambda: trial.store.fetch_file(key, Path(folder) / "fetched"),
        }
        for way, ask in ways.items():
            await _must_miss(way, ask)
    return "A missing object is told as missing."


async def _must_miss(way: str, ask: Callable[[], Awaitable[object]]) -> None:
    try:
        await ask()
    except ObjectMissing:
        return
    except AppError as error:
        said = type(error).__name__
        raise Defect(f"An object that does not exist is told as {said} when it is {way}, not as missing.") from error
    raise Defect(f"An object that does not exist can be {way} without an error.")


async def files(trial: Trial) -> str:
    key, data = trial.key("file"), os.urandom(3 * CHUNK_BYTES + 5)
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "in", Path(folder) / "out"
        await asyncio.to_thread(source.write_bytes, data)
        told = await trial.store.put_file(source, key), await trial.store.fetch_file(key, target)
        same = await asyncio.to_thread(target.read_bytes) == data
    if not same or told != (len(data), len(data)):
        raise Defect("A file that was stored came back changed.")
    return "A file was stored and fetched unchanged."


async def parallel(trial: Trial) -> str:
    async def there_and_back(number: int) -> bool:
        key, data = trial.key(f"parallel/{number}"), os.urandom(CHUNK_BYTES + number)
        await trial.put(key, data)
        return await trial.get(key) == data

    same = await asyncio.gather(*map(there_and_back, range(TOGETHER)))
    if not all(same):
        raise Defect(f"{same.count(False)} of {TOGETHER} objects written at the same time came back changed.")
    return f"{TOGETHER} objects were written and read at the same time."


async def two_writers(trial: Trial) -> str:
    for name, size in (("small", 1_000), ("parts", PART_BYTES + CHUNK_BYTES)):
        key = trial.key(f"contended/{name}")
        # Of one size: a writer that finds another size than its own after its commit rightly complains.
        contents = [os.urandom(size), os.urandom(size)]
        await _write_by_turns([await trial.store.open_writer(key) for _ in contents], contents)
        if await trial.get(key) not in contents:
            raise Defect("Two uploads to one key left a mixture of both. An object must be one of them, whole.")
    return "Of two writers to one key one wins whole."


async def _write_by_turns(writers: list[ObjectWriter], contents: list[bytes]) -> None:
    try:
        turns = list(zip(writers, contents, strict=True))
        for start in range(0, len(contents[0]), CHUNK_BYTES):
            for writer, content in turns:
                await writer.write(content[start : start + CHUNK_BYTES])
            turns.reverse()  # whoever is always last would win every block, and the mixture would look whole
        await asyncio.gather(*(writer.commit() for writer in writers))
    except BaseException:
        await asyncio.gather(*(writer.abort() for writer in writers))
        raise


async def characters(trial: Trial) -> str:
    """Every character that a key of Headway can have, and capitals that only differ in case from small letters."""
    names = [f"keys/{CHARACTERS[:40]}/x{CHARACTERS[40:]}", "keys/case", "keys/CASE", "keys/a.b-c_d/-/_/0.parquet"]
    keys = [trial.key(name) for name in names]
    for key in keys:
        await trial.put(key, key.encode())
    for key in keys:
        if await trial.get(key) != key.encode():
            raise Defect(f"The object {key} reads as another one: the store confuses names.")
    lost = set(keys) - set(await trial.listed(f"{trial.prefix}/keys"))
    if lost:
        raise Defect(f"The listing does not have {min(lost)}, or has it under another name.")
    return "Every character that Headway uses in keys is kept."


OBJECT_CHECKS = (
    Check("small object", needed=True, run=small_object),
    Check("empty object", needed=True, run=empty_object),
    Check("object of one part", needed=True, run=one_part),
    Check("object of many parts", needed=True, run=many_parts),
    Check("files", needed=True, run=files),
    Check("sizes", needed=True, run=sizes),
    Check("range in the middle", needed=True, run=range_middle),
    Check("range to the end", needed=True, run=range_to_end),
    Check("range of nothing", needed=True, run=range_empty),
    Check("range beyond the end", needed=True, run=range_beyond),
    Check("overwrite", needed=True, run=overwrite),
    Check("read after write", needed=True, run=seen_at_once),
    Check("complete listing", needed=True, run=listing_complete),
    Check("listing by folder", needed=True, run=listing_by_folder),
    Check("delete", needed=True, run=delete),
    Check("delete twice", needed=True, run=delete_twice),
    Check("nothing before commit", needed=True, run=invisible_before_commit),
    Check("aborted write", needed=True, run=abort),
    Check("failed overwrite", needed=True, run=failed_overwrite),
    Check("missing object", needed=True, run=missing),
    Check("parallel work", needed=True, run=parallel),
    Check("two writers", needed=True, run=two_writers),
    Check("characters in keys", needed=True, run=characters),
)
