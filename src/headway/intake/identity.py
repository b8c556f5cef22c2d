"""What an upload is known by: its place in the store, what makes two requests the same one, the name people see."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from uuid import UUID

from headway.intake.schemas import ImportOptions

KIND = "intake.import_file"
"""The task that an upload's job runs."""

ENGINE = "dbos"


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


def display_name(file_name: str) -> str:
    """Return a file name fit for showing: no folders, no control or direction characters, at most 255 bytes."""
    base = PureWindowsPath(PurePosixPath(file_name).name).name
    clean = "".join(c for c in unicodedata.normalize("NFC", base) if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    return clean.encode()[:255].decode("utf-8", "ignore").strip() or "unnamed"
