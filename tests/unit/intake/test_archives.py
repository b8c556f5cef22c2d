"""Compressed files: whole, in parts, broken, and bombs, in every way of compressing that is read."""

from __future__ import annotations

import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from headway.errors import AppError
from headway.intake import archives, codecs
from headway.intake.archives import unpack, unpack_beginning
from headway.intake.codecs import CODECS, codec_of
from headway.intake.errors import (
    ArchiveBomb,
    ArchiveCorrupt,
    ArchiveNested,
    ArchiveTrailing,
    ArchiveTruncated,
    FormatArchive,
    MemoryLimit,
    UnpackedSizeLimit,
)
from tests.unit.intake.packing import PACK, zstd

TEXT = b"".join(b"%d,text %d\n" % (i, i * 7919) for i in range(200_000))

PACKED = {name: pack(TEXT) for name, pack in PACK.items()}

every_codec = pytest.mark.parametrize("name", PACK)


def run(folder: Path, packed: bytes, max_bytes: int = 1 << 30) -> bytes:
    source, target = folder / "source", folder / "target"
    source.write_bytes(packed)
    codec = codec_of(packed)
    assert codec is not None
    size = unpack(source, target, codec, max_bytes, lambda _share: None)
    content = target.read_bytes()
    assert size == len(content)
    return content


def test_every_way_has_a_test() -> None:
    assert set(PACK) == {codec.name for codec in CODECS}


@every_codec
def test_it_unpacks_what_was_packed(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, PACKED[name]) == TEXT


@every_codec
def test_it_unpacks_every_stream(tmp_path: Path, name: str) -> None:
    parts = [TEXT[:1000], b"", TEXT[1000:], b"", b""]
    assert run(tmp_path, b"".join(map(PACK[name], parts))) == TEXT


@every_codec
def test_many_tiny_streams_take_no_long_time(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, PACK[name](b"1,2\n") * 20_000) == b"1,2\n" * 20_000


@every_codec
def test_nothing_packed_is_nothing(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, PACK[name](b"")) == b""


@every_codec
def test_zeros_behind_the_last_stream_are_padding(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, PACKED[name] + b"\0" * 3000) == TEXT


def test_frames_of_zstd_that_hold_no_content_are_skipped(tmp_path: Path) -> None:
    frame = b"\x5e\x2a\x4d\x18" + struct.pack("<L", 3) + b"abc"
    empty = b"\x50\x2a\x4d\x18" + bytes(4)
    assert run(tmp_path, frame + PACKED["zstd"] + frame + empty) == TEXT


@every_codec
@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 0.9999])
def test_a_file_that_stops_is_truncated(tmp_path: Path, name: str, share: float) -> None:
    packed = PACKED[name]
    with pytest.raises(ArchiveTruncated):
        run(tmp_path, packed[: max(10, int(len(packed) * share))])


@every_codec
@pytest.mark.parametrize("left", [10, 12, 500])
def test_a_second_stream_that_stops_is_truncated(tmp_path: Path, name: str, left: int) -> None:
    with pytest.raises(ArchiveTruncated):
        run(tmp_path, PACKED[name] + PACKED[name][:left])


@every_codec
@pytest.mark.parametrize("place", [0.3, 0.99])
def test_a_file_that_fails_its_own_checks_is_corrupt(tmp_path: Path, name: str, place: float) -> None:
    packed = PACKED[name]
    at = int(len(packed) * place)
    with pytest.raises(ArchiveCorrupt):
        run(tmp_path, packed[:at] + bytes(byte ^ 0x55 for byte in packed[at : at + 40]) + packed[at + 40 :])


@every_codec
@pytest.mark.parametrize("rest", [b"and more", b"x", b"\0\0\0\0and much, much more"])
def test_something_else_behind_a_stream_is_said(tmp_path: Path, name: str, rest: bytes) -> None:
    with pytest.raises(ArchiveTrailing, match=f"{len(TEXT):,}"):
        run(tmp_path, PACKED[name] + rest)


@every_codec
@pytest.mark.parametrize("inner", PACK)
def test_one_in_another_is_refused(tmp_path: Path, name: str, inner: str) -> None:
    with pytest.raises(ArchiveNested, match=inner):
        run(tmp_path, PACK[name](PACKED[inner]))


@every_codec
def test_the_limit_holds_to_the_byte(tmp_path: Path, name: str) -> None:
    assert run(tmp_path, PACKED[name], len(TEXT)) == TEXT
    with pytest.raises(UnpackedSizeLimit):
        run(tmp_path, PACKED[name], len(TEXT) - 1)


@every_codec
@pytest.mark.parametrize(("max_bytes", "expected"), [(1 << 40, ArchiveBomb), (1 << 19, UnpackedSizeLimit)])
def test_a_bomb_is_stopped_long_before_it_is_unpacked(
    tmp_path: Path, name: str, max_bytes: int, expected: type[AppError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "RATIO_COUNTS_FROM_BYTES", 1 << 20)
    with pytest.raises(expected):
        run(tmp_path, PACK[name](b"1,2\n" * (2 << 20)), max_bytes)
    assert (tmp_path / "target").stat().st_size < 4 << 20


def test_a_window_too_large_for_the_memory_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packer = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 30})
    with pytest.raises(MemoryLimit, match="zstd"):
        run(tmp_path, packer.compress(TEXT) + packer.flush())
    monkeypatch.setattr(codecs, "MAX_WINDOW_BYTES", 1 << 20)
    with pytest.raises(MemoryLimit, match="xz"):
        run(tmp_path, lzma.compress(TEXT, preset=6))


def test_a_dictionary_that_is_not_there_is_said(tmp_path: Path) -> None:
    words = zstd.train_dict([b"hello world %d" % number * 20 for number in range(1000)], 1000)
    with pytest.raises(FormatArchive, match="dictionary"):
        run(tmp_path, zstd.compress(b"hello world 7" * 20, zstd_dict=words))


@every_codec
def test_progress_rises_to_the_end(tmp_path: Path, name: str) -> None:
    source = tmp_path / "source"
    source.write_bytes(PACKED[name] * 4)
    shares: list[float] = []
    codec = codec_of(PACKED[name])
    assert codec is not None
    unpack(source, tmp_path / "target", codec, 1 << 30, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@every_codec
@pytest.mark.parametrize(
    ("change", "length", "expected", "is_all"),
    [
        (lambda packed: packed, 1000, 1000, False),
        (lambda packed: packed * 2, len(TEXT) + 9, len(TEXT) + 9, False),
        (lambda packed: packed, len(TEXT) + 1, len(TEXT), True),
        (lambda packed: packed + b"rest", len(TEXT) + 1, len(TEXT), False),
    ],
    ids=["first bytes", "into the second stream", "all", "something behind"],
)
def test_a_beginning_is_what_was_asked_for(
    tmp_path: Path, name: str, change: Callable[[bytes], bytes], length: int, expected: int, is_all: bool
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(change(PACKED[name]))
    codec = codec_of(PACKED[name])
    assert codec is not None
    assert unpack_beginning(source, target, codec, length) is is_all
    assert target.read_bytes() == (TEXT * 2)[:expected]


@every_codec
def test_a_beginning_of_what_was_cut_is_what_there_is(tmp_path: Path, name: str) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(PACKED[name][:-20])
    codec = codec_of(PACKED[name])
    assert codec is not None
    assert not unpack_beginning(source, target, codec, 1 << 30)
    assert TEXT.startswith(target.read_bytes())
