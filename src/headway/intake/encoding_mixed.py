"""Texts in which two encodings meet: UTF-8 with words of a code page, and UTF-8 that was encoded a second time."""

from __future__ import annotations

import codecs
import re
from functools import cache

TWICE = "utf-8-twice"
WITH = "utf-8+"

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


@cache
def fallback_errors(page: str) -> str:
    """Return the name of an error handler for UTF-8 that reads what is none in a code page."""

    def read(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        return error.object[error.start : error.end].decode(page, "replace"), error.end

    name = f"headway-{page}"
    codecs.register_error(name, read)
    return name


def once(text: str) -> str:
    """Undo a second encoding where there was one; other text stays as it is."""
    return _BEYOND_ASCII.sub(_undo, text)


def _undo(match: re.Match[str]) -> str:
    raw = bytearray()
    for character in match[0]:
        try:
            raw += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 255:
                return match[0]
            raw.append(ord(character))
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return match[0]
