"""Parquet and Arrow files: cut, lying, bent bit by bit, unfolding to far too much, or of shapes that nobody expects."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from chaos.hostile_file import IMPORTS, MIB, HostileFile, Shelf

ROWS = 2_000
FLIPPED = 20
_UNREADABLE = ("parquet.unreadable",)
_ARROW = ("arrow.unreadable",)


def hostile_columnar(seed: int) -> list[HostileFile]:
    return [*_damage(seed), *_flips(seed), *_bombs(seed), *_shapes(seed), *_arrow(seed)]


def table() -> pa.Table:
    """Return a harmless table."""
    names = [f"name {number % 37}" for number in range(ROWS)]
    days = [date(2024, 1, 1 + number % 28) for number in range(ROWS)]
    return pa.table({"id": range(ROWS), "name": names, "day": days, "size": np.linspace(0, 1, ROWS)})


def parquet(content: pa.Table | None = None, **options: object) -> bytes:
    target = io.BytesIO()
    pq.write_table(table() if content is None else content, target, **options)
    return target.getvalue()


def arrow(content: pa.Table | None = None, *, stream: bool = False) -> bytes:
    content = table() if content is None else content
    target = io.BytesIO()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(target, content.schema) as writer:
        writer.write_table(content)
    return target.getvalue()


def _damage(seed: int) -> list[HostileFile]:
    shelf = Shelf("parquet-damage", seed)
    whole = parquet()
    random = shelf.random("noise")
    shelf.add("cut-at-half", "half.parquet", whole[: len(whole) // 2], *_UNREADABLE)
    shelf.add("cut-in-the-footer", "footer.parquet", whole[:-50], *_UNREADABLE)
    shelf.add("cut-by-one", "one.parquet", whole[:-1], *_UNREADABLE)
    shelf.add("signature-only", "four.parquet", b"PAR1", *_UNREADABLE, "format.")
    shelf.add("signatures-only", "eight.parquet", b"PAR1PAR1", *_UNREADABLE, "format.")
    shelf.add("wrong-signature-at-the-start", "start.parquet", b"PARX" + whole[4:], *_UNREADABLE, "format.not_a_table")
    shelf.add("wrong-signature-at-the-end", "end.parquet", whole[:-4] + b"PARX", *_UNREADABLE)
    lengths = {"huge": 2**31 - 1, "negative": -1, "lowest": -(2**31), "zero": 0, "beyond": len(whole), "one": 1}
    for label, length in lengths.items():
        shelf.add(
            f"footer-length-{label}", f"{label}.parquet", whole[:-8] + struct.pack("<l", length) + b"PAR1", *_UNREADABLE
        )
    noise = random.randbytes(5_000)
    shelf.add(
        "noise-between-signatures", "noise.parquet", b"PAR1" + noise + struct.pack("<L", 4_000) + b"PAR1", *_UNREADABLE
    )
    varints = b"\x19\xfc\xff\xff\xff\x0f" * 20
    shelf.add(
        "footer-of-huge-counts",
        "counts.parquet",
        b"PAR1" + varints + struct.pack("<L", len(varints)) + b"PAR1",
        *_UNREADABLE,
    )
    deep = b"\x1c" * 100_000
    shelf.add(
        "footer-nested-100000-deep",
        "deep.parquet",
        b"PAR1" + deep + struct.pack("<L", len(deep)) + b"PAR1",
        *_UNREADABLE,
    )
    footer = struct.unpack("<L", whole[-8:-4])[0]
    shelf.add(
        "pages-of-zeros",
        "pages.parquet",
        b"PAR1" + bytes(len(whole) - footer - 12) + whole[-footer - 8 :],
        *_UNREADABLE,
    )
    shelf.add("footer-alone", "alone.parquet", b"PAR1" + whole[-footer - 8 :], *_UNREADABLE)
    # The footer at the end tells of places in the first copy, which are right.
    shelf.add("twice", "twice.parquet", whole + whole, IMPORTS, *_UNREADABLE)
    shelf.add("junk-behind", "behind.parquet", whole + b"\n", *_UNREADABLE)
    shelf.add("encrypted-footer", "secret.parquet", b"PARE" + whole[4:-4] + b"PARE", "parquet.encrypted", *_UNREADABLE)
    return shelf.files


def _flips(seed: int) -> list[HostileFile]:
    """Bend one bit in the footer of one half of the files and in a page of the other half."""
    shelf = Shelf("parquet-flip", seed)
    checked = parquet(write_page_checksum=True)
    footer = struct.unpack("<L", checked[-8:-4])[0]
    for number in range(FLIPPED):
        random = shelf.random(str(number))
        in_footer = number % 2 == 0
        start, end = (len(checked) - footer - 8, len(checked) - 8) if in_footer else (4, len(checked) - footer - 8)
        place = random.randrange(start, end)
        bent = checked[:place] + bytes([checked[place] ^ (1 << random.randrange(8))]) + checked[place + 1 :]
        where = "footer" if in_footer else "page"
        may = (
            *_UNREADABLE,
            IMPORTS,
            "limit.",
            "parquet.encrypted",
            "format.empty",
            "format.blank",
            "table.too_many_columns",
        )
        shelf.add(f"{where}-{number}", "bent.parquet", bent, *may)
    return shelf.files


def _bombs(seed: int) -> list[HostileFile]:
    shelf = Shelf("parquet-bomb", seed)
    limits = ("limit.", "archive.bomb")

    def add(label: str, write: Callable[[Path], None], *may: str) -> None:
        shelf.add_written(label, f"{label}.parquet", write, *may)

    add("one-text-of-50-mb-10-million-times", lambda path: _dictionary(path, 50 * MIB, 10_000_000), *limits)
    add("one-text-of-1-mb-1-million-times", lambda path: _dictionary(path, MIB, 1_000_000), *limits)
    add("one-text-of-1-kb-100-million-times", lambda path: _dictionary(path, 1_000, 100_000_000), *limits)
    add("zeros-of-300-million-rows", _zeros, *limits, IMPORTS)
    add("nulls-of-2-billion-rows", _nulls, *limits, IMPORTS)
    add("one-cell-of-200-mb", lambda path: _one_cell(path, 200), *limits, IMPORTS)
    add("a-list-of-50-million", _one_list, *limits, IMPORTS)
    return shelf.files


def _dictionary(path: Path, length: int, rows: int) -> None:
    """Write one long text so many times; a run of equal places in the dictionary costs a few bytes."""
    step = min(rows, 10_000_000)
    texts = pa.array(["x" * length])
    column = pa.DictionaryArray.from_arrays(pa.array(np.zeros(step, np.int32)), texts)
    made = pa.table({"text": column})
    with pq.ParquetWriter(
        path, made.schema, compression="zstd", dictionary_pagesize_limit=2**30, write_statistics=False
    ) as writer:
        for _ in range(rows // step):
            writer.write_table(made, row_group_size=step)


def _zeros(path: Path) -> None:
    made = pa.table({"n": np.zeros(10_000_000, np.int64)})
    with pq.ParquetWriter(path, made.schema, compression="zstd") as writer:
        for _ in range(30):
            writer.write_table(made, row_group_size=10_000_000)


def _nulls(path: Path) -> None:
    made = pa.table({"n": pa.nulls(20_000_000, pa.int64())})
    with pq.ParquetWriter(path, made.schema, compression="zstd") as writer:
        for _ in range(100):
            writer.write_table(made, row_group_size=20_000_000)


def _one_cell(path: Path, megabytes: int) -> None:
    cell = pa.array([b"x" * (megabytes * MIB)], pa.large_binary()).cast(pa.large_string())
    pq.write_table(pa.table({"id": [1], "text": cell}), path, compression="zstd", use_dictionary=False)


def _one_list(path: Path) -> None:
    values = pa.array(np.zeros(50_000_000, np.int64))
    one = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    pq.write_table(pa.table({"list": one}), path, compression="zstd")


def _shapes(seed: int) -> list[HostileFile]:
    shelf = Shelf("parquet-shape", seed)

    def add(label: str, make: Callable[[], pa.Table], *may: str) -> None:
        shelf.add(label, f"{label}.parquet", lambda: parquet(make()), *may)

    add("no-columns", lambda: pa.table({}), "format.empty", "format.blank")
    add("no-rows", lambda: table().slice(0, 0), IMPORTS, "format.empty", "format.blank")
    add("columns-10000", lambda: pa.table({f"c{number}": [1] for number in range(10_000)}), "table.too_many_columns")
    add("same-name-thrice", lambda: pa.Table.from_arrays([pa.array([1])] * 3, ["a", "a", "a"]), IMPORTS)
    names = ["", " ", "\u202ea", "a\nb", "<script>", "__raw", "c0", "c0__written", "é", "e\u0301"]
    add("names-hostile", lambda: pa.Table.from_arrays([pa.array([1])] * len(names), names), IMPORTS)
    add("lists-50-deep", lambda: pa.table({"a": pa.array([None], _nested(50, pa.list_))}), IMPORTS, *_UNREADABLE)
    structs = _nested(50, lambda kind: pa.struct([("a", kind)]))
    add("structs-50-deep", lambda: pa.table({"a": pa.array([None], structs)}), IMPORTS, *_UNREADABLE)
    lists = _nested(400, pa.list_)
    add("lists-400-deep", lambda: pa.table({"a": pa.array([None], lists)}), IMPORTS, *_UNREADABLE, "table.", "limit.")
    pairs = pa.array([[("a", 1), ("a", 2)], [], None], pa.map_(pa.string(), pa.int64()))
    add("map-with-a-key-twice", lambda: pa.table({"a": pairs}), IMPORTS)
    add("not-utf-8", lambda: pa.table({"a": _as_text(b"\xff\xfe\xc0\x80"), "b": [1]}), IMPORTS, *_UNREADABLE)
    add("binary", lambda: pa.table({"a": [bytes(range(256)), b"", None]}), IMPORTS)
    times = pa.array([-(2**63), 2**63 - 1, 0], pa.int64())
    for unit in ("ms", "us", "ns"):
        add(
            f"times-out-of-range-{unit}",
            partial(pa.table, {"a": times.cast(pa.timestamp(unit))}),
            IMPORTS,
            *_UNREADABLE,
        )
    zone = pa.timestamp("us", "Atlantis/Nowhere")
    add("unknown-zone", lambda: pa.table({"a": pa.array([0], pa.int64()).cast(zone)}), IMPORTS, *_UNREADABLE)
    days = pa.array([-(2**31), 2**31 - 1], pa.int32()).cast(pa.date32())
    add("dates-out-of-range", lambda: pa.table({"a": days}), IMPORTS, *_UNREADABLE)
    add(
        "floats-not-numbers",
        lambda: pa.table({"a": [float("nan"), float("inf"), -float("inf"), -0.0, 5e-324]}),
        IMPORTS,
    )
    widest = pa.array([10**75], pa.decimal256(76, 0))
    add("decimals-of-76-digits", lambda: pa.table({"a": widest}), IMPORTS)
    add("unsigned-64-bits", lambda: pa.table({"a": pa.array([2**64 - 1], pa.uint64())}), IMPORTS)
    noisy = {b"ARROW:schema": b"!" * 1_000, b"pandas": b"{" * 100_000, b"k": b"v" * MIB}
    add("metadata-hostile", lambda: table().replace_schema_metadata(noisy), IMPORTS, *_UNREADABLE)
    groups = {"row_group_size": 1}
    shelf.add("row-groups-2000-of-one-row", "groups.parquet", lambda: parquet(**groups), IMPORTS)
    return shelf.files


def _nested(levels: int, wrap: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    kind = pa.int64()
    for _ in range(levels):
        kind = wrap(kind)
    return kind


def _as_text(content: bytes) -> pa.Array:
    """Return bytes that claim to be text without being looked at."""
    raw = pa.array([content], pa.binary())
    return pa.Array.from_buffers(pa.string(), 1, raw.buffers())


def _arrow(seed: int) -> list[HostileFile]:
    shelf = Shelf("arrow", seed)
    whole, stream = arrow(), arrow(stream=True)
    other = (*_ARROW, "format.", "parquet.unreadable")
    shelf.add("cut-at-half", "half.arrow", whole[: len(whole) // 2], *_ARROW)
    shelf.add("cut-by-one", "one.arrow", whole[:-1], *_ARROW)
    shelf.add("signature-only", "signature.arrow", b"ARROW1\0\0", *_ARROW)
    shelf.add("wrong-signature-at-the-end", "end.arrow", whole[:-6] + b"ARROWX", *_ARROW)
    for label, length in {"huge": 2**31 - 1, "negative": -1, "zero": 0}.items():
        shelf.add(
            f"footer-length-{label}", f"{label}.arrow", whole[:-10] + struct.pack("<l", length) + b"ARROW1", *_ARROW
        )
    shelf.add("stream", "stream.arrows", stream, *other, IMPORTS)
    shelf.add("stream-cut", "cut.arrows", stream[: len(stream) // 2], *other)
    shelf.add(
        "stream-of-a-huge-message",
        "huge.arrows",
        b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(99),
        *other,
        "encoding.",
        "csv.",
    )
    shelf.add("feather-1", "old.feather", b"FEA1" + bytes(500) + b"FEA1", "format.")
    shelf.add("offsets-astray", "offsets.arrow", _astray, *_ARROW)
    shelf.add("dictionary-places-astray", "places.arrow", lambda: arrow(_misplaced()), *_ARROW)
    shelf.add("dictionary-unfolds-to-10-gb", "unfolds.arrow", lambda: arrow(_unfolding()), "limit.", "archive.bomb")
    shelf.add("not-utf-8", "latin.arrow", lambda: arrow(pa.table({"a": _as_text(b"\xff\xfe")})), *_ARROW, IMPORTS)
    shelf.add("views-and-runs", "runs.arrow", lambda: arrow(_runs()), *_ARROW, IMPORTS)
    shelf.add(
        "nulls-1-billion", "nulls.arrow", lambda: arrow(pa.table({"n": pa.nulls(10**9)})), "limit.", IMPORTS, *_ARROW
    )
    shelf.add("batches-20000", "batches.arrow", lambda: _many_batches(20_000), IMPORTS)
    for number in range(10):
        random = shelf.random(str(number))
        place = (
            random.randrange(8, len(whole) - 6) if number % 2 else random.randrange(len(whole) - 400, len(whole) - 6)
        )
        bent = whole[:place] + bytes([whole[place] ^ (1 << random.randrange(8))]) + whole[place + 1 :]
        shelf.add(
            f"bit-flipped-{number}",
            "bent.arrow",
            bent,
            *_ARROW,
            IMPORTS,
            "limit.",
            "format.empty",
            "format.blank",
            "table.",
        )
    return shelf.files


def _astray() -> bytes:
    """Return texts whose offsets lie far outside their bytes, and run backwards; the library refuses to write them."""
    honest = np.array([0, 11, 24, 41], np.int32).tobytes()
    astray = np.array([0, 2**30, 5, 2**31 - 1], np.int32).tobytes()
    content = arrow(pa.table({"a": ["x" * 11, "y" * 13, "z" * 17]}))
    if content.count(honest) != 1:
        raise ValueError("the offsets are not where they are looked for")
    return content.replace(honest, astray)


def _misplaced() -> pa.Table:
    places = pa.array([0, 7, -1, 2**31 - 1], pa.int32())
    return pa.table({"a": pa.DictionaryArray.from_arrays(places, pa.array(["x"]), safe=False)})


def _unfolding() -> pa.Table:
    places = pa.array(np.zeros(10_000, np.int32))
    return pa.table({"a": pa.DictionaryArray.from_arrays(places, pa.array(["x" * MIB]))})


def _runs() -> pa.Table:
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([10**9], pa.int64()), pa.array(["x" * 1_000]))
    return pa.table({"a": runs.slice(0, 1_000), "b": pa.array(["y"] * 1_000, pa.string_view())})


def _many_batches(count: int) -> bytes:
    batch = pa.record_batch({"a": [1]})
    target = io.BytesIO()
    with pa.ipc.new_file(target, batch.schema) as writer:
        for _ in range(count):
            writer.write_batch(batch)
    return target.getvalue()
