"""Files as answers: a name that is safe in a header, and the part of a file that a request asks for."""

from __future__ import annotations

import re
from urllib.parse import quote

from headway.errors import BadRequest

_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{1,18})?|-(\d{1,18}))", re.IGNORECASE)


class RangeNotSatisfiable(BadRequest):
    """`size_bytes` is how many there are."""

    status = 416
    code = "request.range_not_satisfiable"
    title = "The file does not have the bytes that were asked for"
    user_action = "Ask for bytes that the file has, or for all of it."


def attachment(name: str) -> dict[str, str]:
    """Return the headers of a file that is saved under `name` and never shown in the browser, whatever it contains."""
    # The plain form is for clients that know no other; the second has every letter.
    plain = re.sub(r"[^A-Za-z0-9._ ()+-]", "_", name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }


def asked_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """Return the first byte and the number of bytes that a `Range` asks for; None for all of them.

    What is not understood, and several ranges at once, is answered with the whole, as RFC 9110 allows. Raises
    `RangeNotSatisfiable` for bytes that are not there.
    """
    asked = _RANGE.fullmatch(header.strip()) if header else None
    if asked is None:
        return None
    first, last, tail = (int(number) if number else None for number in asked.groups())
    if first is None:
        first, last = max(0, size_bytes - (tail or 0)), size_bytes - 1
    if last is not None and asked[1] and last < first:
        return None
    if first >= size_bytes:
        raise RangeNotSatisfiable(f"The file has {size_bytes:,} bytes.", size_bytes=size_bytes)
    end = min(size_bytes - 1 if last is None else last, size_bytes - 1)
    return first, end - first + 1


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Say whether a client has what this entity tag stands for."""
    known = {word.strip().removeprefix("W/") for word in (if_none_match or "").split(",")}
    return tag in known or "*" in known
