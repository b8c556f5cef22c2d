"""Text from outside that every database can keep: no NUL, which PostgreSQL refuses, and no half characters."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator

MAX_DETAILS_BYTES = 64 * 1024


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a NUL character cannot be kept")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a lone surrogate is no character") from None
    return text


def _small_details(details: dict[str, Any]) -> dict[str, Any]:
    written = json.dumps(details, ensure_ascii=False, allow_nan=False)
    _plain(written.replace("\\u0000", "\x00"))
    if len(written.encode()) > MAX_DETAILS_BYTES:
        raise ValueError(f"at most {MAX_DETAILS_BYTES:,} bytes of details can be kept")
    return details


def is_uuid(text: str) -> bool:
    """Say whether a text is a UUID in any of its spellings."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


PlainText = Annotated[str, AfterValidator(_plain)]
"""A string that can be stored and sent."""

Details = Annotated[dict[str, Any], AfterValidator(_small_details)]
"""A JSON object that can be stored beside a row: at most 64 KiB, no NUL, no NaN."""
