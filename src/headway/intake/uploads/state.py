"""Where an upload stands, and until when it may be continued."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from headway.intake.models import Upload
from headway.intake.quota import IntakeLimits


def has_arrived(upload: Upload) -> bool:
    return upload.length_bytes == upload.offset_bytes


def is_expired(upload: Upload, now: datetime) -> bool:
    """Say whether it is too late to go on; an upload whose bytes are all there needs nobody to go on."""
    return upload.expires_at <= now and not has_arrived(upload)


def expiry(limits: IntakeLimits, created_at: datetime, now: datetime) -> datetime:
    """Return when an upload expires whose last byte came now: it may neither rest nor last for ever."""
    idle = now + timedelta(seconds=limits.upload_idle_seconds)
    return min(idle, created_at + timedelta(seconds=limits.upload_age_seconds))


@dataclass(frozen=True, slots=True)
class UploadState:
    """Where an upload stands. `expires_at` is None once all of its bytes are there."""

    job_id: UUID
    offset: int
    length: int | None
    metadata: str
    expires_at: datetime | None

    @classmethod
    def of(cls, upload: Upload) -> Self:
        expires_at = None if has_arrived(upload) else upload.expires_at
        return cls(upload.job_id, upload.offset_bytes, upload.length_bytes, upload.upload_metadata, expires_at)
