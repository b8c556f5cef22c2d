"""Which characters the bytes of a text mean. UTF-8 is checked over the whole file; nothing is guessed silently."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

import chardet

from headway.intake.text_errors import EncodingMismatch, EncodingUnknown

BLOCK = 1024 * 1024
SAMPLE_BYTES = 256 * 1024
NUL_SHARE = 0.25
"""Share of NULs among the even or odd bytes from which a file without a mark is taken for UTF-16."""

MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; the longer ones first, because the UTF-32 one begins like the UTF-16 one."""

LAST_RESORT = "cp1252"


@dataclass(frozen=True, slots=True)
class EncodingFinding:
    """An encoding, what spoke for it, and what came second."""

    name: str
    evidence: str
    runner_up: str | None = None


def detect_encoding(path: Path) -> EncodingFinding:
    """Return the encoding of a text file, or raise `EncodingUnknown`."""
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    for mark, name in MARKS:
        if head.startswith(mark):
            return EncodingFinding(name, "the file begins with a byte order mark")
    if (wide := _without_mark(head)) is not None:
        return wide
    bad = first_undecodable(path, "utf-8")
    if bad is None:
        return EncodingFinding("utf-8", "every byte of the file is valid UTF-8")
    return _legacy(path, bad)


def _without_mark(head: bytes) -> EncodingFinding | None:
    half = max(1, len(head) // 2)
    even, odd = head[0::2].count(0) / half, head[1::2].count(0) / half
    if max(even, odd) < NUL_SHARE or min(even, odd) > NUL_SHARE / 5:
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    return EncodingFinding(name, "every second byte of the beginning is zero, as in UTF-16")


def _legacy(path: Path, bad: int) -> EncodingFinding:
    """Ask the detector about the lines around the first byte that is not UTF-8, then check its answer on the file."""
    sample = _dense_lines(path, bad)
    names = [*_ranked(sample), LAST_RESORT]
    for name in names:
        if _is_known(name) and first_undecodable(path, name) is None:
            others = [other for other in names if other != name]
            evidence = f"byte {bad:,} is not UTF-8; the lines with special characters look like {name}"
            return EncodingFinding(name, evidence, others[0] if others else None)
    raise EncodingUnknown(f"Byte {bad:,} is not UTF-8, and no other encoding fits the whole file.", byte=bad)


def _ranked(sample: bytes) -> list[str]:
    """Return the detector's guesses, those of today's files first: among all ever used, an old Mac one often wins."""
    modern = chardet.detect_all(sample, encoding_era=chardet.EncodingEra.MODERN_WEB)
    guesses = [*modern, *chardet.detect_all(sample)]
    return list(dict.fromkeys(str(guess["encoding"]).lower() for guess in guesses if guess["encoding"]))


def _is_known(name: str) -> bool:
    try:
        return codecs.lookup(name).name != "utf-8"
    except LookupError:
        return False


def _dense_lines(path: Path, bad: int) -> bytes:
    """Return lines that hold bytes beyond ASCII; the many that do not would only drown the evidence."""
    found = bytearray()
    with path.open("rb") as file:
        file.seek(max(0, bad - BLOCK // 4))
        file.readline()
        while len(found) < SAMPLE_BYTES and (lines := file.readlines(BLOCK)):
            for line in lines:
                if not line.isascii():
                    found += line
    if not found:
        with path.open("rb") as file:
            found += file.read(SAMPLE_BYTES)
    return bytes(found[:SAMPLE_BYTES]).rpartition(b"\n")[0] or bytes(found[:SAMPLE_BYTES])


def first_undecodable(path: Path, name: str) -> int | None:
    """Return the position of the first byte that does not fit the encoding, or None if all do."""
    decoder = codecs.getincrementaldecoder(name)()
    position = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if not (block.isascii() and name == "utf-8" and not decoder.getstate()[0]):
                try:
                    decoder.decode(block)
                except UnicodeDecodeError as error:
                    return position + max(0, error.start)
            position += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return position
    return None


def as_utf8(path: Path, folder: Path, wanted: str | None) -> tuple[Path, EncodingFinding]:
    """Return the file as UTF-8 without a mark: itself where it is that already, otherwise a copy in `folder`."""
    finding = (
        EncodingFinding(_checked(wanted), "it was named in the import options") if wanted else detect_encoding(path)
    )
    if codecs.lookup(finding.name).name == "utf-8" and not _has_mark(path):
        bad = first_undecodable(path, "utf-8") if wanted else None
        if bad is not None:
            raise EncodingMismatch(f"Byte {bad:,} of the file is not {wanted}.", byte=bad)
        return path, finding
    copy = folder / "text.utf8"
    _transcode(path, copy, "utf-8-sig" if finding.name == "utf-8" else finding.name)
    return copy, finding


def _has_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == codecs.BOM_UTF8


def _checked(name: str) -> str:
    try:
        codecs.lookup(name)
        "".encode(name)
    except (LookupError, ValueError):
        raise EncodingMismatch(f"There is no encoding called {name[:40]!r}.") from None
    return name.lower()


def _transcode(path: Path, copy: Path, name: str) -> None:
    decoder = codecs.getincrementaldecoder(name)()
    position = 0
    with path.open("rb") as source, copy.open("wb") as target:
        while block := source.read(BLOCK):
            position += len(block)
            target.write(_decoded(decoder, block, position, name))
        target.write(_decoded(decoder, b"", position, name, final=True))


def _decoded(
    decoder: codecs.IncrementalDecoder, block: bytes, position: int, name: str, *, final: bool = False
) -> bytes:
    try:
        return decoder.decode(block, final).encode("utf-8")
    except UnicodeError as error:
        raise EncodingMismatch(
            f"The file is not {name}: it breaks off near byte {position:,}.", byte=position
        ) from error
