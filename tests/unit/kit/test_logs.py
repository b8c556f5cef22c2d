"""What a line of the log carries besides its sentence."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from headway.kit.logs import about, remember, remembered
from tests.support.lines import Lines, logged_lines

log = logging.getLogger("headway.somewhere")


@pytest.fixture
def lines() -> Iterator[Lines]:
    with logged_lines() as found:
        yield found


def facts(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in {"at", "level", "logger", "message"}}


def test_a_line_carries_what_the_block_is_about(lines: Lines) -> None:
    with about(job_id=7):
        log.info("in")
        with about(attempt=2):
            log.info("further in")
        log.info("in again")
    log.info("out")
    assert [facts(line) for line in lines] == [{"job_id": "7"}, {"job_id": "7", "attempt": "2"}, {"job_id": "7"}, {}]


def test_what_the_call_itself_says_stands(lines: Lines) -> None:
    with about(job_id="outer"):
        log.info("another job's", extra={"job_id": "another"})
    assert facts(lines[0]) == {"job_id": "another"}


async def test_tasks_and_threads_that_a_block_starts_are_about_the_same(lines: Lines) -> None:
    with about(job_id="mine"):
        await asyncio.gather(asyncio.create_task(say()), asyncio.to_thread(log.info, "thread"))
    assert [facts(line) for line in lines] == [{"job_id": "mine"}] * 2


async def test_what_one_task_remembers_no_other_one_knows(lines: Lines) -> None:
    async def one(name: str) -> None:
        remember(request_id=name)
        await asyncio.sleep(0)
        log.info(name)

    await asyncio.gather(*(asyncio.create_task(one(name)) for name in "abc"))
    assert [line["request_id"] for line in lines] == [line["message"] for line in lines] == ["a", "b", "c"]
    assert remembered("request_id") is None


def test_a_fact_cannot_end_the_line(lines: Lines) -> None:
    with about(job_id='x"\n{"level": "error"}'):
        log.info("once")
    assert len(lines) == 1
    assert json.loads(json.dumps(lines[0]))["level"] == "info"


async def say() -> None:
    log.info("task")
