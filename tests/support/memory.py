"""How much memory processes hold at most while something happens."""

from __future__ import annotations

import contextlib
import resource
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

PAGE_MB = resource.getpagesize() / 1024 / 1024
SAMPLE_SECONDS = 0.02


@contextlib.contextmanager
def memory_peaks(pids: Callable[[], Mapping[str, Iterable[int]]]) -> Iterator[dict[str, float]]:
    """Sample the processes, which are asked for by name each time, until the block ends.

    Yield the most resident memory of any one process of each name, in MB.
    """
    peaks: dict[str, float] = {}
    stop = threading.Event()

    def sample() -> None:
        for name, found in pids().items():
            peaks[name] = max(peaks.get(name, 0.0), *map(resident_mb, found), 0.0)

    def keep_sampling() -> None:
        while not stop.wait(SAMPLE_SECONDS):
            sample()

    sample()
    thread = threading.Thread(target=keep_sampling, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        stop.set()
        thread.join()


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MB, 0 once it has ended."""
    with contextlib.suppress(OSError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB
    return 0.0
