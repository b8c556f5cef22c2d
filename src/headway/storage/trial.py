"""What the checks of a store stand on: a fresh prefix, the objects made below it, and their removal."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar
from uuid import uuid4

from headway.errors import AppError
from headway.storage.errors import ObjectMissing
from headway.storage.store import CHUNK_BYTES, HasLocalFiles, ObjectStore

FOLDER = "checkup"
Verdict = Literal["ok", "defect", "note"]
Answer = TypeVar("Answer")
SAID_CHARACTERS = 200
AT_ONCE = 16
"""Requests under way at the same time where many small ones are made; a busy store should not notice us."""


class Defect(Exception):
    """The store did something that it must not do. The argument is the sentence for the operator."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended. A note is worth knowing; Headway works all the same."""

    name: str
    verdict: Verdict
    sentence: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a store. `run` returns the sentence of success or raises `Defect`.

    A defect of a check that is not `needed` becomes a note.
    """

    name: str
    needed: bool
    run: Callable[[Trial], Awaitable[str]]


@dataclass(slots=True)
class Trial:
    """The store under trial and everything that was put into it; sizes are in bytes."""

    store: ObjectStore
    large_bytes: int
    min_free_bytes: int
    prefix: str = field(default_factory=lambda: f"{FOLDER}/{uuid4()}")
    made: set[str] = field(default_factory=set)

    def key(self, name: str) -> str:
        """Return a key of ours and remember to remove it."""
        key = f"{self.prefix}/{name}"
        self.made.add(key)
        return key

    async def put(self, key: str, data: bytes) -> None:
        await self.put_blocks(key, (data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES)))

    async def put_blocks(self, key: str, blocks: Iterator[bytes]) -> None:
        writer = await self.store.open_writer(key)
        try:
            for block in blocks:
                await writer.write(block)
            await writer.commit()
        except BaseException:
            await writer.abort()
            raise

    async def get(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        return b"".join([chunk async for chunk in self.store.read(key, start, length)])

    async def digest(self, key: str) -> tuple[int, bytes]:
        """Return size and SHA-256 of an object as it reads back, holding one chunk at a time."""
        size, sha = 0, hashlib.sha256()
        async for chunk in self.store.read(key):
            size += len(chunk)
            sha.update(chunk)
        return size, sha.digest()

    async def listed(self, prefix: str) -> list[str]:
        return [found.key async for found in self.store.list(prefix)]

    async def exists(self, key: str) -> bool:
        try:
            await self.store.stat(key)
        except ObjectMissing:
            return False
        return True

    async def remove_all(self) -> int:
        """Remove every object below the prefix, also those that a listing hides; return how many resisted."""
        found = set(self.made)
        with suppress(Exception):  # a listing that fails has been told by its own check
            found |= {key for key in await self.listed(self.prefix) if key.startswith(f"{self.prefix}/")}
        left = sum([kept async for kept in in_parallel(self._remains, sorted(found))])
        if isinstance(self.store, HasLocalFiles):
            await asyncio.to_thread(_remove_empty_folders, self.store.local_path(self.prefix))
        return left

    async def _remains(self, key: str) -> bool:
        with suppress(Exception):  # what counts is whether the object is gone
            await self.store.delete(key)
        try:
            return await self.exists(key)
        except Exception:  # noqa: BLE001 - nobody knows, so somebody should look
            return True


async def in_parallel(ask: Callable[[str], Awaitable[Answer]], items: list[str]) -> AsyncIterator[Answer]:
    """Yield the answers in the order of the items; the first failure ends it once the others of its batch ended."""
    for start in range(0, len(items), AT_ONCE):
        batch = await asyncio.gather(*map(ask, items[start : start + AT_ONCE]), return_exceptions=True)
        for answer in batch:
            if isinstance(answer, BaseException):
                raise answer
            yield answer


def _remove_empty_folders(top: Path | None) -> None:
    """Objects are gone by now; what is left of a prefix in a local folder is its skeleton."""
    if top is None or not top.is_dir():
        return
    for folder in [*sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True), top]:
        with suppress(OSError):
            folder.rmdir()


def what_it_said(error: AppError) -> str:
    """Return what the store itself said: S3's code and message, or the beginning of the library's first line."""
    said = without_passwords(str(error.__cause__ or "")).strip()
    parts = [found[1] for name in ("Code", "Message") if (found := re.search(rf"<{name}>(.*?)</{name}>", said))]
    if parts:
        return f" It said: {': '.join(parts).rstrip('.')}."
    return f" It said: {said.splitlines()[0][:SAID_CHARACTERS]}" if said else ""


def without_passwords(said: str) -> str:
    """Return the text with the user cut out of every address: libraries tell the whole endpoint."""
    return re.sub(r"//\S*@", "//", said)
