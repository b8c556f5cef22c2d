"""A disk that becomes full is told before uploads are refused."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from headway.kit.room import RoomWatch, shortage
from tests.support.clock import FakeClock

GB = 10**9


class Usage(NamedTuple):
    """What the system says of a disk, in bytes."""

    total: int
    used: int
    free: int


class Disk:
    """Stands in for what the system says of a disk: nobody wants to fill a real one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free = 100 * GB
        monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(200 * GB, 200 * GB - self.free, self.free))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.mark.parametrize(("free", "min_free", "short"), [(19, 10, True), (20, 10, False), (9, 1, True), (10, 1, False)])
def test_short_is_under_twice_the_reserve_or_a_twentieth(
    disk: Disk, tmp_path: Path, free: int, min_free: int, *, short: bool
) -> None:
    disk.free = free * GB
    said = shortage(tmp_path, min_free * GB)
    assert (said is not None) == short
    if said is not None:
        assert f"{free}.0 GB of 200.0 GB" in said


def test_a_folder_that_is_still_to_come_has_the_room_of_its_parent(tmp_path: Path) -> None:
    assert shortage(tmp_path / "objects" / "later", 0) == shortage(tmp_path, 0)


async def test_it_is_said_when_it_begins_once_an_hour_and_when_it_ends(
    disk: Disk, tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "headway.kit.room")
    watch = RoomWatch([tmp_path], GB, clock)
    said = []

    async def look(after: float) -> int:
        clock.advance(after)
        caplog.clear()
        await watch.look()
        said.extend(record.levelname for record in caplog.records)
        return len(caplog.records)

    assert await look(60) == 0
    disk.free = GB
    assert await look(60) == 1
    assert await look(60) == 0
    assert await look(3600) == 1
    disk.free = 100 * GB
    assert await look(60) == 1
    assert await look(60) == 0
    assert said == ["WARNING", "WARNING", "INFO"]
