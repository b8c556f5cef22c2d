"""Look-ups that wait for each other's questions are never older than their own beginning, and fail alone."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from headway.kit import together
from headway.kit.together import Together


class Source:
    """Answers when it is let, with what is there at that moment."""

    def __init__(self) -> None:
        self.there = {"a": 1, "b": 2}
        self.asked: list[set[str]] = []
        self.may_answer = asyncio.Event()
        self.failure: Exception | None = None

    async def ask(self, keys: Collection[str]) -> Mapping[str, int]:
        self.asked.append(set(keys))
        seen = dict(self.there)
        await self.may_answer.wait()
        if self.failure is not None:
            raise self.failure
        return {key: seen[key] for key in keys if key in seen}


@pytest.fixture
async def source() -> Source:
    return Source()


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "QUESTIONS_AT_ONCE", 1)


async def begun(source: Source, questions: int) -> None:
    while len(source.asked) < questions:
        await asyncio.sleep(0)


async def test_who_comes_while_a_question_is_under_way_is_asked_for_in_the_next_one(
    source: Source, one_at_a_time: None
) -> None:
    finder = Together(source.ask)
    first = asyncio.create_task(finder.find("a"))
    await begun(source, 1)
    later = [asyncio.create_task(finder.find(key)) for key in ("a", "b", "b", "c")]
    await asyncio.sleep(0)
    source.there["a"] = 10
    source.may_answer.set()
    assert await first == 1
    assert await asyncio.gather(*later) == [10, 2, 2, None]
    assert source.asked == [{"a"}, {"a", "b", "c"}]


async def test_a_question_that_hangs_holds_up_only_those_who_are_in_it(source: Source) -> None:
    finder = Together(source.ask)
    hanging = asyncio.create_task(finder.find("a"))
    await begun(source, 1)
    other = asyncio.create_task(finder.find("b"))
    await begun(source, 2)
    assert source.asked == [{"a"}, {"b"}]
    source.may_answer.set()
    assert await asyncio.gather(hanging, other) == [1, 2]


async def test_a_failure_is_told_to_those_who_asked_and_to_nobody_later(source: Source, one_at_a_time: None) -> None:
    finder = Together(source.ask)
    source.failure = ConnectionError("away")
    waiting = [asyncio.create_task(finder.find(key)) for key in ("a", "b")]
    source.may_answer.set()
    assert {type(one) for one in await asyncio.gather(*waiting, return_exceptions=True)} == {ConnectionError}
    source.failure = None
    assert await finder.find("a") == 1


async def test_a_caller_who_is_gone_takes_nobody_along(source: Source, one_at_a_time: None) -> None:
    finder = Together(source.ask)
    gone, staying = (asyncio.create_task(finder.find("a")) for _ in range(2))
    await begun(source, 1)
    gone.cancel()
    source.may_answer.set()
    assert await staying == 1
    assert gone.cancelled() or await asyncio.gather(gone, return_exceptions=True)


async def test_a_question_has_a_largest_size(
    source: Source, one_at_a_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "KEYS_OF_A_QUESTION", 2)
    source.may_answer.set()
    finder = Together(source.ask)
    assert await asyncio.gather(*(finder.find(key) for key in "abc")) == [1, 2, None]
    assert [len(keys) for keys in source.asked] == [2, 1]


async def test_who_comes_just_when_the_last_question_is_answered_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks that asked have ended then, and will not look again."""
    monkeypatch.setattr(together, "QUESTIONS_AT_ONCE", 2)
    answered = [asyncio.Event() for _ in range(2)]
    asked: list[str] = []

    async def ask(keys: Collection[str]) -> Mapping[str, int]:
        asked.extend(keys)
        if len(asked) <= len(answered):
            await answered[len(asked) - 1].wait()
        return dict.fromkeys(keys, 1)

    finder, gate = Together(ask), asyncio.Event()

    async def late() -> int | None:
        await gate.wait()
        return await finder.find("late")

    waiting = []
    for key in ("a", "b"):
        waiting.append(asyncio.create_task(finder.find(key)))
        while key not in asked:
            await asyncio.sleep(0)
    waiting.append(asyncio.create_task(late()))
    await asyncio.sleep(0)
    # In this order they go on, all in one turn of the loop.
    for event in (*answered, gate):
        event.set()
    async with asyncio.timeout(10):
        assert await asyncio.gather(*waiting) == [1, 1, 1]
