"""The part of a JSON text that is in memory while it is read, and where in the file that lies.

The window slides over the file. A value is read from it; where the window ends in the value's middle, the window grows,
up to the limit for one row.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from json import JSONDecodeError
from typing import BinaryIO

from headway.errors import AppError
from headway.intake.encoding_wide import wide_by_start
from headway.intake.errors import (
    JsonBadText,
    JsonDuplicateKey,
    JsonMalformed,
    JsonNotANumber,
    JsonRowTooLarge,
    JsonTooDeep,
    JsonTrailing,
    JsonTruncated,
)
from headway.intake.formats.json_scan import (
    WHITESPACE,
    NoNumberError,
    Reader,
    RepeatedKeyError,
    Taken,
    Value,
    skip,
)
from headway.intake.formats.json_words import explained, quoted
from headway.intake.text_errors import EncodingUnknown

MAX_ROW_CHARS = 16 * 1024 * 1024
"""Of one row. Python may need four bytes for each, and a row exists a few times while it is read."""

MAX_NESTING = 500
_BLOCK = 1024 * 1024

SEPARATOR = "\x1e"
MARK = "\ufeff"
"""A byte order mark; files that were put together have one where each of them began."""

SEPARATED = re.compile(r"[ \t\r\n\x1e\ufeff]*")
"""Values may follow one another behind a mark each, so that one that was cut does no harm (RFC 7464)."""

BETWEEN_LINES = re.compile(r"[ \t\r\n\ufeff]*")

_WITHOUT_MARK = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_BAD_BYTE = re.compile("[\udc80-\udcff]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Window:
    """A text that slides. `rows` counts what was taken; errors name the row after it."""

    def __init__(
        self,
        file: BinaryIO,
        report: Callable[[int], None],
        encoding: str | None = None,
        blank: re.Pattern[str] = WHITESPACE,
    ) -> None:
        self._file = file
        self._report = report
        self._blank = blank
        start = file.read(_BLOCK)
        self.encoding = encoding or _encoding(start)
        # What is no UTF-8 is taken along, so that only the row suffers in which it stands.
        self._on_bad = "surrogateescape" if self.encoding.startswith("utf-8") else "strict"
        self._decoder = _decoder(self.encoding, self._on_bad)
        self._text = ""
        self._at = 0
        self._begin_line = 1
        self._counted_to = 0
        self._line_chars = 0
        self._dropped_bytes = 0
        self._ended = False
        self._mark = ""
        self.rows = 0
        self.marks = 0
        """How many byte order marks were skipped, the one at the beginning of the file aside."""
        self.line_feed = ""
        """What ends a line; empty until there was an end."""
        self._add(start)

    def peek(self) -> str:
        """Return the next character that is not white space, without taking it; empty at the end of the file."""
        while True:
            begin, self._at = self._at, skip(self._text, self._at, self._blank)
            self.marks += self._text.count(MARK, begin, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def take(self, read: Reader[Value]) -> Taken[Value]:
        """Take one value. The reader is called again with more text until it has seen what follows the value."""
        self._begin()
        failed_at = -1
        while True:
            try:
                value, end = self._read(read, self._text, self._at)
                if end < len(self._text) or self._ended:
                    return self._taken(value, end)
            except JSONDecodeError as error:
                offset = error.pos - self._at
                if self._ended or (offset == failed_at and not _is_at_end(error)):
                    raise self._malformed(error, error.pos, truncated=_is_at_end(error)) from None
                failed_at = offset
            self._fill_further()

    def take_mark(self, marks: str) -> str:
        """Take one character that must be one of these."""
        mark = self._begin()
        if not mark:
            raise self.fault(JsonTruncated, "The file ends before the JSON does.")
        if mark not in marks:
            error = JSONDecodeError(f"Expecting {' or '.join(repr(one) for one in marks)}", self._text, self._at)
            raise self._malformed(error, self._at, truncated=False)
        self._at += 1
        self._mark = mark
        return mark

    def take_line(self, read: Reader[Value]) -> Taken[Value] | None:
        """Take the value that fills the next line that is not blank; None at the end of the file.

        What is wrong with a line leaves it where it is; `skip_line` goes past it.
        """
        if not self._begin():
            return None
        end = self._line_end()
        line = self._text[self._at : end].rstrip(" \t\r")
        try:
            value, stop = self._read(read, line, 0)
        except JSONDecodeError as error:
            truncated = self._ended and end == len(self._text) and _is_at_end(error)
            raise self._malformed(error, self._at + error.pos, truncated=truncated) from None
        if stop != len(line):
            raise self.fault(JsonTrailing, "Something follows after the value.", self._at + stop)
        return self._taken(value, self._at + len(line))

    def skip_line(self) -> tuple[str, int, int]:
        """Go past the next line; return its text, its number, and the byte of the file where it begins."""
        line, byte = self._begin_line, self._dropped_bytes + self._bytes(self._text[: self._at])
        end = self._line_end()
        raw, self._at = self._text[self._at : end], end
        return raw.rstrip("\r"), line, byte

    def repeated_key(self, key: str) -> AppError:
        return self.fault(JsonDuplicateKey, f"The key {quoted(key)} stands twice in one object.")

    def expect_end(self) -> None:
        if self._begin():
            raise JsonTrailing(
                f"In line {self._begin_line:,}, column {self._column(self._at):,}, something follows after the end of"
                " the JSON.",
                line=self._begin_line,
                column=self._column(self._at),
            )

    # ----------------------------------------------------------------------------------------------------- text

    def _line_end(self) -> int:
        while (end := self._text.find(self.line_feed or "\n", self._at)) < 0 and not self._ended:
            self._fill_further()
        return end if end >= 0 else len(self._text)

    def _begin(self) -> str:
        """Stand on the next character, and remember its line for what may have to be said about it."""
        following = self.peek()
        self._count_lines()
        return following

    def _count_lines(self) -> None:
        """Count only what is new; counting from the start of the window for each row would be quadratic."""
        self._begin_line += self._text.count(self.line_feed or "\n", self._counted_to, self._at)
        self._counted_to = self._at

    def _taken(self, value: Value, end: int) -> Taken[Value]:
        raw = self._text[self._at : end]
        self._check(raw)
        self._at, self._mark = end, ""
        return Taken(value, raw)

    def _fill_further(self) -> None:
        if len(self._text) - self._at > MAX_ROW_CHARS:
            raise self.fault(JsonRowTooLarge, f"It is longer than {MAX_ROW_CHARS:,} characters.")
        self._fill()

    def _fill(self) -> bool:
        """Drop what was taken and add the next block, a larger one for a larger value. False at the end."""
        if self._ended:
            return False
        self._count_lines()
        dropped, self._text = self._text[: self._at], self._text[self._at :]
        self._dropped_bytes += self._bytes(dropped)
        last = dropped.rfind(self.line_feed or "\n")
        self._line_chars = len(dropped) - 1 - last + (self._line_chars if last < 0 else 0)
        self._at = self._counted_to = 0
        self._add(self._file.read(max(_BLOCK, len(self._text))))
        return True

    def _bytes(self, text: str) -> int:
        """Return how many bytes of the file a text is, its mark left out."""
        return len(text.encode(_WITHOUT_MARK.get(self.encoding, self.encoding), self._on_bad))

    def _add(self, block: bytes) -> None:
        self._ended = not block
        try:
            self._text += self._decoder.decode(block, final=self._ended)
        except UnicodeError:
            # Not only of bytes: UTF-16 without its mark is an error of its own.
            line = self._begin_line + self._text.count(self.line_feed or "\n", self._counted_to)
            raise JsonBadText(
                f"There are bytes after line {line:,} that are not {self.encoding.removesuffix('-sig').upper()}.",
                line=line,
            ) from None
        self.line_feed = self.line_feed or _line_feed(self._text)
        self._report(self._file.tell())

    # --------------------------------------------------------------------------------------------------- faults

    def fault(self, kind: type[AppError], detail: str, at: int | None = None) -> AppError:
        """Return the error with its place: the row, the line where its value begins, and the very place if known."""
        row = self.rows + 1
        said = f"Row {row:,}, which starts in line {self._begin_line:,}: {detail}"
        if at is None:
            return kind(said, row=row, line=self._begin_line)
        line = self._begin_line + self._text.count(self.line_feed or "\n", self._at, at)
        column = self._column(at)
        return kind(f"{said} That is in line {line:,}, column {column:,}.", row=row, line=line, column=column)

    def _column(self, at: int) -> int:
        """Return the place of a character in its line, from 1."""
        last = self._text.rfind(self.line_feed or "\n", 0, at)
        return at - last if last >= 0 else self._line_chars + at + 1

    def _read(self, read: Reader[Value], text: str, at: int) -> tuple[Value, int]:
        try:
            return read(text, at)
        except RepeatedKeyError as error:
            raise self.repeated_key(str(error)) from None
        except NoNumberError as error:
            raise self.fault(JsonNotANumber, f"{error} is not JSON.") from None
        except RecursionError:
            raise self.fault(JsonTooDeep, f"There are more than {MAX_NESTING} levels.") from None

    def _check(self, raw: str) -> None:
        if raw.count("[") + raw.count("{") > MAX_NESTING and _nesting(raw) > MAX_NESTING:
            raise self.fault(JsonTooDeep, f"There are more than {MAX_NESTING} levels.")
        if not raw.isascii() and (bad := _BAD_BYTE.search(raw)):
            byte = ord(bad[0]) - 0xDC00
            raise self.fault(JsonBadText, f"The byte {byte:02X} is not UTF-8.", self._at + bad.start())
        if _SURROGATE.search(raw) and _has_lone_surrogate(raw):
            raise self.fault(JsonBadText, "It holds one half of a character (a lone surrogate).")

    def _malformed(self, error: JSONDecodeError, at: int, *, truncated: bool) -> AppError:
        if truncated:
            return self.fault(JsonTruncated, "The file ends before the JSON does.", at)
        return self.fault(JsonMalformed, explained(error, after_comma=at == self._at and self._mark == ","), at)


def _line_feed(text: str) -> str:
    """Return what ends a line: a return alone where a text has nothing else, as old Macs wrote it."""
    return "\n" if "\n" in text else "\r" if "\r" in text[:-1] else ""


def _encoding(start: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return name
    return wide_by_start(start) or "utf-8-sig"


def _decoder(encoding: str, on_bad: str) -> codecs.IncrementalDecoder:
    try:
        decoder = codecs.getincrementaldecoder(encoding)(on_bad)
        if isinstance(decoder.decode(b""), str):
            return decoder
    except (LookupError, TypeError, ValueError):
        pass
    raise EncodingUnknown(f"JSON cannot be read in the encoding {encoding!r}.")


def _is_at_end(error: JSONDecodeError) -> bool:
    """Tell a text that stops in the middle from one that goes wrong."""
    rest = error.doc[error.pos :]
    return not rest.strip() or error.msg.startswith("Unterminated string") or rest.strip() in _BEGINNINGS


_BEGINNINGS = {word[:length] for word in ("true", "false", "null") for length in range(1, len(word))} | {"-"}


def _nesting(raw: str) -> int:
    """Return how deep the brackets go. Only called for what is valid, and for very few rows."""
    deepest = level = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', raw):
        if mark[0] != '"':
            level += 1 if mark in "[{" else -1
            deepest = max(deepest, level)
    return deepest


def _has_lone_surrogate(raw: str) -> bool:
    try:
        json.dumps(json.loads(raw), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False
