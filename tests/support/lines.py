"""The lines that the product writes to its log, as a collector reads them."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

from headway.kit.logs import ContextFilter, JsonFormatter

Lines = list[dict[str, Any]]


class _Collector(logging.StreamHandler[io.StringIO]):
    """A handler as `configure_logs` makes it, that keeps each line read."""

    def __init__(self, lines: Lines) -> None:
        super().__init__(io.StringIO())
        self.addFilter(ContextFilter())
        self.setFormatter(JsonFormatter())
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        assert "\n" not in line
        self._lines.append(json.loads(line))


@contextlib.contextmanager
def logged_lines(level: int = logging.INFO) -> Iterator[Lines]:
    """Collect what all of the product logs while the block runs."""
    lines: Lines = []
    handler, logger = _Collector(lines), logging.getLogger("headway")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level)
    try:
        yield lines
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
