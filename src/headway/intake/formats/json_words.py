"""What is wrong with JSON, in words for a person: what stands there, and which habit of other languages it is."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError

_HABITS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"//|/\*|#"), "JSON has no comments."),
    (re.compile(r"'"), "JSON has texts and keys in double quotes only."),
    (re.compile(r"(True|False|None|undefined|nil|NULL|TRUE|FALSE)\b"), "JSON writes true, false and null."),
    (re.compile(r"\+\d|\.\d|0\d|\d+\.(?!\d)"), "JSON writes numbers like 1, -0.5 and 1e5."),
    (re.compile(r"[A-Za-z_$][\w$]*\s*:"), "JSON has keys in double quotes."),
)

_WORDS = {
    "Expecting value": "A value is expected",
    "Expecting property name enclosed in double quotes": "A key in double quotes is expected",
    "Expecting a key in double quotes": "A key in double quotes is expected",
    "Expecting ',' delimiter": "A comma or the end is expected",
    "Expecting ':' delimiter": "A colon is expected",
    "Expecting ':'": "A colon is expected",
    "Extra data": "The end is expected",
    "Illegal trailing comma before end of object": "Another member is expected behind the comma",
    "Illegal trailing comma before end of array": "Another value is expected behind the comma",
    "Invalid control character at": "A text holds a character that has to be escaped",
    "Invalid \\escape": "A text holds a backslash that escapes nothing",
    "Invalid \\uXXXX escape": "A text holds an escape that is none",
}


def explained(error: JSONDecodeError, *, after_comma: bool) -> str:
    """Return what was expected and what was found, and a hint where other languages write it like that.

    `after_comma` says that a comma stands before the place, which need not be in the error's text any more.
    """
    rest = error.doc[error.pos : error.pos + 40]
    found = quoted(rest[:20]) if rest else "the end of the line"
    expected = _WORDS.get(error.msg.rstrip(": "), error.msg.replace("Expecting", "Expected is"))
    hint = _hint(error, rest, after_comma=after_comma)
    return f"{expected}, found {found}.{' ' + hint if hint else ''}"


def _hint(error: JSONDecodeError, rest: str, *, after_comma: bool) -> str:
    after_comma = after_comma or error.doc[: error.pos].rstrip().endswith(",")
    if after_comma and rest[:1] in {"]", "}", ","}:
        return "No comma may stand before a closing bracket or another comma."
    # A number with a leading zero is read up to the zero, so the fault is behind it.
    around = (error.doc[error.pos - 1 : error.pos] if rest[:1].isdigit() else "") + rest
    return next((hint for pattern, hint in _HABITS if pattern.match(around)), "")


def quoted(value: object) -> str:
    """Return a text in double quotes, with everything escaped that does not print."""
    # Bytes that are no text came along as halves of characters, which no answer can carry.
    return json.dumps(str(value), ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
