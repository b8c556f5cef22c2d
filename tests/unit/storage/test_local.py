"""The local folder when its callers are cancelled: a thread goes on, and must leave nothing that nobody wants."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from headway.storage.local import LocalStore

WAIT_SECONDS = 30


class Held:
    """A function whose thread stops before or after its work until it is let go."""

    def __init__(self, function: Callable[..., Any], when: Literal["before", "after"]) -> None:
        self._function = function
        self._when = when
        self._reached, self._let_go, self._left = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        if self._when == "before":
            self._hold()
        try:
            result = self._function(*arguments, **named)
            if self._when == "after":
                self._hold()
            return result
        finally:
            self._left.set()

    def _hold(self) -> None:
        self._reached.set()
        assert self._let_go.wait(WAIT_SECONDS)

    async def reached(self) -> None:
        assert await asyncio.to_thread(self._reached.wait, WAIT_SECONDS)

    def let_go(self) -> None:
        self._let_go.set()

    async def left(self) -> None:
        assert await asyncio.to_thread(self._left.wait, WAIT_SECONDS)


def hold(monkeypatch: pytest.MonkeyPatch, name: str, when: Literal["before", "after"]) -> Held:
    """Hold a method of `Path`, as the store calls it."""
    held = Held(getattr(Path, name), when)

    def method(path: Path, *arguments: Any, **named: Any) -> Any:
        return held(path, *arguments, **named)

    monkeypatch.setattr(Path, name, method)
    return held


def files(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_opening_that_was_cancelled_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: Literal["before", "after"]
) -> None:
    held = hold(monkeypatch, "open", when)
    opening = asyncio.create_task(LocalStore(tmp_path).open_writer("originals/a"))
    await held.reached()
    opening.cancel()
    await asyncio.sleep(0)  # let the cancellation arrive
    held.let_go()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await held.left()
    assert files(tmp_path) == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_is_given_up_in_its_commit_is_not_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: Literal["before", "after"]
) -> None:
    writer = await LocalStore(tmp_path).open_writer("originals/a")
    await writer.write(b"data")
    held = hold(monkeypatch, "replace", when)
    commit = asyncio.create_task(writer.commit())
    await held.reached()
    commit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await commit
    abort = asyncio.create_task(writer.abort())
    await asyncio.sleep(0)
    held.let_go()
    await abort
    await held.left()
    assert files(tmp_path) == []


async def test_what_was_given_up_first_is_never_committed(tmp_path: Path) -> None:
    writer = await LocalStore(tmp_path).open_writer("originals/a")
    await writer.abort()
    with pytest.raises(Exception, match="does not answer"):
        await writer.commit()
    assert files(tmp_path) == []


async def test_what_is_no_object_of_ours_is_not_listed(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    writer = await store.open_writer("originals/a")
    await writer.commit()
    for name in ("lost+found", ".snapshot", "originals/a b", "originals/.nfs01"):
        (tmp_path / name).write_bytes(b"somebody else's")
    assert [info.key async for info in store.list("")] == ["originals/a"]
