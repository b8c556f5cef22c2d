"""An S3-compatible bucket as object store, through obstore."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store as Bucket

from headway.storage.errors import ObjectMissing, StoreUnavailable
from headway.storage.s3_appender import S3Appender, assemble
from headway.storage.store import (
    CHUNK_BYTES,
    Appender,
    ObjectInfo,
    ObjectStore,
    Piece,
    Presigns,
    checked_key,
    copy_through,
    fetch_through,
    put_through,
)

PART_BYTES = 8 * 1024 * 1024
QUEUED_CHUNKS = 4
"""How far the sender may be ahead of the store, in chunks; this bounds the memory of an upload."""

REQUEST_TIMEOUT = "120s"
"""obstore's timeout is for a whole request: a part of 8 MiB at 100 kB/s needs 80 s."""

CONNECT_TIMEOUT = "3s"
RETRIES = 3
RETRY_SECONDS = 30
UNKNOWN_ACCESS_KEY = "AKIAHEADWAYCHECKUP00"
"""Stands in where the credentials come from the machine's role, which has no key to pair a wrong secret with."""


@runtime_checkable
class HasCredentials(Presigns, Protocol):
    """An ability of some stores: who asks is part of every request, so one can ask as somebody else."""

    def anonymous(self) -> ObjectStore:
        """Return the same store as somebody sees it who has no credentials."""

    def with_secret(self, secret: str) -> ObjectStore:
        """Return the same store for the same access key, with another secret."""

    async def put_if_absent(self, key: str, content: bytes) -> bool:
        """Store the object unless there is one, and say whether it was stored. Headway itself never asks this."""


@contextlib.contextmanager
def _translated(key: str = "") -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        raise ObjectMissing(key=key) from error
    except (BaseError, OSError) as error:
        # A 5xx can mean anything: SeaweedFS says "full" with 265 MB free. The file is not to blame.
        raise StoreUnavailable from error


class S3Store:
    """Objects in one bucket, below a prefix. Credentials are the usual AWS_* variables."""

    def __init__(
        self, bucket: str, *, prefix: str = "", endpoint: str | None = None, region: str = "us-east-1"
    ) -> None:
        self._bucket_name = bucket
        self._options: dict[str, Any] = {
            "prefix": prefix or None,
            "endpoint": endpoint,
            "region": region,
            "virtual_hosted_style_request": False if endpoint else None,
            "client_options": {
                "allow_http": bool(endpoint and endpoint.startswith("http://")),
                "connect_timeout": CONNECT_TIMEOUT,
                "timeout": REQUEST_TIMEOUT,
            },
            "retry_config": {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
        }
        self._bucket = Bucket(bucket, **self._options)

    def _opened_as(self, **credentials: Any) -> S3Store:
        other = copy.copy(self)
        other._bucket = Bucket(self._bucket_name, **self._options, **credentials)  # noqa: SLF001 - one of us
        return other

    def anonymous(self) -> ObjectStore:
        return self._opened_as(skip_signature=True)

    def with_secret(self, secret: str) -> ObjectStore:
        access_key = os.environ.get("AWS_ACCESS_KEY_ID", UNKNOWN_ACCESS_KEY)
        return self._opened_as(access_key_id=access_key, secret_access_key=secret)

    async def presigned(self, key: str, seconds: int) -> str:
        with _translated(key):
            return await obstore.sign_async(self._bucket, "GET", checked_key(key), timedelta(seconds=seconds))

    async def put_if_absent(self, key: str, content: bytes) -> bool:
        try:
            with _translated(key):
                await obstore.put_async(self._bucket, checked_key(key), content, mode="create")
        except StoreUnavailable as error:
            if isinstance(error.__cause__, AlreadyExistsError):
                return False
            raise
        return True

    async def open_writer(self, key: str, headers: Mapping[str, str] | None = None) -> S3Writer:
        return S3Writer(self._bucket, checked_key(key), headers)

    async def open_appender(self, key: str, offset: int, pieces: Sequence[Piece]) -> Appender:
        return await S3Appender.opened(self, self._put_whole, checked_key(key), offset, pieces)

    async def _put_whole(self, key: str, content: bytes) -> None:
        with _translated(key):
            await obstore.put_async(self._bucket, key, content, use_multipart=False)

    async def assemble(
        self,
        key: str,
        pieces: Sequence[Piece],
        size_bytes: int,
        target: str,
        look: Callable[[bytes], object] | None = None,
    ) -> None:
        await assemble(self, pieces, size_bytes, target, look)

    async def copy(self, source: str, target: str) -> None:
        await copy_through(self, source, target)

    async def stat(self, key: str) -> ObjectInfo:
        with _translated(key):
            found = await obstore.head_async(self._bucket, checked_key(key))
        return ObjectInfo(key, found["size"], found["last_modified"])

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        if length == 0:
            await self.stat(key)
            return
        with _translated(key):
            options: obstore.GetOptions = {}
            if length is not None:
                options["range"] = (start, start + length)
            elif start:
                options["range"] = {"offset": start}
            answer = await obstore.get_async(self._bucket, checked_key(key), options=options)
            async for chunk in answer.stream(CHUNK_BYTES):
                yield bytes(chunk)

    async def put_file(self, path: Path, key: str) -> int:
        return await put_through(self, path, key)

    async def fetch_file(self, key: str, path: Path) -> int:
        return await fetch_through(self, key, path)

    async def delete(self, key: str) -> None:
        with contextlib.suppress(ObjectMissing), _translated(key):
            await obstore.delete_async(self._bucket, checked_key(key))

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        with _translated():
            async for batch in obstore.list(self._bucket, prefix=prefix.rstrip("/") or None):
                for found in batch:
                    yield ObjectInfo(found["path"], found["size"], found["last_modified"])

    async def check(self) -> None:
        with _translated():
            await obstore.list_with_delimiter_async(self._bucket, prefix="readiness")

    async def free_bytes(self) -> int | None:
        return None

    async def close(self) -> None:
        """Obstore closes its connections with the store."""


class S3Writer:
    """Feeds chunks to one streaming put.

    obstore's own writer leaves a multipart upload behind for ever when it is dropped; a put from an iterator
    aborts it when the iterator raises. So `abort` makes the iterator raise.
    """

    def __init__(self, bucket: Bucket, key: str, headers: Mapping[str, str] | None = None) -> None:
        self._bucket = bucket
        self._key = key
        self._headers = dict(headers) if headers else None
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUED_CHUNKS)
        self._aborted = False
        self._size = 0
        self._put = asyncio.create_task(self._send())

    async def _send(self) -> None:
        await obstore.put_async(
            self._bucket,
            self._key,
            self._incoming(),
            attributes=self._headers,
            use_multipart=True,
            chunk_size=PART_BYTES,
            max_concurrency=2,
        )

    async def _incoming(self) -> AsyncIterator[bytes]:
        while (chunk := await self._chunks.get()) is not None:
            yield chunk
        if self._aborted:
            raise InterruptedError("the upload was given up")

    async def write(self, chunk: bytes) -> None:
        if chunk:
            self._size += len(chunk)
            await self._feed(bytes(chunk))

    async def _feed(self, chunk: bytes | None) -> None:
        """Hand a chunk over, or raise what ended the put before it."""
        hand_over = asyncio.ensure_future(self._chunks.put(chunk))
        await asyncio.wait({hand_over, self._put}, return_when=asyncio.FIRST_COMPLETED)
        if not hand_over.done():
            hand_over.cancel()
        if self._put.done():
            with _translated(self._key):
                self._put.result()

    async def commit(self) -> int:
        """Complete the object, then look at what the store says it holds."""
        await self._feed(None)
        with _translated(self._key):
            await self._put
            stored = (await obstore.head_async(self._bucket, self._key))["size"]
        if stored != self._size:
            raise StoreUnavailable(f"The store kept {stored:,} of {self._size:,} bytes.")
        return self._size

    async def abort(self) -> None:
        if self._aborted:
            return
        self._aborted = True
        if not self._put.done():
            while not self._chunks.empty():
                self._chunks.get_nowait()
            self._chunks.put_nowait(None)
            await asyncio.gather(self._put, return_exceptions=True)
        # It may have been completed all the same, if its last byte was on its way already.
        if not self._put.cancelled() and self._put.exception() is None:
            with contextlib.suppress(BaseError, OSError):
                await obstore.delete_async(self._bucket, self._key)
