"""Makes UTF-8 of a text in any encoding, a block at a time, and remembers what could not be read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from headway.intake.encoding import BLOCK, EncodingFinding, bad_utf8, detect_encoding, first_undecodable
from headway.intake.encoding_mixed import TWICE, WITH, fallback_errors, once
from headway.intake.text_errors import EncodingMismatch
from headway.intake.text_places import Copied, Locate, as_they_are, nowhere
from headway.intake.text_rules import CR, LF, Positions

REPLACEMENT = "\ufffd".encode()

_WIDE = {"utf-16-le": "<u2", "utf-16-be": ">u2", "utf-32-le": "<u4", "utf-32-be": ">u4"}
_MARKS = {"utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)}


@dataclass(frozen=True, slots=True)
class Utf8Text:
    """A text as UTF-8 from byte `start` on, and where bytes stand in it that are no characters.

    `locate` returns, for one pass over the text, what finds its rows in the file that it was made of.
    """

    path: Path
    start: int
    finding: EncodingFinding
    bad_bytes: Positions = field(default_factory=lambda: np.empty(0, np.int64))
    locate: Callable[[], Locate] = lambda: as_they_are


def as_utf8(path: Path, folder: Path, wanted: str | None) -> Utf8Text:
    """Return a text as UTF-8: the file itself where it is that, otherwise a copy in `folder`."""
    finding = (
        EncodingFinding(_checked(wanted), "it was named in the import options") if wanted else detect_encoding(path)
    )
    if finding.name in {"utf-8", "utf-8-sig", "utf_8"}:
        return _itself(path, finding, wanted)
    strict = wanted is not None or first_undecodable_in(path, finding.name) is None
    copy = folder / "text.utf8"
    bad = _transcode(path, copy, finding.name, strict=strict)
    return Utf8Text(copy, 0, finding, bad, _places(path, copy, finding.name))


def _places(path: Path, copy: Path, name: str) -> Callable[[], Locate]:
    page = name.removeprefix(WITH)
    codec = "utf-8" if page == TWICE else codecs.lookup(page).name
    with path.open("rb") as file:
        head = file.read(4)
    little, big = _MARKS.get(codec, (b"", b""))
    start = len(little) if little and head.startswith((little, big)) else 0
    if codec in _MARKS:
        codec += "-be" if head.startswith(big) else "-le"
    unit = np.dtype(_WIDE.get(codec, "u1"))
    if "\r\n".encode(codec) != np.array([CR, LF], unit).tobytes():
        return lambda: nowhere
    return Copied(path, copy, unit, start).locate


def first_undecodable_in(path: Path, name: str) -> int | None:
    return None if name == TWICE or name.startswith(WITH) else first_undecodable(path, name)


def _itself(path: Path, finding: EncodingFinding, wanted: str | None) -> Utf8Text:
    with path.open("rb") as file:
        start = 3 if file.read(3) == codecs.BOM_UTF8 else 0
    bad = finding.bad if finding.bad is not None else bad_utf8(path)
    if wanted and len(bad):
        raise EncodingMismatch(f"Byte {int(bad[0]):,} of the file is not {wanted}.", byte=int(bad[0]))
    return Utf8Text(path, start, finding, bad)


def _checked(name: str) -> str:
    lower = name.lower()
    page = lower.removeprefix(WITH)
    if lower == TWICE:
        return lower
    try:
        codecs.lookup(page)
        b"".decode(page)
        "".encode(page)
    except (LookupError, ValueError):
        raise EncodingMismatch(f"There is no encoding called {name[:40]!r}.") from None
    return lower


def _transcode(path: Path, copy: Path, name: str, *, strict: bool) -> Positions:
    """Write the copy; return where replacements of what is no character stand in it."""
    bad: list[int] = []
    position = 0
    with copy.open("wb") as target:
        for piece in _decoded(path, name, strict=strict):
            encoded = piece.encode("utf-8", "replace")
            if not strict and "\ufffd" in piece:
                bad += [position + found.start() for found in re.finditer(REPLACEMENT, encoded)]
            position += target.write(encoded)
    return np.array(bad, np.int64)


def _decoded(path: Path, name: str, *, strict: bool) -> Iterator[str]:
    decoder = _decoder(name, strict=strict)
    position = 0
    with path.open("rb") as source:
        while True:
            block = source.read(BLOCK)
            position += len(block)
            try:
                piece = decoder.decode(block, not block)
            except UnicodeError as error:
                raise EncodingMismatch(
                    f"The file is not {name}: it breaks off near byte {position:,}.", byte=position
                ) from error
            yield once(piece) if name == TWICE else piece
            if not block:
                return


def _decoder(name: str, *, strict: bool) -> codecs.IncrementalDecoder:
    if name.startswith(WITH):
        return codecs.getincrementaldecoder("utf-8")(fallback_errors(name.removeprefix(WITH)))
    if name == TWICE:
        return codecs.getincrementaldecoder("utf-8")("replace")
    return codecs.getincrementaldecoder(name)("strict" if strict else "replace")
