"""Whether a text is JSON, and whether its lines are: by how it begins, and by what it is called where that says little."""

from __future__ import annotations

import json
import re

_START = re.compile(rb'\{\s*("|\}|$)|\[\s*([\[{"\]]|-?\d|true\b|false\b|null\b|$)')
_BRACKETS = (b"{", b"[")
_BEFORE = b" \t\r\n\x0b\x0c\x1e"

_OF_MANY_LINES = re.compile(rb"[\[{]\s*\n|[^\n]*[,\[{][ \t\r]*\n|\[\s*\{")
"""A document that is only named like lines of JSON."""

_WRAPPED = re.compile(rb"(?:(?:var|let|const)\s+)?[\w.$]+\s*[=(]\s*[\[{]|\)\]\}',?\s*[\[{]")
"""JSON as a program takes it: given to a variable or a function, or behind signs that keep programs from reading it."""


def json_format(text: bytes, named: str | None) -> str | None:
    """Return `json` or `ndjson` for the beginning of a text in UTF-8; None if it is neither.

    `named` is the format that the name of the file speaks of.
    """
    text = text.lstrip(_BEFORE)
    if not _START.match(text[:1024]) and not (named in {"json", "ndjson"} and _is_meant_as_json(text)):
        return None
    if named == "ndjson" and not _OF_MANY_LINES.match(text):
        return "ndjson"
    return "ndjson" if _first_line_is_a_value(text) else "json"


def _is_meant_as_json(text: bytes) -> bool:
    """Say whether a text that is named like JSON is one value, or JSON with a mistake; a table may have that name too."""
    return text.startswith(_BRACKETS) or _WRAPPED.match(text) is not None or _is_value(text)


def _first_line_is_a_value(text: bytes) -> bool:
    """Tell JSON by lines: the first line is a whole value, and something follows on another line."""
    # A return alone ends a line where a text has nothing else, as old Macs wrote it.
    first, _, rest = text.partition(b"\n" if b"\n" in text or b"\r" not in text else b"\r")
    return bool(rest.strip()) and _is_value(first)


def _is_value(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
