"""A JSON object of columns, each a list of values, as rows. The columns are spooled, because one stands behind another."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from headway.intake.formats.json_scan import Cells, Taken
from headway.intake.formats.json_walk import elements
from headway.intake.formats.json_window import Window

_BATCH_VALUES = 1_024
"""Of each column in memory at a time, because there may be thousands of columns."""

_SCHEMA = pa.schema([("token", pa.string())])


def transposed(
    source: Path, encoding: str | None, on_read: Callable[[int], None], spool: Path
) -> Iterator[Taken[Cells]]:
    """Yield rows; their text is an object of the values as they stand in the file."""
    batches = _spool_columns(source, encoding, on_read, spool)
    prefixes = {key: json.dumps(key, ensure_ascii=False) + ":" for key in batches}
    with pa.OSFile(str(spool), "rb") as file, ipc.open_file(file) as reader:
        columns = [_tokens(reader, numbers) for numbers in batches.values()]
        for tokens in zip(*columns, strict=True):
            cells: Cells = list(zip(batches, tokens, strict=True))
            raw = ",".join(prefixes[key] + token for key, token in zip(batches, tokens, strict=True))
            yield Taken(cells, "{" + raw + "}")
    spool.unlink()


def _spool_columns(
    source: Path, encoding: str | None, on_read: Callable[[int], None], spool: Path
) -> dict[str, list[int]]:
    """Write the values of every column, and return the numbers of the batches that hold them."""
    batches: dict[str, list[int]] = {}
    waiting: list[str] = []
    count, current = 0, ""
    options = ipc.IpcWriteOptions(compression="lz4")
    with (
        source.open("rb") as file,
        pa.OSFile(str(spool), "wb") as sink,
        ipc.new_file(sink, _SCHEMA, options=options) as writer,
    ):

        def flush() -> None:
            nonlocal count, waiting
            if waiting:
                writer.write_batch(pa.record_batch([pa.array(waiting, pa.string())], schema=_SCHEMA))
                batches.setdefault(current, []).append(count)
                count, waiting = count + 1, []

        window = Window(file, on_read, encoding)
        for path, element in elements(window, None):
            if path[0] != current or len(waiting) >= _BATCH_VALUES:
                flush()
                current = path[0]
            waiting.append(element.raw)
        flush()
        window.expect_end()
    return batches


def _tokens(reader: ipc.RecordBatchFileReader, numbers: list[int]) -> Iterator[str]:
    for number in numbers:
        yield from reader.get_batch(number).column(0).to_pylist()
