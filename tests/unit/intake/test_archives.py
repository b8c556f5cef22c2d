"""Gzip files: whole, in parts, broken, and bombs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from headway.errors import AppError
from headway.intake import archives
from headway.intake.archives import gunzip
from headway.intake.errors import ArchiveBomb, ArchiveCorrupt, ArchiveNested, ArchiveTruncated, UnpackedSizeLimit

TEXT = b"".join(b"%d,text %d\n" % (i, i * 7919) for i in range(200_000))
PACKED = gzip.compress(TEXT, 1)


def unpack(folder: Path, packed: bytes, max_bytes: int = 1 << 30) -> bytes:
    source, target = folder / "source", folder / "target"
    source.write_bytes(packed)
    size = gunzip(source, target, max_bytes, lambda _share: None)
    content = target.read_bytes()
    assert size == len(content)
    return content


def test_it_unpacks_what_was_packed(tmp_path: Path) -> None:
    assert unpack(tmp_path, PACKED) == TEXT


def test_it_unpacks_every_member(tmp_path: Path) -> None:
    parts = [TEXT[:1000], b"", TEXT[1000:]]
    assert unpack(tmp_path, b"".join(gzip.compress(part) for part in parts)) == TEXT


def test_zeros_behind_the_last_member_are_padding(tmp_path: Path) -> None:
    assert unpack(tmp_path, PACKED + b"\0" * 3000) == TEXT


@pytest.mark.parametrize("length", [5, 1000, len(PACKED) // 2, len(PACKED) - 1])
def test_a_file_that_stops_is_truncated(tmp_path: Path, length: int) -> None:
    with pytest.raises(ArchiveTruncated):
        unpack(tmp_path, PACKED[:length])


def test_a_second_member_that_stops_is_truncated(tmp_path: Path) -> None:
    with pytest.raises(ArchiveTruncated):
        unpack(tmp_path, PACKED + PACKED[:500])


@pytest.mark.parametrize("spoil", [lambda p: p[:-8] + b"\0" * 8, lambda p: p[:5000] + b"\xff" * 50 + p[5050:]])
def test_a_file_that_fails_its_own_checks_is_corrupt(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(ArchiveCorrupt):
        unpack(tmp_path, spoil(PACKED))


def test_something_else_behind_a_member_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(ArchiveCorrupt):
        unpack(tmp_path, PACKED + b"and more")


def test_gzip_in_gzip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveNested):
        unpack(tmp_path, gzip.compress(PACKED))


def test_the_limit_holds_to_the_byte(tmp_path: Path) -> None:
    assert unpack(tmp_path, PACKED, len(TEXT)) == TEXT
    with pytest.raises(UnpackedSizeLimit):
        unpack(tmp_path, PACKED, len(TEXT) - 1)


@pytest.mark.parametrize(("max_bytes", "expected"), [(1 << 40, ArchiveBomb), (1 << 20, UnpackedSizeLimit)])
def test_a_bomb_is_stopped_long_before_it_is_unpacked(
    tmp_path: Path, max_bytes: int, expected: type[AppError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "RATIO_COUNTS_FROM_BYTES", 4 << 20)
    with pytest.raises(expected):
        unpack(tmp_path, gzip.compress(b"1,2\n" * (16 << 20), 9), max_bytes)
    assert (tmp_path / "target").stat().st_size < 32 << 20


def test_progress_rises_to_the_end(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(PACKED * 4)
    shares: list[float] = []
    gunzip(source, tmp_path / "target", 1 << 30, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
