"""How files of jobs may be called, what they may say that they are, and where they lie in the store."""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID, uuid4

from headway.jobs.artifacts.errors import ArtifactNameInvalid, MediaTypeInvalid

PREFIX = "artifacts"
LONGEST_NAME = 120
LONGEST_MEDIA_TYPE = 100
UNKNOWN = "application/octet-stream"
FORBIDDEN = frozenset('/\\:*?"<>|%')
"""What some system takes for more than a letter of a name."""

_MEDIA_TYPE = re.compile(
    r'[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+(; ?[a-z0-9-]+=("[\w .:/+-]*"|[\w.:/+-]+))*', re.IGNORECASE
)


def checked_name(name: str) -> str:
    """Return the name as it is kept, or raise `ArtifactNameInvalid`.

    Printable characters only: what turns the direction of writing can make `gpj.exe` look like `exe.jpg`.
    """
    plain = unicodedata.normalize("NFC", name)
    if (
        not 0 < len(plain) <= LONGEST_NAME
        or not plain.isprintable()
        or FORBIDDEN.intersection(plain)
        or plain != plain.strip(" .")
    ):
        raise ArtifactNameInvalid(f"{name[:LONGEST_NAME]!r} cannot be the name of a file.")
    return plain


def checked_media_type(said: str | None) -> str:
    """Return what a file says that it is, `application/octet-stream` if it says nothing. Raises `MediaTypeInvalid`."""
    if not said:
        return UNKNOWN
    if len(said) > LONGEST_MEDIA_TYPE or not _MEDIA_TYPE.fullmatch(said):
        raise MediaTypeInvalid(f"{said[:LONGEST_MEDIA_TYPE]!r} is no content type.")
    return said


def new_key(job_id: UUID, attempt: int) -> str:
    """Return where a new file is put: never where another one is, also not one of the same name."""
    return f"{artifacts_prefix(job_id)}/{attempt}/{uuid4()}"


def artifacts_prefix(job_id: UUID) -> str:
    """Return the folder of all files of a job."""
    return f"{PREFIX}/{job_id}"
