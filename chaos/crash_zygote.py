"""A process with every library loaded that forks a child for each act, and kills it where it is told to.

Run as a module it is that process; `Lane` is the other side.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import mmap
import os
import signal
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HANG_SECONDS = 120
TOLD_BYTES = 256


@dataclass(frozen=True)
class Ended:
    """How an act ended: its exit code (negative: the signal), its calls if they were counted, and what it told."""

    code: int
    calls: list[str]
    told: str


class Lane:
    """A zygote, and the way to give it orders. Several run side by side."""

    def __init__(self, folder: Path, planted: Path | None) -> None:
        own = ("HEADWAY_", "DATABASE_", "JWT_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        path = os.pathsep.join(str(part) for part in (planted, ROOT) if part)
        # Both libraries would start a thread as soon as they are imported.
        quiet = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
        self.log = folder.with_suffix(".log")
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chaos.crash_zygote"],
                env={**inherited, **quiet, "PYTHONPATH": path}, cwd=ROOT, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
            )  # fmt: skip

    def give(self, act: str, data: Path, **more: Any) -> Ended:
        """Have an act done and return how it ended. With `kill_at`, count its calls and, if not None, kill it there."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None  # noqa: S101 - both were asked for; this tells mypy
        assert back is not None  # noqa: S101 - as above
        to.write(json.dumps({"act": act, "data": str(data), **more}) + "\n")
        to.flush()
        answer = back.readline()
        if not answer:
            raise RuntimeError(f"The process that makes the crashes has ended: {self.tail()}")
        return Ended(**json.loads(answer))

    def need(self, act: str, data: Path, **more: Any) -> Ended:
        """Have an act done that must succeed, or there is nothing to experiment on."""
        ended = self.give(act, data, **more)
        if ended.code != 0:
            raise RuntimeError(f"{act} fails by itself: {self.tail()}")
        return ended

    def tail(self) -> str:
        """Return the last of what the acts said."""
        return self.log.read_text(errors="replace")[-2000:]

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


# ----------------------------------------------------------------------------------------------- in the process


def obey() -> None:
    """Take orders, one JSON line each, until there are none."""
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError("A process with threads cannot be forked safely, and a library has started one.")
    for line in sys.stdin:
        order = json.loads(line)
        told = mmap.mmap(-1, TOLD_BYTES)
        reading, go = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(2, 1)
            signal.alarm(HANG_SECONDS)
            os.read(reading, 1)
            os._exit(_do(order, told))
        status, calls = trace(child, go, order["kill_at"]) if "kill_at" in order else _wait(child, go)
        for end in (go, reading):
            os.close(end)
        ended = {"code": os.waitstatus_to_exitcode(status), "calls": calls, "told": told[:].rstrip(b"\0").decode()}
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


def _do(order: dict[str, Any], told: mmap.mmap) -> int:
    def tell(word: str) -> None:
        told[: len(word)] = word.encode()

    try:
        asyncio.run(ACTS[order["act"]](order, tell))
    except BaseException:  # noqa: BLE001 - a child must not go on as a second zygote, whatever happened
        traceback.print_exc()
        return 1
    return 0


def _wait(child: int, go: int) -> tuple[int, list[str]]:
    os.write(go, b"!")
    return os.waitpid(child, 0)[1], []


if __name__ == "__main__":
    # Here, so that whoever only gives orders does not load the product.
    from chaos.crash_acts import ACTS
    from chaos.crash_tracer import trace

    obey()
