"""How figures are printed: of several runs the median and the spread, and what they were measured on."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version


def say_machine() -> None:
    """Print machine and versions, and how many processes wanted it besides: a shared machine has slower figures."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "fastapi", "sqlalchemy", "psycopg"))
    print(
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {packages}; load {os.getloadavg()[0]:.1f} before the start"
    )


def say(name: str, values: Sequence[float], unit: str, target: float | None = None) -> None:
    """Print one line: the median of the runs, least to most, and whether the median meets the target, if there is one."""
    middle = statistics.median(values)
    verdict = "" if target is None else f"   at most {target:g}: {'met' if middle <= target else 'MISSED'}"
    print(f"  {name:<52}{middle:10.1f} {unit:<4} ({min(values):.1f} to {max(values):.1f}, {len(values)} runs){verdict}")


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
