"""One file of a job on its way into the store: hashed, counted and held to its limit as it comes."""

from __future__ import annotations

import hashlib

from headway.jobs.artifacts.errors import ArtifactTooLarge
from headway.storage.store import ObjectWriter


class ArtifactWriter:
    """Takes the bytes of a file. `rows` may be set while it is written, for who reads the list of a job's files."""

    def __init__(self, writer: ObjectWriter, max_bytes: int) -> None:
        self._writer = writer
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self.size_bytes = 0
        self.rows: int | None = None
        self.is_durable = False

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises `ArtifactTooLarge` with the first one over the limit."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise ArtifactTooLarge(
                f"A file of a job may have {self._max_bytes:,} bytes.", max_artifact_bytes=self._max_bytes
            )
        self._hash.update(chunk)
        await self._writer.write(chunk)

    async def commit(self) -> None:
        """Make the file durable. Nobody sees it before a row names it."""
        # Whatever the answer, from here on the object may be there.
        self.is_durable = True
        await self._writer.commit()

    async def abort(self) -> None:
        await self._writer.abort()
