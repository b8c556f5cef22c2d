"""The supervisor with real processes: it runs in a process of its own, as it does under `headway serve`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from headway.kit.processes import EXIT_CONFIGURATION
from tests.support.product import until

DEADLINE_SECONDS = 8.0

SUPERVISOR = """
import asyncio, sys
from headway.supervisor import Command, Supervisor
commands = [Command(name, [sys.executable, "-c", code]) for name, code in zip(sys.argv[2::2], sys.argv[3::2])]
sys.exit(asyncio.run(Supervisor(commands, grace_seconds=float(sys.argv[1])).run()))
"""

SLEEPER = """
import os, pathlib, signal, sys, time
def stop(*_):
    pathlib.Path("{folder}/stopped").write_text("in order")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
from headway.kit.processes import die_with_parent
die_with_parent()
pathlib.Path("{folder}/pids").open("a").write(f"{{os.getpid()}}\\n")
time.sleep(600)
"""

STUBBORN = """
import os, pathlib, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
far = subprocess.Popen(["sleep", "600"], start_new_session=True)
near = subprocess.Popen(["sleep", "600"])
pathlib.Path("{folder}/pids").open("a").write(f"{{os.getpid()}}\\n{{far.pid}}\\n{{near.pid}}\\n")
time.sleep(600)
"""


@contextmanager
def supervised(*commands: tuple[str, str], grace_seconds: float = 10) -> Iterator[subprocess.Popen[bytes]]:
    flat = [word for command in commands for word in command]
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(grace_seconds), *flat])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def pids(folder: Path, count: int) -> list[int]:
    """Return the process ids that the commands wrote, once there are at least `count`."""
    path = folder / "pids"
    until(lambda: path.exists() and len(path.read_text().splitlines()) >= count)
    return [int(line) for line in path.read_text().splitlines()]


def is_gone(pid: int) -> bool:
    """Say whether a process has ended; a zombie has, and `kill(pid, 0)` would not tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    with supervised(("sleeper", SLEEPER.format(folder=tmp_path))):
        [first] = pids(tmp_path, 1)
        os.kill(first, signal.SIGKILL)
        second = pids(tmp_path, 2)[1]
        assert second != first


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_every_process_in_order(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    both = [(name, SLEEPER.format(folder=tmp_path / name)) for name in ("a", "b")]
    with supervised(*both) as process:
        running = [pids(tmp_path / name, 1)[0] for name in ("a", "b")]
        process.send_signal(number)
        assert process.wait(DEADLINE_SECONDS) == 0
        assert [(tmp_path / name / "stopped").read_text() for name in ("a", "b")] == ["in order", "in order"]
        assert all(is_gone(pid) for pid in running)


def test_a_process_that_ignores_the_stop_is_killed_with_all_its_descendants(tmp_path: Path) -> None:
    with supervised(("stubborn", STUBBORN.format(folder=tmp_path)), grace_seconds=0.2) as process:
        family = pids(tmp_path, 3)
        process.terminate()
        assert process.wait(DEADLINE_SECONDS) == 0
        assert all(is_gone(pid) for pid in family)


def test_a_second_signal_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    with supervised(("stubborn", STUBBORN.format(folder=tmp_path)), grace_seconds=600) as process:
        family = pids(tmp_path, 3)

        def is_gone_when_told_again() -> bool:
            # Two equal signals that nobody has taken yet become one, so send until it is gone.
            process.terminate()
            return process.poll() is not None

        until(is_gone_when_told_again)
        assert all(is_gone(pid) for pid in family)


def test_processes_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    with supervised(("sleeper", SLEEPER.format(folder=tmp_path))) as process:
        [child] = pids(tmp_path, 1)
        process.kill()
        until(lambda: is_gone(child))
        assert not (tmp_path / "stopped").exists()


def test_a_process_that_cannot_run_with_these_settings_stops_all(tmp_path: Path) -> None:
    hopeless = ("hopeless", f"import sys; sys.exit({EXIT_CONFIGURATION})")
    with supervised(hopeless, ("sleeper", SLEEPER.format(folder=tmp_path))) as process:
        assert process.wait(DEADLINE_SECONDS) == EXIT_CONFIGURATION
        assert not (tmp_path / "pids").exists() or all(is_gone(pid) for pid in pids(tmp_path, 1))


def test_a_stop_does_not_wait_for_the_next_start(tmp_path: Path) -> None:
    dies_at_once = f"import pathlib; pathlib.Path('{tmp_path}/pids').open('a').write('0\\n')"
    with supervised(("dies", dies_at_once)) as process:
        # After the third death it waits 0.8 s and longer before each start.
        pids(tmp_path, 3)
        process.terminate()
        assert process.wait(DEADLINE_SECONDS) == 0


def test_without_a_supervisor_nothing_is_tied(tmp_path: Path) -> None:
    code = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {SLEEPER.format(folder=tmp_path)!r}])
while not os.path.exists("{tmp_path}/pids"):
    pass
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=DEADLINE_SECONDS)
    [orphan] = pids(tmp_path, 1)
    assert not is_gone(orphan)
    os.kill(orphan, signal.SIGKILL)
