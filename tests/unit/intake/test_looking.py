"""Only so many look at something at a time, and what they looked at is gone when they are done."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from headway.intake.looking import AT_ONCE, WAITING, Looking
from headway.intake.preview_errors import PreviewBusy
from headway.intake.sandbox import Sandbox


async def test_one_too_many_is_told_to_come_again_and_the_next_has_its_place(tmp_path: Path) -> None:
    sandbox = Sandbox(memory_bytes=10**9, wall_seconds=1, rooms=tmp_path)
    looking = Looking(sandbox, tmp_path / "looks", "preview", PreviewBusy)
    async with AsyncExitStack() as stack:
        folders = [await stack.enter_async_context(looking.folder()) for _ in range(AT_ONCE + WAITING)]
        assert len(set(folders)) == len(folders)
        with pytest.raises(PreviewBusy) as refused:
            await stack.enter_async_context(looking.folder())
        assert refused.value.data["retry_after_seconds"]
    assert list((tmp_path / "looks").iterdir()) == []
    async with looking.folder() as folder:
        assert (folder / "out").is_dir()
    await looking.close()
