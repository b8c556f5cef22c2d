"""tus 1.0 as text: what its headers say, and what is said in them. Nothing here acts.

https://tus.io/protocols/resumable-upload, core and the extensions named below.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from headway.intake.tus_errors import (
    ChecksumUnsupported,
    LengthExceeded,
    LengthInvalid,
    MetadataInvalid,
    NotBytes,
    OffsetInvalid,
    VersionUnsupported,
)

VERSION = "1.0.0"
EXTENSIONS = (
    "creation", "creation-with-upload", "creation-defer-length", "termination", "expiration", "checksum",
)  # fmt: skip
CHECKSUM_ALGORITHMS = ("sha256", "sha1")
CONTENT_TYPE = "application/offset+octet-stream"
CHUNK_ADVICE_BYTES = 16 * 1024 * 1024
"""What proxies let pass, and twice the piece in which a store takes it."""

MOST_DIGITS = 18
LONGEST_METADATA = 32 * 1024
JOB_HEADER = "Headway-Job"
"""Names the job of an upload; its `Location` stays the upload's own."""

EXPOSED = (
    "Location", "Retry-After", "Tus-Checksum-Algorithm", "Tus-Extension", "Tus-Max-Size", "Tus-Resumable",
    "Tus-Version", "Upload-Defer-Length", "Upload-Expires", "Upload-Length", "Upload-Metadata", "Upload-Offset",
    JOB_HEADER,
)  # fmt: skip
"""What a page of another origin must be allowed to read, where a host application lets it call at all."""

_KEY = re.compile(r"[!-+\--~]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must come to."""

    algorithm: str
    digest: bytes

    def new_hash(self) -> Any:
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def fits(self, found: Any) -> bool:
        """Say whether a hash of the body comes to what was promised."""
        return bool(found.digest() == self.digest)


@dataclass(frozen=True, slots=True)
class Announced:
    """What a sender says of a file before its bytes. `length` is None while nobody knows it."""

    length: int | None
    metadata: str = ""
    file_name: str = "unnamed"
    options: str = ""
    sha256: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """For the sender itself, who finds them on the job."""


def require_version(version: str | None) -> None:
    if version != VERSION:
        raise VersionUnsupported(f"The request says {version!r}." if version else "The request has no Tus-Resumable.")


def require_bytes(content_type: str | None) -> None:
    if (content_type or "").partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise NotBytes(f"The request says {content_type!r}." if content_type else "The request says none.")


def read_announced(length: str | None, deferred: str | None, metadata: str | None) -> Announced:
    """Return what the headers of a creation say."""
    pairs = read_metadata(metadata)
    sha256 = pairs.get("sha256")
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise MetadataInvalid("sha256 must be 64 hexadecimal digits in lower case.")
    modified = pairs.get("lastmodified", "")
    return Announced(
        read_length(length, deferred),
        metadata or "",
        pairs.get("filename") or pairs.get("name") or "unnamed",
        pairs.get("options", ""),
        sha256,
        {"last_modified": modified}
        if modified.isascii() and modified.isdigit() and len(modified) < MOST_DIGITS
        else {},
    )


def read_length(length: str | None, deferred: str | None) -> int | None:
    """Return the length of an upload; None if it will be said later."""
    if (length is None) == (deferred is None):
        raise LengthInvalid("Both were sent." if length is not None else "Neither was sent.")
    if length is None:
        if deferred != "1":
            raise LengthInvalid(f"Upload-Defer-Length is {deferred!r}; it can only be 1.")
        return None
    return read_known_length(length)


def read_known_length(length: str) -> int:
    found = _number(length)
    if found is None:
        raise LengthInvalid(f"Upload-Length is {length[:40]!r}.")
    return found


def refuse_longer(length: int | None, offset: int, body_bytes: int | None) -> None:
    """Raise `LengthExceeded` if a request is said to bring more than is missing."""
    if length is not None and offset + (body_bytes or 0) > length:
        missing = f"{length - offset:,} bytes are missing, and the request has {body_bytes:,}."
        raise LengthExceeded(missing, length=length, offset=offset)


def read_offset(offset: str | None) -> int:
    found = _number(offset or "")
    if found is None:
        raise OffsetInvalid(f"Upload-Offset is {offset[:40]!r}." if offset else "There is none.")
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def read_metadata(header: str | None) -> dict[str, str]:
    """Return the pairs of an Upload-Metadata header; keys in lower case, since senders differ."""
    if not header:
        return {}
    if len(header) > LONGEST_METADATA:
        raise MetadataInvalid(f"It has {len(header):,} characters; {LONGEST_METADATA:,} are the most.")
    pairs: dict[str, str] = {}
    for pair in header.split(","):
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key.lower() in pairs:
            raise MetadataInvalid(f"{key[:40]!r} is no key, or is there twice.")
        try:
            pairs[key.lower()] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise MetadataInvalid(f"The value of {key[:40]!r} is not UTF-8 in Base64.") from None
    return pairs


def read_checksum(header: str | None) -> Checksum | None:
    if header is None:
        return None
    algorithm, _, value = header.strip().partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise ChecksumUnsupported(f"The algorithm {algorithm[:40]!r} is not known here.")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise ChecksumUnsupported(f"It is not a {algorithm} in Base64.")
    return Checksum(algorithm, digest)


def abilities(max_size: int) -> dict[str, str]:
    """Return the headers that say what is spoken here."""
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(EXTENSIONS),
        "Tus-Max-Size": str(max_size),
        "Tus-Checksum-Algorithm": ",".join(CHECKSUM_ALGORITHMS),
    }


def state_headers(offset: int, length: int | None, expires_at: datetime | None, job_id: object) -> dict[str, str]:
    """Return the headers that say how an upload stands; one that is finished does not expire any more."""
    expiry = {"Upload-Expires": format_datetime(expires_at, usegmt=True)} if expires_at is not None else {}
    known = {"Upload-Length": str(length)} if length is not None else {"Upload-Defer-Length": "1"}
    return {"Upload-Offset": str(offset), **known, **expiry, JOB_HEADER: str(job_id)}
