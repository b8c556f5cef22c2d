"""What an archive says of itself, in its last member: who made it, and the digest of everything before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

FORMAT = 1
NAME = "manifest.json"


class BackupFailed(Exception):
    """A backup or restore cannot be done; the text is a sentence for whoever asked, with what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`rows` counts those of each table, `missing` lists the objects that rows name and the store did not have."""

    product: str
    revision: str
    created_at: str
    rows: Mapping[str, int]
    members: Mapping[str, Member]
    missing: Sequence[str] = field(default=())

    @property
    def size_bytes(self) -> int:
        return sum(member.size_bytes for member in self.members.values())

    def to_bytes(self) -> bytes:
        content = {"format": FORMAT, **asdict(self)}
        return json.dumps({**content, "sha256": _digest(content)}, indent=1).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """Raises ValueError, KeyError or TypeError for a manifest that is damaged, BackupFailed for a newer format."""
        content: dict[str, Any] = json.loads(text)
        said = content.pop("sha256")
        made_in = content.pop("format")
        if _digest({"format": made_in, **content}) != said:
            raise ValueError("the manifest does not fit its digest")
        if made_in != FORMAT:
            raise BackupFailed(
                f"This backup has format {made_in}, and this version of Headway knows format {FORMAT}. "
                f"Restore it with Headway {content.get('product')}, which made it."
            )
        members = {name: Member(**member) for name, member in content.pop("members").items()}
        return cls(**content, members=members)


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
