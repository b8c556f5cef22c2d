"""What a parser behind bubblewrap can see and reach, and that every way to die is told apart there too."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headway.errors import AppError
from headway.intake.errors import DiskLimit, MemoryLimit, ParseCrashed, ParseProtocol, SheetPasswordProtected, TimeLimit
from headway.intake.parsing import ParseProgress, ParseResult
from headway.intake.sandbox import IsolationUnavailable, ParseCancelled, Sandbox
from headway.intake.sandbox_isolation import Wanted, choose_isolation
from headway.kit.processes import descendants
from tests.unit.intake.test_sandbox import MIB, ROOT, command_line, is_running, request_in, until

INTERPRETER = [sys.executable, "-P", "-s"]

pytestmark = pytest.mark.skipif(
    not choose_isolation("auto", INTERPRETER).is_closed, reason="bubblewrap does not work here"
)
either = pytest.mark.parametrize("isolation", ["bubblewrap", "process"])


@asynccontextmanager
async def enclosed(
    entry: str, rooms: Path, *, isolation: Wanted = "bubblewrap", memory_mb: int = 256, seconds: float = 60
) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(
        memory_bytes=memory_mb * MIB,
        wall_seconds=seconds,
        isolation=isolation,
        rooms=rooms,
        entry=f"tests.unit.intake.hostile:{entry}",
        import_path=ROOT,
    )
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.close()


async def run(sandbox: Sandbox, folder: Path, file_name: str = "a.csv") -> ParseResult:
    return await sandbox.parse(request_in(folder, file_name), lambda _progress: None, asyncio.Event())


async def facts(entry: str, folder: Path, file_name: str = "a.csv") -> dict[str, Any]:
    rooms = folder / "rooms"
    rooms.mkdir()
    async with enclosed(entry, rooms) as sandbox:
        result = await run(sandbox, folder, file_name)
    found: dict[str, Any] = result.parts[0].decisions[0].runner_up
    return found


async def test_it_sees_its_own_file_and_nothing_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    other = data / "spool" / "other-job"
    other.mkdir(parents=True)
    (other / "original").write_text("somebody else's")
    (data / "secret").write_text("do not tell")
    found = await facts("explores", tmp_path, str(data))
    assert found["content"] == "a\n1\n"
    assert found["read"] == ["/proc/1/environ"], "process 1 is bubblewrap's own"
    assert found["written"] == []
    assert found["removed"] is False
    assert found["processes"] == 2
    assert (tmp_path / "source").read_bytes() == b"a\n1\n"


async def test_it_reaches_no_listener_of_this_machine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        answer = await facts("dials_out", tmp_path, str(listener.getsockname()[1]))
    assert answer["network"] != "connected"


async def test_the_result_comes_out_and_nothing_stays_behind(tmp_path: Path) -> None:
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    async with enclosed("good", rooms) as sandbox:
        result = await run(sandbox, tmp_path)
        assert sandbox.isolates_network
    assert result.parts[0].path == tmp_path / "out" / "0.parquet"
    assert result.parts[0].path.is_file()
    assert list(rooms.iterdir()) == []


async def test_its_command_line_names_no_folder_of_the_product(tmp_path: Path) -> None:
    rooms = tmp_path / "worker"
    rooms.mkdir()
    async with enclosed("good", rooms) as sandbox:
        assert sandbox.spare_pid is not None
        spare = sandbox.spare_pid
        await until(lambda: len(descendants(spare)) == 2)
        assert not any("worker" in command_line(pid) for pid in (spare, *descendants(spare)))


async def test_a_room_that_was_cleared_away_is_not_used(tmp_path: Path) -> None:
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    async with enclosed("good", rooms) as sandbox:
        (waiting,) = rooms.iterdir()
        shutil.rmtree(waiting)
        assert (await run(sandbox, tmp_path)).parts[0].rows == 1


async def test_a_file_of_another_file_system_is_seen_too(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm")
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one file system only")
    async with enclosed("explores", tmp_path) as sandbox:
        for name in ("one", "two"):
            folder = tmp_path / name
            folder.mkdir()
            request = request_in(folder, "/nowhere")
            foreign = elsewhere / f"headway-test-{os.getpid()}"
            foreign.write_text("from afar")
            try:
                request = replace(request, source=foreign)
                result = await sandbox.parse(request, lambda _progress: None, asyncio.Event())
            finally:
                foreign.unlink()
            seen = result.parts[0].decisions[0].runner_up
            assert (seen["content"], seen["written"], seen["removed"]) == ("from afar", [], False)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("refuses", SheetPasswordProtected),
        ("hogs_memory", MemoryLimit),
        ("asks_for_too_much", MemoryLimit),
        ("out_of_cpu", TimeLimit),
        ("fills_the_disk", DiskLimit),
        ("babbles", ParseProtocol),
        ("links_outside", ParseProtocol),
        ("leaves_a_pipe", ParseProtocol),
        ("writes_nonsense", ParseProtocol),
        ("leaves_quietly", ParseCrashed),
    ],
)
async def test_every_end_has_its_reason(tmp_path: Path, entry: str, expected: type[AppError]) -> None:
    async with enclosed(entry, tmp_path) as sandbox:
        with pytest.raises(AppError) as caught:
            await run(sandbox, tmp_path)
    assert type(caught.value) is expected
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}


async def test_a_crash_names_its_signal(tmp_path: Path) -> None:
    async with enclosed("aborts", tmp_path) as sandbox:
        with pytest.raises(ParseCrashed) as caught:
            await run(sandbox, tmp_path)
    assert caught.value.data["signal"] == "SIGABRT"


async def test_a_process_that_is_killed_from_outside_is_told_as_killed(tmp_path: Path) -> None:
    async with enclosed("spins", tmp_path) as sandbox:
        assert sandbox.spare_pid is not None
        spare = sandbox.spare_pid
        await until(lambda: len(descendants(spare)) == 2)
        *_, parser = descendants(spare)
        with pytest.raises(ParseCrashed) as caught:
            await sandbox.parse(
                request_in(tmp_path), lambda _progress: os.kill(parser, signal.SIGKILL), asyncio.Event()
            )
    assert caught.value.data["signal"] == "SIGKILL"


async def test_the_clock_runs(tmp_path: Path) -> None:
    async with enclosed("waits", tmp_path, seconds=1) as sandbox:
        with pytest.raises(TimeLimit):
            await run(sandbox, tmp_path)


async def test_cancelling_leaves_no_process(tmp_path: Path) -> None:
    cancelled = asyncio.Event()
    async with enclosed("has_child", tmp_path) as sandbox:
        assert sandbox.spare_pid is not None
        spare = sandbox.spare_pid
        await until(lambda: len(descendants(spare)) == 2)
        family = [spare, *descendants(spare)]
        with pytest.raises(ParseCancelled):
            await sandbox.parse(request_in(tmp_path), lambda _progress: cancelled.set(), cancelled)
    await until(lambda: not any(is_running(pid) for pid in family))


@either
async def test_memory_is_counted_over_all_processes(tmp_path: Path, isolation: Wanted) -> None:
    async with enclosed("hogs_memory_in_a_child", tmp_path, isolation=isolation) as sandbox:
        with pytest.raises(MemoryLimit):
            await run(sandbox, tmp_path)


async def test_a_child_that_left_the_session_dies_too(tmp_path: Path) -> None:
    cancelled = asyncio.Event()
    started: list[int] = []

    def on_progress(progress: ParseProgress) -> None:
        started.append(progress.rows)
        cancelled.set()

    async with enclosed("has_child_that_left", tmp_path, isolation="process") as sandbox:
        with pytest.raises(ParseCancelled):
            await sandbox.parse(request_in(tmp_path), on_progress, cancelled)
    await until(lambda: not is_running(started[0]))


# ---------------------------------------------------------------------------------------------------- choosing


@pytest.mark.parametrize("script", [None, "#!/bin/sh\necho 'bwrap: No permission' >&2\nexit 1\n"])
def test_bubblewrap_that_does_not_work_is_done_without_or_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    if script is not None:
        (tmp_path / "bwrap").write_text(script)
        (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = choose_isolation("auto", INTERPRETER)
    assert not found.is_closed
    assert ("No permission" if script else "not installed") in found.reason
    with pytest.raises(IsolationUnavailable):
        choose_isolation("bubblewrap", INTERPRETER)


def test_limits_alone_can_be_asked_for() -> None:
    assert not choose_isolation("process", INTERPRETER).is_closed
