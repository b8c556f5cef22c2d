"""The append-only log of a run: what clients were told, what was killed, and what the watchers saw that must not be."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Ledger:
    """One JSON object a line, written at once; any thread may write. `t` is seconds since the start."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._file = path.open("a", buffering=1)
        self._writing = threading.Lock()
        self._began = time.monotonic()

    def record(self, kind: str, **facts: Any) -> None:
        """Append one fact."""
        line = json.dumps({"t": round(time.monotonic() - self._began, 3), "kind": kind, **facts})
        with self._writing:
            self._file.write(line + "\n")

    def read(self, kind: str) -> Iterator[dict[str, Any]]:
        """Yield the facts of one kind, oldest first."""
        for line in self._path.read_text().splitlines():
            fact = json.loads(line)
            if fact["kind"] == kind:
                yield fact

    def close(self) -> None:
        self._file.close()
