"""The sandbox against parsers that hog, spin, abort, lie and hide. Every test uses real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from headway.errors import AppError
from headway.intake.errors import (
    DiskLimit,
    MemoryLimit,
    ParseCrashed,
    ParseProtocol,
    SheetPasswordProtected,
    SpoolFull,
    TimeLimit,
)
from headway.intake.parsing import ParseOptions, ParseProgress, ParseRequest, ParseResult
from headway.intake.sandbox import ParseCancelled, Sandbox
from headway.kit.processes import NICENESS

MIB = 1024 * 1024
ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits of the sandbox exist on Linux only")


@asynccontextmanager
async def sandboxed(
    entry: str, *, memory_mb: int = 256, seconds: float = 60, ahead: bool = True
) -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(
        memory_bytes=memory_mb * MIB,
        wall_seconds=seconds,
        isolation="process",
        entry=f"tests.unit.intake.hostile:{entry}",
        import_path=ROOT,
        ahead=ahead,
    )
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.close()


def request_in(folder: Path, file_name: str = "a.csv") -> ParseRequest:
    output_dir = folder / "out"
    output_dir.mkdir()
    source = folder / "source"
    source.write_bytes(b"a\n1\n")
    return ParseRequest(source, file_name, output_dir, ParseOptions(), 64 * MIB, 256 * MIB)


async def run(sandbox: Sandbox, folder: Path, file_name: str = "a.csv") -> ParseResult:
    return await sandbox.parse(request_in(folder, file_name), lambda _progress: None, asyncio.Event())


async def run_alone(entry: str, folder: Path, *, memory_mb: int = 256, seconds: float = 60) -> ParseResult:
    """Run one parse, with no other process than its own."""
    async with sandboxed(entry, memory_mb=memory_mb, seconds=seconds, ahead=False) as sandbox:
        return await run(sandbox, folder)


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never came true"
        await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


async def test_a_process_that_is_killed_before_it_saw_the_file_is_replaced(tmp_path: Path) -> None:
    starts, python = tmp_path / "starts", tmp_path / "python"
    python.write_text(
        f"""#!/bin/sh
echo one >> {starts}
[ $(wc -l < {starts}) -le 3 ] && kill -9 $$
exec {sys.executable} "$@"
"""
    )
    python.chmod(0o755)
    sandbox = Sandbox(memory_bytes=256 * MIB, wall_seconds=60, isolation="process", python=str(python))
    await sandbox.start()
    try:
        result = await sandbox.parse(request_in(tmp_path), lambda _progress: None, asyncio.Event())
    finally:
        await sandbox.close()
    assert result.parts[0].rows == 1
    assert starts.read_text().count("one") >= 4


async def test_a_result_comes_back_whole(tmp_path: Path) -> None:
    result = await run_alone("good", tmp_path)
    (part,) = result.parts
    assert (result.format, part.name, part.rows, part.path) == ("delimited", "table", 1, tmp_path / "out" / "0.parquet")


async def test_every_parse_has_a_process_of_its_own_and_the_spare_is_used_once(tmp_path: Path) -> None:
    pids = []
    async with sandboxed("good") as sandbox:
        spare = sandbox.spare_pid
        for name in ("one", "two", "three"):
            (tmp_path / name).mkdir()
            pids.append((await run(sandbox, tmp_path / name)).parts[0].decisions[0].value)
    assert pids[0] == spare
    assert len(set(pids)) == 3
    assert not any(is_running(pid) for pid in pids)


async def test_whoever_parses_gives_way_to_whoever_answers_people(tmp_path: Path) -> None:
    async with sandboxed("good") as sandbox:
        spare = sandbox.spare_pid
        assert spare is not None
        await until(lambda: os.getpriority(os.PRIO_PROCESS, spare) == NICENESS)
        group = Path(f"/proc/{spare}/autogroup")
        assert not group.exists() or group.read_text().split()[-1] == str(NICENESS)


async def test_a_spare_that_died_while_waiting_is_replaced(tmp_path: Path) -> None:
    async with sandboxed("good") as sandbox:
        assert sandbox.spare_pid is not None
        os.kill(sandbox.spare_pid, signal.SIGKILL)
        dead = sandbox.spare_pid
        await until(lambda: not is_running(dead))
        assert (await run(sandbox, tmp_path)).parts[0].decisions[0].value != dead


def test_a_process_starts_without_the_libraries_that_no_parser_needs() -> None:
    assert find_spec("pandas") is not None  # Where it is not installed, nothing could load it.
    load = "import sys; from headway.intake.sandbox_child import _load; _load('headway.intake.operations:run')"
    looked = subprocess.run(
        [sys.executable, "-c", f"{load}; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    loaded = set(looked.stdout.split())
    assert {"pyarrow", "duckdb"} <= loaded
    assert loaded.isdisjoint({"pandas", "pydantic", "sqlalchemy", "httpx"})


async def test_parses_run_side_by_side(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(3)]
    for folder in folders:
        folder.mkdir()
    async with sandboxed("good") as sandbox:
        results = await asyncio.gather(*(run(sandbox, folder) for folder in folders))
    assert [result.parts[0].path.parent.parent for result in results] == folders


async def test_progress_never_falls(tmp_path: Path) -> None:
    seen: list[ParseProgress] = []
    async with sandboxed("backwards", ahead=False) as sandbox:
        await sandbox.parse(request_in(tmp_path), seen.append, asyncio.Event())
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 0.9
    assert [progress.rows for progress in seen] == sorted(progress.rows for progress in seen)


async def test_a_failure_of_the_listener_ends_the_parse(tmp_path: Path) -> None:
    async def refuse(_progress: ParseProgress) -> None:
        raise LookupError("the lease is lost")

    async with sandboxed("spins", ahead=False) as sandbox:
        with pytest.raises(LookupError):
            await sandbox.parse(request_in(tmp_path), refuse, asyncio.Event())


async def test_an_expected_failure_crosses_with_its_class_and_data(tmp_path: Path) -> None:
    with pytest.raises(SheetPasswordProtected) as caught:
        await run_alone("refuses", tmp_path)
    assert caught.value.detail == "No password was given."
    assert caught.value.data == {"sheet": "Data"}


async def test_a_long_failure_is_cut_to_what_a_line_holds(tmp_path: Path) -> None:
    with pytest.raises(SheetPasswordProtected) as caught:
        await run_alone("refuses_at_length", tmp_path)
    assert caught.value.detail == "x" * 500


async def test_an_unexpected_failure_leaves_its_trace_in_the_log_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ParseCrashed) as caught:
        await run_alone("fails", tmp_path)
    assert "secret" not in str(caught.value.problem())
    assert "a secret of the inside" in caplog.text
    assert caught.value.data["support_id"] in caplog.text


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("hogs_memory", MemoryLimit),
        ("asks_for_too_much", MemoryLimit),
        ("aborts", ParseCrashed),
        ("leaves_quietly", ParseCrashed),
        ("out_of_cpu", TimeLimit),
        ("fills_the_disk", DiskLimit),
        ("finds_the_disk_full", SpoolFull),
        ("babbles", ParseProtocol),
        ("lies", ParseProtocol),
        ("points_outside", ParseProtocol),
        ("links_outside", ParseProtocol),
        ("leaves_a_pipe", ParseProtocol),
        ("writes_nonsense", ParseProtocol),
    ],
)
async def test_a_hostile_parse_ends_with_a_reason(tmp_path: Path, entry: str, expected: type[AppError]) -> None:
    with pytest.raises(AppError) as caught:
        await run_alone(entry, tmp_path)
    assert type(caught.value) is expected


async def test_the_clock_ends_what_never_ends(tmp_path: Path) -> None:
    with pytest.raises(TimeLimit):
        await run_alone("waits", tmp_path, seconds=1)


async def test_cancelling_kills_at_once(tmp_path: Path) -> None:
    cancelled = asyncio.Event()
    async with sandboxed("spins") as sandbox:
        pid = sandbox.spare_pid
        with pytest.raises(ParseCancelled):
            await sandbox.parse(request_in(tmp_path), lambda _progress: cancelled.set(), cancelled)
        assert pid is not None
        assert not is_running(pid)


async def test_a_parse_that_is_cancelled_before_it_starts_takes_no_process(tmp_path: Path) -> None:
    cancelled = asyncio.Event()
    cancelled.set()
    async with sandboxed("good") as sandbox:
        spare = sandbox.spare_pid
        with pytest.raises(ParseCancelled):
            await sandbox.parse(request_in(tmp_path), lambda _progress: None, cancelled)
        assert sandbox.spare_pid == spare


async def test_a_cancelled_task_leaves_no_process(tmp_path: Path) -> None:
    started = asyncio.Event()
    async with sandboxed("spins") as sandbox:
        pid = sandbox.spare_pid
        task = asyncio.create_task(
            sandbox.parse(request_in(tmp_path), lambda _progress: started.set(), asyncio.Event())
        )
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert pid is not None
        assert not is_running(pid)


async def test_the_whole_group_dies(tmp_path: Path) -> None:
    cancelled = asyncio.Event()
    forked: list[int] = []

    def on_progress(progress: ParseProgress) -> None:
        forked.append(progress.rows)
        cancelled.set()

    async with sandboxed("has_child", ahead=False) as sandbox:
        with pytest.raises(ParseCancelled):
            await sandbox.parse(request_in(tmp_path), on_progress, cancelled)
    await until(lambda: not is_running(forked[0]))


async def test_closing_leaves_no_process(tmp_path: Path) -> None:
    async with sandboxed("good") as sandbox:
        await run(sandbox, tmp_path)
        spare = sandbox.spare_pid
    assert spare is None or not is_running(spare)


async def test_a_process_sees_no_secret_and_no_foreign_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET", "do-not-tell")
    with (tmp_path / "open-in-the-parent").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        facts = (await run_alone("environment", tmp_path)).parts[0].decisions[0].runner_up
    assert "do-not-tell" not in str(facts["environment"])
    assert "HEADWAY_SUPERVISOR_PID" not in facts["environment"]
    assert len(facts["descriptors"]) <= 5, "stdin, stdout, stderr, the pipe, and the listing itself"


async def test_the_command_line_does_not_claim_to_be_a_job_process() -> None:
    async with sandboxed("good") as sandbox:
        assert sandbox.spare_pid is not None
        arguments = command_line(sandbox.spare_pid).split()[1:]
    assert not any("worker" in argument for argument in arguments)


async def test_a_parse_reaches_no_network_where_the_system_allows_that(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with sandboxed("dials_out", ahead=False) as sandbox:
            result = await run(sandbox, tmp_path, str(listener.getsockname()[1]))
            isolated = sandbox.isolates_network
    answer = result.parts[0].decisions[0].runner_up["network"]
    assert (answer == "connected") is (not isolated)


@pytest.mark.parametrize("isolation", ["process", "auto"])  # the second is bubblewrap wherever that works
async def test_no_process_survives_a_parent_that_is_killed(tmp_path: Path, isolation: str) -> None:
    program = textwrap.dedent(
        """
        import asyncio, os, sys
        from pathlib import Path
        from headway.intake.parsing import ParseOptions, ParseRequest
        from headway.intake.sandbox import Sandbox
        from headway.kit.processes import descendants
        async def main():
            root, folder = map(Path, sys.argv[1:3])
            sandbox = Sandbox(
                memory_bytes=1 << 28, wall_seconds=60, isolation=sys.argv[3], rooms=folder,
                entry="tests.unit.intake.hostile:spins", import_path=root,
            )
            await sandbox.start()
            (folder / "source").write_text("a")
            request = ParseRequest(folder / "source", "a", folder, ParseOptions(), 1 << 20, 1 << 28)
            def started(_):
                print(sandbox.spare_pid, *descendants(os.getpid()), flush=True)
            await sandbox.parse(request, started, asyncio.Event())
        asyncio.run(main())
        """
    )
    command = [sys.executable, "-c", program, str(ROOT), str(tmp_path), isolation]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220 - it must be killed dead
    try:
        assert parent.stdout is not None
        spare, *pids = [int(pid) for pid in (await asyncio.to_thread(parent.stdout.readline)).split()]
        assert spare in pids
        assert len(pids) >= 2, "the one that parses and the spare one"
        assert all(is_running(pid) for pid in pids)
    finally:
        parent.kill()
        await asyncio.to_thread(parent.communicate)
    await until(lambda: not any(is_running(pid) for pid in pids))


async def test_the_watch_on_memory_acts_before_the_kernel_does(tmp_path: Path) -> None:
    with pytest.raises(MemoryLimit) as caught:
        await run_alone("hogs_memory", tmp_path)
    assert caught.value.data == {"limit_bytes": 256 * MIB}
