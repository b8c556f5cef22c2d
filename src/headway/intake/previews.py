"""`Previews`: what a file looks like before it is imported, or read otherwise; nothing of it is kept.

Of what is stored only some blocks are read, and of what is sent only the beginning, so that the size of a file does not
matter. It is parsed in a limited child like everything else, under limits that let a person wait.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from headway.datasets.decisions import explained
from headway.datasets.schemas import ColumnResponse
from headway.datasets.service import DatasetService
from headway.intake import queries
from headway.intake.detection import ARCHIVE, recognise
from headway.intake.identity import display_name
from headway.intake.looking import Looking
from headway.intake.parsing import ParseOptions, ParseRequest
from headway.intake.preview_errors import PreviewBusy, PreviewNeedsWhole
from headway.intake.sandbox import Sandbox
from headway.intake.schemas import (
    ImportOptions,
    PreviewRequest,
    PreviewResponse,
    PreviewTable,
    ReadingOptions,
    SentRanges,
)
from headway.intake.upload_errors import UploadMalformed
from headway.jobs.errors import JobNotFound
from headway.kit.db import Database
from headway.plurals import counted
from headway.storage.store import HasLocalFiles, ObjectStore

MIB = 1024 * 1024
HEAD_BYTES = 2 * MIB
MIDDLE_BYTES, MIDDLES = 64 * 1024, 4
WHOLE_BYTES = 64 * MIB
"""A format that has its table of contents at its end is fetched whole up to this size, where the store is no folder.
So much may be sent of a file in ranges."""

UNPACKED_BYTES = 4 * WHOLE_BYTES

MEMORY_BYTES = 384 * MIB
WALL_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file in the store, and the options that it was read with."""

    key: str
    file_name: str
    options: dict[str, Any]
    part: int = 0


class Previews:
    """Looks at files for the people who own them."""

    def __init__(
        self, database: Database, store: ObjectStore, datasets: DatasetService, folder: Path, *, isolation: Any
    ) -> None:
        self._database = database
        self._store = store
        self._datasets = datasets
        sandbox = Sandbox(memory_bytes=MEMORY_BYTES, wall_seconds=WALL_SECONDS, isolation=isolation, rooms=folder)
        self._looking = Looking(sandbox, folder, "preview", PreviewBusy)

    async def close(self) -> None:
        await self._looking.close()

    async def of_sent(self, file_name: str, chunks: AsyncIterator[bytes], options: ReadingOptions) -> PreviewResponse:
        """Look at the beginning of what is being sent; the rest is not waited for."""
        async with self._looking.folder() as folder:
            head, size, is_whole = folder / "head", 0, True
            with head.open("wb") as file:
                async for chunk in chunks:
                    size += file.write(chunk[: HEAD_BYTES - size])
                    if size >= HEAD_BYTES:
                        is_whole = False
                        break
            request = _request(folder, head, display_name(file_name), options, is_whole=is_whole)
            return await self._look(request, size=size)

    async def of_ranges(
        self, file_name: str, chunks: AsyncIterator[bytes], options: ReadingOptions, sent: SentRanges
    ) -> PreviewResponse:
        """Look at a file of which some ranges are sent, as one that has its table of contents at its end needs it.

        Raises `UploadMalformed` if other bytes come than were announced, `PreviewNeedsWhole` if they are too many.
        """
        if sent.bytes > WHOLE_BYTES:
            raise PreviewNeedsWhole(f"The ranges have {sent.bytes:,} bytes; of a file {WHOLE_BYTES:,} are looked at.")
        async with self._looking.folder() as folder:
            source = await _placed(folder / "head", chunks, sent)
            ranges = [] if sent.is_whole else sent.ranges
            request = _request(folder, source, display_name(file_name), options, is_whole=True, ranges=ranges)
            return await self._look(request, size=sent.size)

    async def of_stored(self, owner: str, body: PreviewRequest) -> PreviewResponse:
        """Look at the file of a dataset or of an import of the owner, with the options that are to be others."""
        stored = await self._find(owner, body)
        kept = {name: value for name, value in stored.options.items() if name in ReadingOptions.model_fields}
        options = ReadingOptions.model_validate({**kept, **body.options.model_dump(exclude_unset=True)})
        async with self._looking.folder() as folder:
            size = (await self._store.stat(stored.key)).size_bytes
            head = await self._block(stored.key, 0, HEAD_BYTES, folder / "head")
            looked = partial(_request, folder, file_name=stored.file_name, options=options, part=stored.part)
            if size <= HEAD_BYTES:
                return await self._look(looked(head, is_whole=True), size=size)
            with head.open("rb") as file:
                known = recognise(file.read(MIB), stored.file_name)
            is_archive = known.compression == ARCHIVE
            if is_archive or (known.compression is None and known.format not in {"delimited", "json", "ndjson", None}):
                whole = await self._whole(stored.key, size, folder)
                return await self._look(looked(whole, is_whole=True), size=size)
            places = [HEAD_BYTES + (size - HEAD_BYTES) * number // (MIDDLES + 1) for number in range(1, MIDDLES + 1)]
            middles = {
                f"middle-{number}": await self._block(stored.key, place, MIDDLE_BYTES, folder / f"middle-{number}")
                for number, place in enumerate(places)
            }
            return await self._look(looked(head, is_whole=False, others=middles), size=size)

    # ----------------------------------------------------------------------------------------------- parts

    async def _find(self, owner: str, body: PreviewRequest) -> _Stored:
        if body.dataset_id is not None:
            first = (await self._datasets.changes.get_base(owner, body.dataset_id)).sources[0]
            return _Stored(first.original_key, first.source["file_name"], first.options, first.part)
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

    async def _look(self, request: ParseRequest, *, size: int) -> PreviewResponse:
        return _answer((await self._looking.look(request)).answer, size=size)


def _request(
    folder: Path, source: Path, file_name: str, options: ReadingOptions, *, is_whole: bool, part: int = 0,
    ranges: list[list[int]] | None = None, others: dict[str, Path] | None = None,
) -> ParseRequest:  # fmt: skip
    return ParseRequest(
        source=source, file_name=file_name, output_dir=folder / "out", options=_parse_options(options),
        max_unpacked_bytes=UNPACKED_BYTES, memory_bytes=MEMORY_BYTES, operation="preview", others=others or {},
        ranges=ranges or [], arguments={"is_whole": is_whole, "part": part},
    )  # fmt: skip


async def _placed(path: Path, chunks: AsyncIterator[bytes], sent: SentRanges) -> Path:
    """Write ranges of a file to their places; what lies between them takes no room."""
    at, (start, end) = 0, sent.ranges[0]
    with path.open("wb") as file:
        file.truncate(sent.size)
        async for chunk in chunks:
            rest = memoryview(chunk)
            while rest:
                if start == end:
                    at += 1
                    if at == len(sent.ranges):
                        raise UploadMalformed(f"More bytes came than the {sent.bytes:,} of the ranges.")
                    start, end = sent.ranges[at]
                file.seek(start)
                written = file.write(rest[: end - start])
                start, rest = start + written, rest[written:]
    if (at, start) != (len(sent.ranges) - 1, end):
        raise UploadMalformed(f"Fewer bytes came than the {sent.bytes:,} of the ranges.")
    return path


def _parse_options(options: ReadingOptions) -> ParseOptions:
    return ImportOptions.model_validate(options.model_dump()).parse_options()


def _answer(answer: dict[str, Any], *, size: int) -> PreviewResponse:
    rows, has_sheets = answer["rows_read"], sum(table["kind"] == "sheet" for table in answer["tables"]) > 1
    said = (
        f"These are the types of the first {counted(rows, 'row')}; the whole file decides."
        if answer["is_sample"]
        else f"This is the whole {'sheet' if has_sheets else 'file'}."
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
        tables=[PreviewTable.model_validate(table) for table in answer["tables"]],
        decisions=[explained(decision) for decision in answer["decisions"]],
    )
