"""What an upload is known by: its place in the store, what makes two requests the same one, the name people see."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID

from headway.intake.schemas import ImportOptions, ReadingOptions

KIND = "intake.import_file"
"""The task that an upload's job runs."""


def original_key(job_id: UUID) -> str:
    """Return where the bytes of an upload lie."""
    return f"originals/{job_id}"


def rows_prefix(job_id: UUID) -> str:
    """Return where the rows lie that a job made."""
    return f"rows/{job_id}/"


def arriving_prefix(job_id: UUID) -> str:
    """Return where the bytes of a resumable upload lie until all of them are there."""
    return f"uploads/{job_id}/"


def fingerprint(sha256: str, options: ImportOptions) -> str:
    """Return what makes two uploads the same request: their bytes and their options."""
    return hashlib.sha256(f"{sha256}\n{options.model_dump_json(exclude_defaults=True)}".encode()).hexdigest()


def reads_alike(asked: ImportOptions) -> Callable[[dict[str, Any]], bool]:
    """Return the question whether a file that was read by some options shows what is asked for now.

    Which of the file's tables are read has to be the same. How they are read has to be as far as it is asked for: what
    was found out, or put right later, is better than finding it out again.
    """
    wanted = _reading(asked.model_dump(mode="json", exclude_defaults=True))
    tables = _tables(wanted)

    def is_alike(options: dict[str, Any]) -> bool:
        known = _reading(options)
        return _tables(known) == tables and all(known.get(name) == value for name, value in wanted.items())

    return is_alike


def _reading(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name in ReadingOptions.model_fields}


def _tables(options: dict[str, Any]) -> tuple[Any, ...]:
    """Take what says which tables are read out of the options, and return it in one form."""
    sheet, sheets, parts = options.pop("sheet", None), options.pop("sheets", None), options.pop("parts", None)
    member, members, unite = options.pop("member", None), options.pop("members", None), options.pop("unite", None)
    chosen = (sheets or ([sheet] if sheet else []), members or ([member] if member else []))
    return *chosen, parts == "all", bool(unite), options.pop("json_path", None)


def display_name(file_name: str) -> str:
    """Return a file name fit for showing: no folders, no control or direction characters, at most 255 bytes."""
    base = PureWindowsPath(PurePosixPath(file_name).name).name
    clean = "".join(c for c in unicodedata.normalize("NFC", base) if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    return clean.encode()[:255].decode("utf-8", "ignore").strip() or "unnamed"
