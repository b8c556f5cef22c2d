"""What a program says with `headway.client` is what its owner sees, whatever becomes of the server meanwhile."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from headway.app import PREFIX
from headway.client import Job, JobCancelled, NotAttached, job, track
from headway.client import connection as connection_module
from headway.client import jobs as jobs_module
from headway.client import reporting as reporting_module
from tests.unit.client.conftest import DEADLINE_SECONDS, Owner


async def run(work: Callable[[], Any]) -> Any:
    """Run what blocks beside the server, which lives in this event loop."""
    async with asyncio.timeout(60):
        return await asyncio.to_thread(work)


async def test_a_block_is_a_job_with_everything_it_said(owner: Owner, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a\n1\n")

    def work() -> None:
        with job("Nightly copy", stages={"read": 1, "write": 4}, metadata={"night": 7}) as j:
            j.progress(message="Reading", stage="read", done=0, total=2, unit="files")
            j.advance()
            j.log("one is locked", level="warning")
            assert j.attach(file, rows=1) is not None
            j.progress(message="Writing", stage="write", done=2, total=2, failed=1)
            j.result(files=2)
            j.result(bytes=4)

    await run(work)
    seen = await owner.only_job()
    assert (seen["title"], seen["status"], seen["phase"], seen["progress"]) == (
        "Nightly copy", "completed", "partial", 100,
    )  # fmt: skip
    assert (seen["message"], seen["stage"], seen["done_units"], seen["total_units"], seen["failed_units"]) == (
        "Writing", "write", 2, 2, 1,
    )  # fmt: skip
    assert (seen["result"], seen["metadata"]["night"]) == ({"files": 2, "bytes": 4}, 7)
    address = f"{PREFIX}/jobs/{seen['id']}"
    [line] = [each for each in (await owner.http.get(f"{address}/logs")).json()["items"] if each["level"] == "warning"]
    assert line["text"] == "one is locked"
    assert (await owner.http.get(f"{address}/artifacts/rows.csv")).text == "a\n1\n"


async def test_an_exception_fails_the_job_with_its_words_and_goes_on(owner: Owner) -> None:
    def work() -> None:
        with job("Nightly copy") as j:
            j.result(never="seen")
            raise ValueError("disk 3 is \x00 full" + "!" * 3000)

    with pytest.raises(ValueError, match="disk 3"):
        await run(work)
    seen = await owner.only_job()
    assert (seen["status"], seen["problem"]["code"], seen["result"]) == ("failed", "job.reported_failure", None)
    assert seen["error"].startswith("ValueError: disk 3 is \N{REPLACEMENT CHARACTER} full!")
    assert (seen["error"][-1], len(seen["error"])) == ("…", 2000)


async def test_cancelling_reaches_the_program_and_its_word_ends_the_job(owner: Owner) -> None:
    started = threading.Event()

    def work() -> None:
        with job("Nightly copy") as j:
            started.set()
            while True:
                j.progress(1)
                threading.Event().wait(0.01)

    running = asyncio.create_task(run(work))
    await owner.sees(lambda seen: seen["progress"] == 1)
    await owner.cancels()
    with pytest.raises(JobCancelled):
        await running
    assert (await owner.only_job())["status"] == "cancelled"


async def test_a_job_that_says_nothing_hears_of_its_cancellation_by_its_beats(owner: Owner) -> None:
    async with job("Quiet", heartbeat_seconds=1) as j:
        before = await owner.sees(lambda seen: seen["status"] == "running")
        # Beats alone make new versions.
        await owner.sees(lambda seen: seen["version"] > before["version"] + 1)
        await owner.cancels()
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not j.cancel_requested:
                await asyncio.sleep(0.02)
    assert (await owner.only_job())["status"] == "completed", "what was done after all is done"


async def test_rows_are_counted_as_they_are_taken(owner: Owner) -> None:
    taken = await run(lambda: list(track(range(5), title="Rows")))
    seen = await owner.only_job()
    assert taken == [0, 1, 2, 3, 4]
    assert (seen["status"], seen["done_units"], seen["total_units"], seen["unit"]) == ("completed", 5, 5, "rows")


async def test_rows_that_come_over_time_are_counted_too(owner: Owner) -> None:
    async def rows() -> AsyncIterator[int]:
        for row in range(3):
            await asyncio.sleep(0)
            yield row

    assert [row async for row in track(rows(), title="Rows", total=3)] == [0, 1, 2]
    seen = await owner.only_job()
    assert (seen["status"], seen["done_units"], seen["total_units"]) == ("completed", 3, 3)


async def test_a_loop_that_was_left_before_its_end_is_not_called_done(owner: Owner) -> None:
    def work() -> None:
        for row in track(range(100), title="Rows", unit="lines"):
            if row == 4:
                break

    await run(work)
    seen = await owner.only_job()
    assert (seen["status"], seen["error"]) == ("failed", "The loop was left before its last row.")
    assert (seen["done_units"], seen["unit"]) == (4, "lines")


async def test_a_tight_loop_makes_few_reports(owner: Owner) -> None:
    def work() -> None:
        with job("Fast") as j:
            for done in range(100_000):
                j.progress(done=done, total=100_000)

    await run(work)
    seen = await owner.only_job()
    assert (seen["status"], seen["done_units"]) == ("completed", 99_999)
    assert seen["version"] < 1000


async def test_the_work_begins_without_the_server_and_all_is_told_later(
    owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    await owner.line.cut()
    async with job("Early", heartbeat_seconds=3) as j:
        j.progress(40, "Half of it")
        assert j.id is None
        await owner.line.mend()
        await owner.sees(lambda seen: seen["message"] == "Half of it" and seen["progress"] == 40)
    assert (await owner.only_job())["status"] == "completed"
    assert said(caplog) == [f"Headway at {owner.line.url} is away", f"Headway at {owner.line.url} is back"]


async def test_an_end_that_the_server_missed_is_told_when_it_is_back(
    owner: Owner, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs_module, "LAST_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(reporting_module, "PAUSE_AT_THE_END_SECONDS", 0.05)
    async with job("Late") as j:
        await owner.sees(lambda seen: seen["title"] == "Late")
        await owner.line.cut()
        for percent in range(90):
            j.progress(percent)
    assert "The job 'Late' has ended; Headway is told when it is back." in caplog.text
    await owner.line.mend()
    seen = await owner.sees(lambda seen: seen["status"] == "completed")
    assert seen["title"] == "Late"
    assert len(await owner.jobs()) == 1
    assert [line for line in said(caplog) if "away" in line] == [f"Headway at {owner.line.url} is away"]


async def test_a_program_that_ends_while_the_server_is_away_says_what_it_could_not_tell(owner: Owner) -> None:
    await owner.line.cut()
    program = (
        "import logging; logging.basicConfig(level='WARNING', format='%(message)s')\n"
        "from headway.client import job, jobs, reporting\n"
        "jobs.LAST_ANSWER_SECONDS = 0.1\n"
        "reporting.LAST_CHANCE_SECONDS = 0.1\n"
        "with job('Lost'): print('worked')\n"
    )
    done = await run(
        lambda: subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    )
    assert done.stdout == "worked\n"
    assert "The program ends, and Headway was not told how the job 'Lost' ended." in done.stderr
    assert "Traceback" not in done.stderr


async def test_the_work_goes_on_where_headway_refuses_it(owner: Owner, caplog: pytest.LogCaptureFixture) -> None:
    done = []
    async with job("Refused", token="nobody's") as j:
        done.append(j.progress(10))
        with pytest.raises(NotAttached, match="does not take the job"):
            await asyncio.to_thread(j.attach, b"1", "one.txt")
    assert (len(done), await owner.jobs()) == (1, [])
    [refusal] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "Headway does not take the job 'Refused'" in refusal.getMessage()


async def test_a_report_that_is_wrong_is_said_and_does_not_end_the_reporting(
    owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    async with job("Odd") as j:
        j.progress(done=-1)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while "did not take a report" not in caplog.text:
                await asyncio.sleep(0.02)
        j.progress(done=7)
    assert (await owner.only_job())["done_units"] == 7


async def test_a_result_that_is_too_large_is_said_and_the_job_is_completed_without_it(
    owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    async with job("Large") as j:
        j.result(all="x" * 100_000)
    seen = await owner.only_job()
    assert (seen["status"], seen["result"]) == ("completed", None)
    assert "did not take a report on the job 'Large'" in caplog.text


async def test_a_job_that_has_ended_elsewhere_is_said_once_and_the_work_goes_on(
    owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    async with job("Deleted") as j:
        await owner.sees(lambda seen: seen["title"] == "Deleted")
        report = f"{PREFIX}/jobs/{j.id}/progress"
        (await owner.http.post(report, json={"status": "failed", "error": "by hand"})).raise_for_status()
        for percent in range(20):
            j.progress(percent)
    assert (await owner.only_job())["error"] == "by hand"
    assert caplog.text.count("Nothing more is reported on the job 'Deleted'") == 1


async def test_a_request_that_is_repeated_with_its_key_finds_the_job_that_it_made(owner: Owner) -> None:
    async def ask(key: str) -> httpx.Response:
        return await owner.http.post(f"{PREFIX}/jobs", json={"job_type": "external"}, headers={"Idempotency-Key": key})

    first, again, other = [await ask(key) for key in ("one", "one", "two")]
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert first.json()["id"] == again.json()["id"] != other.json()["id"]
    assert first.headers["location"] == f"{PREFIX}/jobs/{first.json()['id']}"
    assert (await ask("k" * 201)).status_code == 422


def test_a_program_without_a_server_works_and_says_so_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEADWAY_URL", raising=False)
    connection_module._say_unset.cache_clear()
    for _ in range(2):
        with job("Alone") as j:
            j.progress(50, "Half")
            j.log("a line")
            assert j.attach(b"1", "one.txt") is None
    assert list(track([1, 2], title="Alone")) == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "HEADWAY_URL is not set, so jobs of this program are not reported."
    ]


def test_lines_that_nobody_took_are_counted() -> None:
    state = Job("Any", url="http://127.0.0.1:9", token="-")._state
    for number in range(1003):
        state.add_line(f"line {number}", "info")
    told, dropped = state.first_lines(200)
    assert (told[0]["text"], len(told), dropped) == ("line 3", 200, 3)
    state.add_line("one more", "info")
    state.forget_lines(told, dropped)
    told, dropped = state.first_lines(1000)
    assert (told[0]["text"], told[-1]["text"], dropped) == ("line 203", "one more", 0)


def test_nothing_else_of_headway_comes_with_the_client() -> None:
    program = "import sys, headway.client; print(*sorted(m for m in sys.modules if m.startswith('headway.')))"
    environment = {**os.environ, "COVERAGE_PROCESS_START": ""}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert [name for name in done.stdout.split() if not name.startswith("headway.client")] == []


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said of the server, without the reasons."""
    lines = [record.getMessage() for record in caplog.records if record.name == "headway.client"]
    return [line.split(" (")[0].removesuffix(".") for line in lines if line.startswith("Headway at")]
