"""Makes UTF-8 of a text in any encoding, a block at a time, and remembers what could not be read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from headway.intake.encoding import BLOCK, EncodingFinding, bad_utf8, detect_encoding, first_undecodable
from headway.intake.encoding_letters import FREQUENT
from headway.intake.encoding_mixed import TWICE, WITH, fallback_errors, once
from headway.intake.encoding_scores import CODE_PAGES
from headway.intake.text_errors import EncodingMismatch
from headway.intake.text_rules import Positions

REPLACEMENT = "\ufffd".encode()

_ONE_BYTE = {codecs.lookup(page.name).name for page in CODE_PAGES if page.languages not in FREQUENT} | {"iso8859-1"}
_UNITS = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4, "utf-32-le": 4, "utf-32-be": 4}


@dataclass(frozen=True, slots=True)
class Utf8Text:
    """A text as UTF-8 from byte `start` on, and where bytes stand in it that are no characters.

    `unit` is how many bytes of the original one character takes: 0 where the text is the original, None where they
    differ. `mark` is the length of the original's byte order mark.
    """

    path: Path
    start: int
    finding: EncodingFinding
    bad_bytes: Positions = field(default_factory=lambda: np.empty(0, np.int64))
    unit: int | None = 0
    mark: int = 0


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
    name = codecs.lookup(finding.name).name if "+" not in finding.name and finding.name != TWICE else finding.name
    unit = 1 if name in _ONE_BYTE else _UNITS.get(name)
    return Utf8Text(copy, 0, finding, bad, unit, mark=unit if name in {"utf-16", "utf-32"} and unit else 0)


def first_undecodable_in(path: Path, name: str) -> int | None:
    return None if name == TWICE or name.startswith(WITH) else first_undecodable(path, name)


def _itself(path: Path, finding: EncodingFinding, wanted: str | None) -> Utf8Text:
    with path.open("rb") as file:
        start = 3 if file.read(3) == codecs.BOM_UTF8 else 0
    bad = bad_utf8(path)
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
