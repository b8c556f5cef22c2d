"""Which characters the bytes of a text mean. UTF-8 is checked over the whole file; nothing is guessed silently.

A file that is not UTF-8 is judged by its words beyond ASCII (`encoding_scores.py`). One that mixes UTF-8 with a code
page, as exports do that were put together from two, is read word by word. Bytes that are no characters in the end
reject their row.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from headway.intake.encoding_mixed import TWICE, fallback_errors, once
from headway.intake.encoding_scores import Score, rank
from headway.intake.encoding_wide import wide_encoding
from headway.intake.text_errors import EncodingUnknown
from headway.intake.text_rules import Positions
from headway.plurals import counted

BLOCK = 1024 * 1024
SAMPLE_BYTES = 256 * 1024
MOST_BAD = 100_000
"""Of so many bytes that are no characters the places are kept; a file with more is in another encoding."""

WINDOW = 4096

TOLERATED_SHARE = 0.02
"""Of the bytes beyond ASCII may be no characters in the encoding of a file: damage, which rejects its rows."""

DOUBTFUL = 0.5
"""Nats for each byte beyond ASCII; nearer than this, the runner-up may be right."""

LAST_RESORT = "cp1252"

MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; the longer ones first, because the UTF-32 one begins like the UTF-16 one."""

_ESCAPES = (
    (b"\x1b$)C", "iso2022_kr"),
    (b"\x1b$B", "iso2022_jp_ext"),
    (b"\x1b$@", "iso2022_jp_ext"),
    (b"\x1b(J", "iso2022_jp_ext"),
)
_SEPARATORS = frozenset(b',;\t|"\r\n:')
_TWICE_ENCODED = re.compile(
    "[\u00c2\u00c3\u00c4\u00c5\u00d0\u00d1][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122]|\u00e2\u20ac[\u0080-\u2122]"
)

_LANGUAGE_NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek",
    "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "ga": "Irish",
    "he": "Hebrew", "hr": "Croatian", "hu": "Hungarian", "is": "Icelandic", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nb": "Norwegian", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian",
    "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
    "zh_tw": "Chinese",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EncodingFinding:
    """An encoding, what spoke for it, and what came second. `fallback` reads what is not UTF-8 in a mixed file.

    `bad` holds where bytes stand that are not UTF-8, if the whole file was looked at for them.
    """

    name: str
    evidence: str
    runner_up: str | None = None
    fallback: str | None = None
    bad: Positions | None = field(default=None, compare=False, repr=False)


# ---------------------------------------------------------------------------------------------------- finding


def detect_encoding(path: Path) -> EncodingFinding:
    """Return the encoding of a text file, or raise `EncodingUnknown`."""
    with path.open("rb") as file:
        head = file.read(SAMPLE_BYTES)
    for mark, name in MARKS:
        if head.startswith(mark):
            return EncodingFinding(name, "the file begins with a byte order mark")
    if (wide := wide_encoding(head)) is not None:
        return EncodingFinding(wide, "bytes that are zero stand where this encoding has them")
    bad = bad_utf8(path)
    return replace(_legacy(path, bad) if len(bad) else _valid(path, head), bad=bad)


def _valid(path: Path, head: bytes) -> EncodingFinding:
    for escape, name in _ESCAPES:
        if escape in head and first_undecodable(path, name) is None:
            return EncodingFinding(name, "escape sequences of this encoding stand in the text", "utf-8")
    words = [word for word in re.findall(r"\S+", _dense_lines(path, 0).decode("utf-8", "ignore")) if not word.isascii()]
    twice = [word for word in words if _TWICE_ENCODED.search(word)]
    if len(twice) > 2 and len(twice) > 0.5 * len(words):
        evidence = (
            f"every byte of the file is valid UTF-8. Words like {_shown(twice[:1])} look as if they had been encoded"
            f" twice; they are kept as they stand, and with the encoding {TWICE} they read {_shown([once(twice[0])])}"
        )
        return EncodingFinding("utf-8", evidence, TWICE)
    return EncodingFinding("utf-8", "every byte of the file is valid UTF-8")


def bad_utf8(path: Path) -> Positions:
    """Return where bytes stand that are not UTF-8; stops once they are many and outnumber the characters that are."""
    bad: list[int] = []
    good = position = 0
    rest = b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = rest + block
            found, rest = _bad_in(text, final=False)
            bad += [position + at for at in found]
            good += _leads(text) - len(found) if found or not text.isascii() else 0
            position += len(text) - len(rest)
            if len(bad) > 1_000 and (len(bad) > 2 * good or len(bad) > MOST_BAD):
                return np.array(bad, np.int64)
    bad += [position + at for at in _bad_in(rest, final=True)[0]]
    return np.array(bad, np.int64)


def _bad_in(text: bytes, *, final: bool) -> tuple[list[int], bytes]:
    """Return where a text is not UTF-8, and its end if that may go on in what follows."""
    found: list[int] = []
    whole = len(text) if final else _whole(text)
    if text.isascii() or _is_valid(text, whole):
        return found, text[whole:]
    at, window = 0, len(text)
    while at < len(text):
        piece = text[at : at + window]
        try:
            codecs.utf_8_decode(piece, "strict", True)
        except UnicodeDecodeError as error:
            start = at + error.start
            if error.end == len(piece) and "unexpected end" in error.reason:
                if at + len(piece) < len(text):
                    at = start
                    continue
                if not final:
                    return found, text[start:]
            found.append(start)
            # An error copies what was to be decoded, so that many in a long text would take for ever.
            at, window = max(at + error.end, start + 1), WINDOW
            if len(found) > MOST_BAD:
                break
        else:
            at += len(piece)
    return found, b""


def _whole(text: bytes) -> int:
    """Return how long a text is without the beginning of a character that goes on in what follows it."""
    for back, byte in enumerate(reversed(text[-3:]), start=1):
        if byte >= 0xC0:
            return len(text) - back if back < 2 + (byte >= 0xE0) + (byte >= 0xF0) else len(text)
        if byte < 0x80:
            break
    return len(text)


def _is_valid(text: bytes, length: int) -> bool:
    """Say whether the first bytes are UTF-8. Arrow looks eight times as fast as Python decodes."""
    whole = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, length], np.int32)), pa.py_buffer(text))
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _leads(text: bytes) -> int:
    # Bytes below 0xC2 wrap around and are large then.
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) - np.uint8(0xC2) < 0xF5 - 0xC2))


def _legacy(path: Path, bad: Positions) -> EncodingFinding:
    """Judge a file that is not UTF-8 by its lines beyond ASCII, then check the answer on all of it."""
    first = int(bad[0])
    lines = _dense_lines(path, first).splitlines()
    utf8 = [line for line in lines if _is_utf8(line)]
    other = b"\n".join(line for line in lines if not _is_utf8(line))
    if len(utf8) >= max(2, 0.2 * len(lines)) and len(bad) <= MOST_BAD:
        return _mixed(path, bad, utf8, other)
    ranked = rank(other)
    for place, first_fitting in enumerate(ranked):
        fits = _fits(path, first_fitting.name)
        if fits is None:
            continue
        better = _as_likely(path, ranked[place + 1 :], first_fitting) if fits else None
        score, fits = (better, "") if better is not None else (first_fitting, fits)
        rest = [another for another in ranked[place:] if another is not score]
        others = [another.name for another in rest if _reads_differently(other, score, another)]
        evidence = _looks_like(first, other, score, others, rest) + fits
        return EncodingFinding(score.name, evidence, others[0] if others else None)
    raise EncodingUnknown(f"Byte {first:,} is not UTF-8, and no other encoding fits the whole file.", byte=first)


def _mixed(path: Path, bad: Positions, utf8: list[bytes], other: bytes) -> EncodingFinding:
    first = int(bad[0])
    leads = {byte for line in utf8 for byte in line if byte >= 0xC2}
    spots = [spot for at in bad[:1000].tolist() if (spot := _around(path, at)) is not None]
    cut = sum(lead in leads and after in _SEPARATORS for lead, after in spots)
    if spots and cut > 0.5 * len(spots):
        evidence = (
            f"the file is UTF-8, but {counted(len(bad), 'character in it is', 'characters in it are')} cut off or damaged,"
            f" the first at byte {first:,}"
        )
        return EncodingFinding("utf-8", evidence, LAST_RESORT)
    pages = [score for score in rank(_only_bad(other)) if score.name.startswith(("cp", "iso8859", "mac", "koi8"))]
    page = pages[0].name if pages else LAST_RESORT
    words = [word for word in re.findall(rb"[^\s,;\t|\"]+", other) if not _is_utf8(word)]
    evidence = (
        f"most of the text is UTF-8, but {counted(len(bad), 'character is', 'characters are')} not, the first at byte"
        f" {first:,}; read as {page}"
        f" they make words like {_shown([_readable(word, page) for word in words[:3]])}"
    )
    return EncodingFinding(f"utf-8+{page}", evidence, page, fallback=page)


def _only_bad(lines: bytes) -> bytes:
    return b"\n".join(word for word in re.findall(rb"[^\s,;\t|\"]+", lines) if not _is_utf8(word))


def _around(path: Path, at: int) -> tuple[int, int] | None:
    with path.open("rb") as file:
        file.seek(at)
        spot = file.read(4).ljust(4, b"\n")
    behind = next((byte for byte in spot[1:] if not 0x80 <= byte < 0xC0), 10)
    return spot[0], behind


def _readable(word: bytes, page: str) -> str:
    return word.decode("utf-8", fallback_errors(page))


def _fits(path: Path, name: str) -> str | None:
    """Return what there is to say about how an encoding fits the whole file, or None if it does not."""
    if first_undecodable(path, name) is None:
        return ""
    decoder = codecs.getincrementaldecoder(name)("replace")
    beyond = broken = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            broken += decoder.decode(block).count("\ufffd")
            beyond += int(np.count_nonzero(np.frombuffer(block, np.uint8) > 127))
            if broken > 1_000 and broken > TOLERATED_SHARE * beyond:
                return None
    if broken > max(1, TOLERATED_SHARE * beyond):
        return None
    return f"; {counted(broken, 'byte is no character', 'bytes are no characters')} in it"


def _as_likely(path: Path, rest: list[Score], score: Score) -> Score | None:
    """Return an encoding that is about as likely as one that leaves bytes unread, and reads them all."""
    near = (other for other in rest if other.loss - score.loss < DOUBTFUL)
    return next((other for other in near if first_undecodable(path, other.name) is None), None)


def _reads_differently(sample: bytes, score: Score, other: Score) -> bool:
    return sample.decode(score.name, "replace") != sample.decode(other.name, "replace")


def _looks_like(first: int, sample: bytes, score: Score, others: list[str], rest: list[Score]) -> str:
    words = _words_beyond_ascii(sample, score.name)
    like = f" are like {_LANGUAGE_NAMES[score.language]}" if len(words) > 4 else ""
    said = f"byte {first:,} is not UTF-8; read as {score.name} its words{like or ' are'}: {_shown(words[:3])}"
    rival = next((other for other in rest if other.name in others[:1]), None)
    if rival is not None and rival.loss - score.loss < DOUBTFUL:
        said += f". That is not certain: {rival.name} would read {_shown(_words_beyond_ascii(sample, rival.name)[:1])}"
    return said


def _words_beyond_ascii(sample: bytes, name: str) -> list[str]:
    words = re.findall(r"[^\s,;:|\"<>()]+", sample.decode(name, "replace"))
    return list(dict.fromkeys(word for word in words if not word.isascii()))


def _shown(words: list[str]) -> str:
    return ", ".join(f"“{word[:40]}”" for word in words)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _dense_lines(path: Path, around: int) -> bytes:
    """Return lines that hold bytes beyond ASCII, around a place and from the beginning; the many others say nothing."""
    found = bytearray()
    with path.open("rb") as file:
        for start in dict.fromkeys((max(0, around - BLOCK // 4), 0)):
            file.seek(start)
            if start:
                file.readline(BLOCK)
            read = 0
            while len(found) < SAMPLE_BYTES and read < 64 * BLOCK and (block := file.read(BLOCK)):
                block += file.readline(BLOCK)
                read += len(block)
                found += b"".join(line + b"\n" for line in _lines_beyond_ascii(block))
            if around >= BLOCK // 4 and len(found) < SAMPLE_BYTES // 2:
                continue
            break
    return bytes(found[:SAMPLE_BYTES]).rpartition(b"\n")[0] or bytes(found[:SAMPLE_BYTES])


def _lines_beyond_ascii(block: bytes) -> list[bytes]:
    return [] if block.isascii() else [line for line in block.splitlines() if not line.isascii()]


def first_undecodable(path: Path, name: str) -> int | None:
    """Return the position of the first byte that does not fit the encoding, or None if all do."""
    decoder = codecs.getincrementaldecoder(name)()
    position = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            try:
                decoder.decode(block)
            except UnicodeError as error:
                return position + max(0, error.start if isinstance(error, UnicodeDecodeError) else 0)
            position += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeError:
        return position
    return None
