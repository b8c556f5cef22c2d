"""What a host's page loads of ours is small, and needs nothing of ours beside it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from headway.web.static import UI

JOBS_BYTES = 12_000
IMPORTER_BYTES = 35_000
STATIC_IMPORT = re.compile(r"""(?:^|[;\s}])(?:import|export)\s*(?:[^"'`;()]*?from\s*)?["']([^"']+)["']""")


def _loaded(file: Path) -> dict[Path, str]:
    """Return a module and all that it imports, as a browser loads them before anybody has touched anything."""
    found: dict[Path, str] = {}
    waiting = [file]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found[path] = path.read_text()
            waiting += [(path.parent / name).resolve() for name in STATIC_IMPORT.findall(found[path])]
    return found


@pytest.fixture(scope="module")
def jobs_button() -> dict[Path, str]:
    return _loaded((UI / "headway-jobs.js").resolve())


def test_the_jobs_button_costs_a_host_at_most_twelve_kilobytes(jobs_button: dict[Path, str]) -> None:
    sizes = {path.name: len(gzip.compress(text.encode(), 9)) for path, text in jobs_button.items()}
    assert len(sizes) > 1, "the shared module is counted too"
    assert sum(sizes.values()) <= JOBS_BYTES, sizes


def test_the_importer_costs_a_host_at_most_thirty_five_kilobytes() -> None:
    sizes = {
        path.name: len(gzip.compress(text.encode(), 9))
        for path, text in _loaded((UI / "headway-importer.js").resolve()).items()
    }
    assert sum(sizes.values()) <= IMPORTER_BYTES, sizes


def test_the_jobs_button_lies_where_its_host_puts_it(jobs_button: dict[Path, str]) -> None:
    for text in jobs_button.values():
        assert not re.search(r"""import\(?\s*["'`]/""", text), "an address that begins at the root of the host"
        assert "@lit/reactive-element" not in text
