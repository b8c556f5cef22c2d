"""How much room the disks have that files are kept on, and a warning before there is too little."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from headway.kit.clock import Clock

log = logging.getLogger(__name__)

LEAST_SHARE = 0.05
LEAST_RESERVES = 2
"""How often the room below which uploads are refused must be there for nobody to be warned."""

AGAIN_SECONDS = 3600.0


def shortage(folder: Path, min_free_bytes: int) -> str | None:
    """Return a sentence if the disk that a folder is on will soon be full, else nothing. Raises OSError."""
    room = disk_room(folder)
    if room.free >= LEAST_RESERVES * min_free_bytes and room.free >= LEAST_SHARE * room.total:
        return None
    return (
        f"The disk of {folder} is nearly full: {room.free / 1e9:,.1f} GB of {room.total / 1e9:,.1f} GB are free, "
        f"{room.free / room.total:.1%}. Uploads are refused below {min_free_bytes / 1e9:,.1f} GB."
    )


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """Bytes of a disk: those that are free for us, and all."""

    free: int
    total: int


def disk_room(folder: Path) -> DiskRoom:
    """Return the room on the disk that a folder is on, or will be on once it exists. Raises OSError."""
    used = shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists()))
    return DiskRoom(used.free, used.total)


class RoomWatch:
    """Says in the log when a disk becomes nearly full, once an hour while it is, and when there is room again."""

    def __init__(self, folders: Collection[Path], min_free_bytes: int, clock: Clock) -> None:
        self._folders = folders
        self._min_free_bytes = min_free_bytes
        self._clock = clock
        self._warned_at: dict[Path, float] = {}

    async def look(self) -> None:
        """Look once at every disk."""
        for folder in self._folders:
            self._judge(folder, shortage(folder, self._min_free_bytes))

    def _judge(self, folder: Path, sentence: str | None) -> None:
        now, warned_at = self._clock.monotonic(), self._warned_at.get(folder)
        if sentence is None:
            if self._warned_at.pop(folder, None) is not None:
                log.info("the disk of %s has room again", folder)
        elif warned_at is None or now - warned_at >= AGAIN_SECONDS:
            self._warned_at[folder] = now
            log.warning("%s", sentence)
