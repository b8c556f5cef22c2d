"""Structured logs: one JSON object a line on stderr, or plain text on a terminal."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType

_context: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=MappingProxyType({}))


def remember(**facts: object) -> None:
    """Give these facts to every log record of this task from now on, and of the tasks that it starts."""
    _context.set({**_context.get(), **{name: str(fact) for name, fact in facts.items()}})


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """While the block runs, give these facts to every log record."""
    before = _context.set(_context.get())
    remember(**facts)
    try:
        yield
    finally:
        _context.reset(before)


def remembered(name: str) -> str | None:
    """Return a fact that log records carry at this moment."""
    return _context.get().get(name)


class ContextFilter(logging.Filter):
    """Write what the context knows into a record; what the call itself says stands."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name, fact in _context.get().items():
            record.__dict__.setdefault(name, fact)
        return True


STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


def _extra(record: logging.LogRecord) -> dict[str, object]:
    """Return what a record carries beside its message: values of `extra=`, and what the context knew."""
    return {key: value for key, value in record.__dict__.items() if key not in STANDARD}


class JsonFormatter(logging.Formatter):
    """Format a record as one JSON line; values given with `extra=` become members."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str, ensure_ascii=False)


def configure_logs(level: str, *, process: str) -> None:
    """Send all logs of this process to stderr; text for a person at a terminal, JSON for a collector."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(ContextFilter())
    # Some loggers say more than this to others than operators.
    handler.setLevel(level.upper())
    if sys.stderr.isatty():
        handler.setFormatter(logging.Formatter(f"%(asctime)s {process} %(levelname)s %(name)s: %(message)s"))
    else:
        handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # It tells every request of ours at info, ten a second while we wait to be ready.
    logging.getLogger("httpx").setLevel(max(root.level, logging.WARNING) if level != "debug" else logging.DEBUG)
