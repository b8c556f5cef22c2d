"""Chores are done again and again, and let go of what they use before it is closed."""

from __future__ import annotations

import asyncio

from headway.kit.chores import doing, every


async def test_a_chore_that_fails_is_done_again() -> None:
    done = asyncio.Event()
    times = 0

    async def chore() -> None:
        nonlocal times
        times += 1
        if times == 1:
            raise ConnectionError("away")
        done.set()

    async with doing(every(0, chore)):
        await asyncio.wait_for(done.wait(), 10)
    assert times >= 2


async def test_the_block_ends_after_every_chore_has_given_back_what_it_held() -> None:
    holding = asyncio.Event()
    held: set[str] = set()

    async def chore() -> None:
        held.add("a connection")
        holding.set()
        try:
            await asyncio.Event().wait()
        finally:
            # Giving it back takes the event loop some turns.
            for _ in range(3):
                await asyncio.sleep(0)
            held.clear()

    async with doing(every(0, chore), every(3600, chore)):
        await asyncio.wait_for(holding.wait(), 10)
        assert held
    assert not held
