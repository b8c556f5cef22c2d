"""`Previews`: what a file looks like before it is imported, or read otherwise; nothing of it is kept.

Of what is stored only some blocks are read, and of what is sent only the beginning, so that the size of a file does not
matter. It is parsed in a limited child like everything else, under limits that let a person wait.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from headway.datasets.decisions import explained
from headway.datasets.schemas import ColumnResponse
from headway.datasets.service import DatasetService
from headway.intake import queries
from headway.intake.detection import ARCHIVE, recognise
from headway.intake.errors import PreviewBusy, PreviewNeedsWhole
from headway.intake.identity import display_name
from headway.intake.parsing import ParseOptions, ParseRequest
from headway.intake.sandbox import Sandbox
from headway.intake.schemas import ImportOptions, PreviewRequest, PreviewResponse, ReadingOptions
from headway.jobs.errors import JobNotFound
from headway.kit.db import Database
from headway.storage.store import HasLocalFiles, ObjectStore

MIB = 1024 * 1024
HEAD_BYTES = 2 * MIB
MIDDLE_BYTES, MIDDLES = 64 * 1024, 4
WHOLE_BYTES = 64 * MIB
"""A format that has its table of contents at its end is fetched whole up to this size, where the store is no folder."""

MEMORY_BYTES = 384 * MIB
WALL_SECONDS = 30.0
AT_ONCE, WAITING = 2, 8


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file in the store, and the options that it was read with."""

    key: str
    file_name: str
    options: dict[str, Any]


class Previews:
    """Looks at files for the people who own them."""

    def __init__(
        self, database: Database, store: ObjectStore, datasets: DatasetService, folder: Path, *, isolation: Any
    ) -> None:
        self._database = database
        self._store = store
        self._datasets = datasets
        self._folder = folder
        self._sandbox = Sandbox(memory_bytes=MEMORY_BYTES, wall_seconds=WALL_SECONDS, isolation=isolation, rooms=folder)
        self._starting = asyncio.Lock()
        self._started = False
        self._places = asyncio.Semaphore(AT_ONCE)
        self._inside = 0

    async def close(self) -> None:
        if self._started:
            await self._sandbox.close()

    async def of_sent(self, file_name: str, chunks: AsyncIterator[bytes], options: ReadingOptions) -> PreviewResponse:
        """Look at the beginning of what is being sent; the rest is not waited for."""
        async with self._working() as folder:
            head, size, is_whole = folder / "head", 0, True
            with head.open("wb") as file:
                async for chunk in chunks:
                    size += file.write(chunk[: HEAD_BYTES - size])
                    if size >= HEAD_BYTES:
                        is_whole = False
                        break
            return await self._look(folder, head, display_name(file_name), options, {}, size=size, is_whole=is_whole)

    async def of_stored(self, owner: str, body: PreviewRequest) -> PreviewResponse:
        """Look at the file of a dataset or of an import of the owner, with the options that are to be others."""
        stored = await self._find(owner, body)
        kept = {name: value for name, value in stored.options.items() if name in ReadingOptions.model_fields}
        options = ReadingOptions.model_validate({**kept, **body.options.model_dump(exclude_unset=True)})
        async with self._working() as folder:
            size = (await self._store.stat(stored.key)).size_bytes
            head = await self._block(stored.key, 0, HEAD_BYTES, folder / "head")
            if size <= HEAD_BYTES:
                return await self._look(folder, head, stored.file_name, options, {}, size=size, is_whole=True)
            with head.open("rb") as file:
                known = recognise(file.read(MIB), stored.file_name)
            is_archive = known.compression == ARCHIVE
            if is_archive or (known.compression is None and known.format not in {"delimited", "json", "ndjson", None}):
                whole = await self._whole(stored.key, size, folder)
                return await self._look(folder, whole, stored.file_name, options, {}, size=size, is_whole=True)
            places = [HEAD_BYTES + (size - HEAD_BYTES) * number // (MIDDLES + 1) for number in range(1, MIDDLES + 1)]
            middles = {
                f"middle-{number}": await self._block(stored.key, place, MIDDLE_BYTES, folder / f"middle-{number}")
                for number, place in enumerate(places)
            }
            return await self._look(folder, head, stored.file_name, options, middles, size=size, is_whole=False)

    # ----------------------------------------------------------------------------------------------- parts

    async def _find(self, owner: str, body: PreviewRequest) -> _Stored:
        if body.dataset_id is not None:
            first = (await self._datasets.changes.get_base(owner, body.dataset_id)).sources[0]
            return _Stored(first.original_key, first.source["file_name"], first.options)
        async with self._database.read() as session:
            found = await queries.list_imports(session, [body.job_id] if body.job_id else [])
        for record in found:
            if record.user_id == owner:
                return _Stored(record.original_key, record.file_name, record.options)
        raise JobNotFound

    async def _block(self, key: str, start: int, length: int, path: Path) -> Path:
        with path.open("wb") as file:
            async for chunk in self._store.read(key, start, length):
                file.write(chunk)
        return path

    async def _whole(self, key: str, size: int, folder: Path) -> Path:
        if isinstance(self._store, HasLocalFiles) and (path := self._store.local_path(key)):
            return path
        if size > WHOLE_BYTES:
            raise PreviewNeedsWhole(f"The file has {size:,} bytes; of such a file {WHOLE_BYTES:,} are looked at.")
        path = folder / "whole"
        await self._store.fetch_file(key, path)
        return path

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[Path]:
        """Lend a folder, once there is a place."""
        if self._inside >= AT_ONCE + WAITING:
            raise PreviewBusy(retry_after_seconds=2)
        self._inside += 1
        folder = self._folder / f"preview-{uuid4().hex}"
        try:
            async with self._places:
                await asyncio.to_thread(folder.mkdir, parents=True)
                yield folder
        finally:
            self._inside -= 1
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _look(
        self, folder: Path, source: Path, file_name: str, options: ReadingOptions, others: dict[str, Path], *,
        size: int, is_whole: bool,
    ) -> PreviewResponse:  # fmt: skip
        await self._start()
        output_dir = folder / "out"
        output_dir.mkdir()
        request = ParseRequest(
            source=source, file_name=file_name, output_dir=output_dir, options=_parse_options(options),
            max_unpacked_bytes=WHOLE_BYTES, memory_bytes=MEMORY_BYTES, operation="preview", others=others,
            arguments={"is_whole": is_whole},
        )  # fmt: skip
        result = await self._sandbox.parse(request, lambda _progress: None, asyncio.Event())
        return _answer(result.answer, size=size)

    async def _start(self) -> None:
        async with self._starting:
            if not self._started:
                self._folder.mkdir(parents=True, exist_ok=True)
                await self._sandbox.start()
                self._started = True


def _parse_options(options: ReadingOptions) -> ParseOptions:
    return ImportOptions.model_validate(options.model_dump()).parse_options()


def _answer(answer: dict[str, Any], *, size: int) -> PreviewResponse:
    rows = answer["rows_read"]
    said = (
        f"These are the types of the first {rows:,} rows that were looked at; the whole file decides."
        if answer["is_sample"]
        else "This is the whole file."
    )
    return PreviewResponse(
        is_sample=answer["is_sample"],
        message=said,
        format=answer["format"],
        bytes=size,
        rows_read=rows,
        rejected_rows=answer["rejected_rows"],
        rejected=answer["rejected"],
        columns=[ColumnResponse.model_validate(column) for column in answer["columns"]],
        rows=answer["rows"],
        written=answer["written"],
        decisions=[explained(decision) for decision in answer["decisions"]],
    )
