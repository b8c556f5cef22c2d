"""What happens once every byte of an upload is there, exactly once, whoever is still listening.

The bytes become one object, their size and digest are compared with what was announced, the sender's rights are asked
for again, and then the file is accepted like any other. None of it depends on the request that brought the last byte:
a client that hears nothing asks again, and what a crash interrupts is found and done again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import Context
from hashlib import sha256 as new_sha256
from uuid import UUID

from headway.errors import AppError
from headway.intake import queries
from headway.intake.acceptance import Acceptance, ArrivedFile
from headway.intake.identity import arriving_prefix, original_key
from headway.intake.leases import UploadLeases
from headway.intake.models import Upload
from headway.intake.quota import Quota
from headway.intake.schemas import ImportOptions
from headway.intake.tus_errors import DigestMismatch, NotAllowedAnyMore, UploadGone, UploadLost
from headway.jobs.errors import StaleLease
from headway.jobs.schemas import JobResponse
from headway.kit.db import Database
from headway.storage.errors import ObjectMissing
from headway.storage.store import HeldElsewhere, ObjectStore

log = logging.getLogger(__name__)

AT_ONCE = 2
"""Files that are put together at the same time; each takes some 30 MB of memory where the store is S3."""

ANSWER_SECONDS = 20.0
"""How long a request waits for the end. Proxies give up after a minute, and the job tells the rest."""

MayImport = Callable[[str], Awaitable[bool]]
"""Says whether an owner may still import files."""


class Finishing:
    """Turns uploads that have arrived into imports."""

    def __init__(
        self,
        database: Database,
        store: ObjectStore,
        acceptance: Acceptance,
        quota: Quota,
        leases: UploadLeases,
        may_import: MayImport,
    ) -> None:
        self._database = database
        self._store = store
        self._acceptance = acceptance
        self._quota = quota
        self._leases = leases
        self._may_import = may_import
        self._under_way: dict[UUID, asyncio.Task[JobResponse]] = {}
        self._clearing: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(AT_ONCE)

    def is_under_way(self, job_id: UUID) -> bool:
        return job_id in self._under_way

    def begin(self, upload: Upload, sha256: str | None) -> None:
        """Finish an upload whose job this process holds; `sha256` is of its bytes, if that is known already."""
        if upload.job_id in self._under_way:
            return
        # In no request's context: it goes on without the request.
        task = asyncio.create_task(self._finish(upload, sha256), context=Context())
        self._under_way[upload.job_id] = task
        task.add_done_callback(lambda done: self._forget(upload.job_id, done))

    def _forget(self, job_id: UUID, done: asyncio.Task[JobResponse]) -> None:
        del self._under_way[job_id]
        if not done.cancelled() and (error := done.exception()) is not None:
            known = isinstance(error, AppError)
            about = {"job_id": job_id}
            log.log(
                logging.INFO if known else logging.ERROR, "upload %s was not finished: %s", job_id, error,
                exc_info=None if known else error, extra=about,
            )  # fmt: skip

    async def wait(self, job_id: UUID) -> None:
        """Return when the upload is finished, or after a while; raise why it could not be."""
        if (task := self._under_way.get(job_id)) is not None:
            await asyncio.wait({task}, timeout=ANSWER_SECONDS)
            if task.done():
                task.result()

    async def close(self) -> None:
        """Break off what is under way; it is done again from its beginning."""
        tasks = [*self._under_way.values(), *self._clearing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _finish(self, upload: Upload, sha256: str | None) -> JobResponse:
        async with self._leases.beating(upload.job_id), self._places:
            try:
                return await self._accept(upload, sha256)
            except StaleLease:
                raise UploadGone from None
            except ObjectMissing as error:
                await self.give_up(upload.job_id, UploadLost(object=error.data.get("key", "")))
                raise UploadLost from error
            except AppError as error:
                if not error.retryable:
                    await self.give_up(upload.job_id, error)
                raise

    async def _accept(self, upload: Upload, sha256: str | None) -> JobResponse:
        lease = self._leases.on(upload.job_id)
        await self._ask_for_rights(upload)
        if sha256 is None:
            sha256 = await self._put_together(upload, look=True)
            is_stored = True
        else:
            is_stored = False
        _refuse_other(upload, sha256)
        options = ImportOptions.model_validate(upload.options)
        file = ArrivedFile(upload.user_id, upload.file_name, upload.offset_bytes, sha256, options)
        existing = await self._acceptance.find_duplicate(lease, file)
        if existing is None and not is_stored:
            await self._put_together(upload, look=False)
        if existing is None:
            job = await self._acceptance.promise(lease, file)
        else:
            job = await self._acceptance.end_as_duplicate(lease, file, existing)
        self._clear_later(upload.job_id, original=existing is not None)
        return job

    async def _ask_for_rights(self, upload: Upload) -> None:
        """They were there at the beginning, which may be days ago."""
        if not await self._may_import(upload.user_id):
            raise NotAllowedAnyMore
        self._quota.refuse_too_large(upload.offset_bytes)
        async with self._database.write() as session:
            # Its own bytes are among those that are reserved.
            await self._quota.refuse_over_quota_in(session, upload.user_id, 0)

    async def _put_together(self, upload: Upload, *, look: bool) -> str:
        """Make what has arrived one durable object; return its digest, if it was looked at."""
        digest, target = new_sha256(), original_key(upload.job_id)
        if upload.copied_from is not None:
            await self._store.copy(upload.copied_from, target)
        elif upload.offset_bytes == 0:
            await (await self._store.open_writer(target)).commit()
        else:
            async with self._database.read() as session:
                pieces = await queries.list_pieces(session, upload.job_id)
            key = arriving_prefix(upload.job_id).rstrip("/")
            await self._store.assemble(key, pieces, upload.offset_bytes, target, digest.update if look else None)
        found = (await self._store.stat(target)).size_bytes
        if found != upload.offset_bytes:
            raise ObjectMissing(f"It has {found:,} of {upload.offset_bytes:,} bytes.", key=target)
        return digest.hexdigest()

    async def give_up(self, job_id: UUID, problem: AppError) -> None:
        """End an upload that this process holds, and its job, and remove its bytes."""
        try:
            await self._acceptance.refuse(self._leases.on(job_id), problem)
        except StaleLease:
            return
        await self.clear(job_id, original=True)

    def _clear_later(self, job_id: UUID, *, original: bool) -> None:
        """Nobody waits for that, and the sweep finds what is left if it does not come to it."""
        task = asyncio.create_task(self.clear(job_id, original=original), context=Context())
        self._clearing.add(task)
        task.add_done_callback(self._clearing.discard)

    async def clear(self, job_id: UUID, *, original: bool) -> None:
        """Remove what an upload has left in the store; also the object that it became, if nobody was promised that."""
        try:
            keys = [found.key async for found in self._store.list(arriving_prefix(job_id))]
            for key in [*keys, original_key(job_id)] if original else keys:
                await self._store.delete(key)
        except (AppError, HeldElsewhere) as error:
            log.warning("what is left of upload %s is left for the sweep: %s", job_id, error, extra={"job_id": job_id})


def _refuse_other(upload: Upload, sha256: str) -> None:
    if upload.sha256 not in {None, sha256}:
        raise DigestMismatch(
            "Its SHA-256 is another one than was announced.", expected_sha256=upload.sha256, sha256=sha256
        )
