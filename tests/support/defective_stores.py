"""Object stores with one planted defect each, around a sound one."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from headway.storage.errors import ObjectMissing, StoreUnavailable
from headway.storage.local import TEMPORARY, LocalStore, LocalWriter
from headway.storage.s3 import PART_BYTES
from headway.storage.store import ObjectInfo, ObjectStore


class CutsRanges(LocalStore):
    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        shorter = length - 1 if length else length
        async for chunk in super().read(key, start, shorter):
            yield chunk


class IgnoresRanges(LocalStore):
    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        async for chunk in super().read(key):
            yield chunk


class RefusesRanges(LocalStore):
    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        if start:
            raise StoreUnavailable from OSError("non-partial response from http://user:hidden@host/bucket")
        async for chunk in super().read(key, start, length):
            yield chunk


class KeepsDeleted(LocalStore):
    async def delete(self, key: str) -> None:
        """Promise and do nothing."""


class RefusesToDeleteTwice(LocalStore):
    async def delete(self, key: str) -> None:
        await self.stat(key)
        await super().delete(key)


class ListsOnePage(LocalStore):
    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        count = 0
        async for found in super().list(prefix):
            count += 1
            if count <= 1000:
                yield found


class ListsTwice(LocalStore):
    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        count = 0
        async for found in super().list(prefix):
            count += 1
            yield found
            if count == 1000:
                yield found


class ListsSiblings(LocalStore):
    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        async for found in super().list(""):
            if found.key.startswith(prefix.rstrip("/")):
                yield found


class LiesAboutSize(LocalStore):
    async def stat(self, key: str) -> ObjectInfo:
        found = await super().stat(key)
        return ObjectInfo(key, found.size_bytes + (found.size_bytes > 4000), found.modified_at)


class KeepsAborted(LocalStore):
    class _Writer(LocalWriter):
        async def abort(self) -> None:
            if not self._file.closed:
                await self.commit()

    async def open_writer(self, key: str) -> LocalWriter:
        return self._Writer(self._root, key)


class KeepsTemporaryFiles(LocalStore):
    class _Writer(LocalWriter):
        async def abort(self) -> None:
            self._file.close()

    async def open_writer(self, key: str) -> LocalWriter:
        return self._Writer(self._root, key)


class ReadsFromCache(LocalStore):
    """What was read once is read again from memory."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._cached: dict[str, bytes] = {}

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        if key not in self._cached:
            self._cached[key] = b"".join([chunk async for chunk in super().read(key)])
        content = self._cached[key][start:]
        yield content if length is None else content[:length]


class HidesMissing(LocalStore):
    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        with suppress(ObjectMissing):
            async for chunk in super().read(key, start, length):
                yield chunk


class TellsMissingAsAway(LocalStore):
    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        try:
            async for chunk in super().read(key, start, length):
                yield chunk
        except ObjectMissing as error:
            raise StoreUnavailable from error


class WritesInPlace(LocalStore):
    """Every writer writes into the object itself, so two of them tear each other, and readers see the beginning."""

    class _Writer(LocalWriter):
        async def write(self, chunk: bytes) -> None:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            with self._target.open("r+b" if self._target.exists() else "wb") as target:
                target.seek(self._size)
                target.write(chunk)
            self._size += len(chunk)

        async def commit(self) -> int:
            await self.write(b"")
            with self._target.open("r+b") as target:
                target.truncate(self._size)
            await self.abort()
            return self._size

    async def open_writer(self, key: str) -> LocalWriter:
        return self._Writer(self._root, key)


class SwapsParts(LocalStore):
    """Assembles what is longer than two parts in a wrong order; the size is right."""

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        content = b"".join([chunk async for chunk in super().read(key, start, length)])
        if len(content) > 2 * PART_BYTES:
            content = content[PART_BYTES : 2 * PART_BYTES] + content[:PART_BYTES] + content[2 * PART_BYTES :]
        yield content


class FindsLate(LocalStore):
    """A new object is listed only from the second question on."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._known: set[str] = set()

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        found = [each async for each in super().list(prefix)]
        for each in found:
            if "/fresh/" not in each.key or each.key in self._known:
                yield each
        self._known |= {each.key for each in found}


class IgnoresCase(LocalStore):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._first: dict[str, str] = {}

    def _same(self, key: str) -> str:
        return self._first.setdefault(key.lower(), key)

    async def open_writer(self, key: str) -> LocalWriter:
        return await super().open_writer(self._same(key))

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        async for chunk in super().read(self._same(key), start, length):
            yield chunk


class ForgetsNothingness(LocalStore):
    """Objects without content are not kept, as in stores that know only parts."""

    async def stat(self, key: str) -> ObjectInfo:
        found = await super().stat(key)
        if not found.size_bytes:
            raise ObjectMissing(key=key)
        return found

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        await self.stat(key)
        async for chunk in super().read(key, start, length):
            yield chunk


class RaisesItsOwn(LocalStore):
    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        if prefix.endswith("/listed"):
            raise RuntimeError("page token lost")
        async for found in super().list(prefix):
            yield found


class SharesTemporaryFile(LocalStore):
    """Two writers to one key write into one temporary file."""

    class _Writer(LocalWriter):
        def __init__(self, root: Path, key: str) -> None:
            super().__init__(root, key)
            self.discard()
            self._temporary = root / TEMPORARY / key.replace("/", "_")
            self._file = os.fdopen(os.open(self._temporary, os.O_WRONLY | os.O_CREAT), "wb")

        def _make_durable(self) -> None:
            self._file.close()
            self._target.parent.mkdir(parents=True, exist_ok=True)
            if self._temporary.exists():
                shutil.copy(self._temporary, self._target)
                self._temporary.unlink()

    async def open_writer(self, key: str) -> LocalWriter:
        return self._Writer(self._root, key)


class Hangs(LocalStore):
    """Never ends to read the object `small`."""

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        if key.endswith("/small"):
            await asyncio.Event().wait()
        async for chunk in super().read(key, start, length):
            yield chunk


class OpenToAll(LocalStore):
    """Asks nobody who they are; `address` is that of a web server on the folder."""

    def __init__(self, root: Path, address: str) -> None:
        super().__init__(root)
        self._address = address

    def anonymous(self) -> ObjectStore:
        return self

    def with_secret(self, secret: str) -> ObjectStore:
        return self

    async def presigned(self, key: str, seconds: int) -> str:
        return f"{self._address}/{key}?Expires={seconds}&Signature=unchecked"

    async def put_if_absent(self, key: str, content: bytes) -> bool:
        writer = await self.open_writer(key)
        await writer.write(content)
        await writer.commit()
        return True
