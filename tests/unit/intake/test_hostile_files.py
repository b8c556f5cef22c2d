"""A sample of the hostile files through the real sandbox: each ends in rows or in a sentence, in time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from chaos.hostile_files import IMPORTS, HostileFile, corpus, is_heavy, sample
from headway.errors import AppError, all_errors
from headway.intake.operations import OPERATIONS
from headway.intake.parsing import ParseOptions, ParseRequest
from headway.intake.sandbox import Sandbox

SEED = 1
SAMPLE = 27
MIB = 1024 * 1024
MEMORY_BYTES = 384 * MIB
WALL_SECONDS = 30
ALLOWANCE_SECONDS = 2
OURS = {"parse.crashed", "parse.protocol", "csv.records_do_not_add_up"}
"""Endings that say that we did not know what to do."""

MUST_HAVE = {
    "zip-bomb-overlapping",
    "xlsx-damage-lying-bomb",
    "xlsx-grid-far-corners",
    "xls-far-corners",
    "size-one-field-of-50-mb",
    "size-columns-100000",
    "json-deep-objects-100000",
    "encoding-nul-bytes-in-cells",
    "quote-open-at-the-start",
    "parquet-bomb-one-text-of-50-mb-10-million-times",
    "zip-lie-symlink",
    "zip-lie-name-traversal",
    "polyglot-csv-and-zip",
}


async def test_every_file_of_a_sample_ends_in_rows_or_in_a_reason(tmp_path: Path) -> None:
    sandbox = Sandbox(memory_bytes=MEMORY_BYTES, wall_seconds=WALL_SECONDS, rooms=tmp_path)
    await sandbox.start()
    turns = asyncio.Semaphore(2)
    try:
        wrong = await asyncio.gather(*(_wrong(sandbox, turns, file, tmp_path) for file in sample(SEED, SAMPLE)))
    finally:
        await sandbox.close()
    assert [sentence for sentence in wrong if sentence] == []


async def _wrong(sandbox: Sandbox, turns: asyncio.Semaphore, file: HostileFile, folder: Path) -> str | None:
    """Return what is wrong about how the parse of a file ends, if anything."""
    own = folder / file.label
    own.mkdir()
    async with turns:
        ending, problem = await _ending(sandbox, file, own)
    if not file.allows(ending) or ending in OURS:
        return f"{file.label} ends as {ending}: {problem}"
    if problem is not None and not (ending in all_errors() and problem.detail.strip() and problem.user_action.strip()):
        return f"{file.label} ends as {ending} without the words that it needs"
    return None


async def _ending(sandbox: Sandbox, file: HostileFile, folder: Path) -> tuple[str, AppError | None]:
    source, output_dir = folder / "source", folder / "out"
    file.write(source)
    output_dir.mkdir()
    request = ParseRequest(source, file.file_name, output_dir, ParseOptions(), 1024 * MIB, MEMORY_BYTES)
    parse = sandbox.parse(request, lambda _progress: None, asyncio.Event())
    try:
        # The sandbox has its own clock; this one only says whether that one works.
        await asyncio.wait_for(parse, WALL_SECONDS + ALLOWANCE_SECONDS)
    except AppError as error:
        return error.code, error
    return IMPORTS, None


LIGHT = [file for file in corpus(SEED) if file.group in {"json-shape", "json-broken", "zip-lie"} and not is_heavy(file)]


@pytest.mark.parametrize("file", LIGHT, ids=[file.label for file in LIGHT])
def test_shapes_of_json_and_lies_of_archives_end_as_they_may(file: HostileFile, tmp_path: Path) -> None:
    """Read without a child, which costs a hundredth: none of these needs more than a moment."""
    source, output_dir = tmp_path / "source", tmp_path / "out"
    file.write(source)
    output_dir.mkdir()
    request = ParseRequest(source, file.file_name, output_dir, ParseOptions(), 1024 * MIB, MEMORY_BYTES)
    try:
        ending = IMPORTS if OPERATIONS["parse"](request, lambda _progress: None).parts else "nothing"
    except AppError as error:
        ending = error.code
    assert file.allows(ending), f"{ending}, may: {sorted(file.may)}"
    assert ending not in OURS


def test_the_corpus_has_every_kind_and_each_file_its_own_label() -> None:
    labels = [file.label for file in corpus(SEED)]
    assert len(labels) == len(set(labels)) >= 600
    assert set(labels) >= MUST_HAVE


def test_a_sample_has_as_many_groups_as_it_can() -> None:
    chosen = sample(SEED, SAMPLE)
    assert [file.label for file in chosen] == [file.label for file in sample(SEED, SAMPLE)]
    assert len(chosen) == SAMPLE
    assert len({file.group for file in chosen}) == SAMPLE
