"""What a child says to its parent: JSON lines of at most 4 KB on a pipe, and a result in a file beside it.

Everything that comes out of a child may be hostile; nothing passes here that is not exactly of the right shape. What
lies in the file is checked in `sandbox_result.py`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headway.errors import AppError, all_errors
from headway.intake.errors import ParseCrashed, ParseProtocol
from headway.intake.parsing import ParseProgress, ParseResult

# What a child may raise must be known here to be raised again; so text_errors is imported whatever is used of it.
from headway.intake.text_errors import NamesTooLong

ENCLOSED = "HEADWAY_ENCLOSED"
"""Environment variable that tells a child that bubblewrap has shut it in already."""

MAX_LINE_BYTES = 4096
MAX_RESULT_BYTES = 16 * 1024 * 1024
MAX_MESSAGE_LENGTH = 200
RESULT_FILE = "result.json"


@dataclass(frozen=True, slots=True)
class Ready:
    """The child has loaded its libraries. `network` says whether it can reach any."""

    network: bool


@dataclass(frozen=True, slots=True)
class Done:
    """The result lies in `RESULT_FILE`."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The parse ended with an expected failure."""

    error: AppError


@dataclass(frozen=True, slots=True)
class Crashed:
    """The parse ended with a failure that nobody expected; its trace is on stderr."""


Message = Ready | ParseProgress | Done | Failed | Crashed


# ------------------------------------------------------------------------------------------------ child's side


def encode_ready(*, network: bool) -> bytes:
    return _line({"ready": {"network": network}})


def encode_progress(progress: ParseProgress) -> bytes:
    fields = [progress.fraction, progress.rows, progress.message[:MAX_MESSAGE_LENGTH]]
    return _line({"progress": fields})


def encode_problem(error: AppError) -> bytes:
    """Return the problem as one line; facts for machines are dropped when they would not fit."""
    whole = _line({"problem": {"code": error.code, "detail": error.detail, "data": error.data}})
    if len(whole) <= MAX_LINE_BYTES:
        return whole
    return _line({"problem": {"code": error.code, "detail": error.detail[:500], "data": {}}})


def encode_crash() -> bytes:
    return _line({"crash": True})


def write_result(result: ParseResult, output_dir: Path) -> bytes:
    text = json.dumps(result.to_json(), default=str)
    if len(text) > MAX_RESULT_BYTES:
        # Only names and what is said about them can take so much.
        raise NamesTooLong("What there is to say about all columns is more than can be kept.")
    (output_dir / RESULT_FILE).write_text(text, encoding="utf-8")
    return _line({"done": True})


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, default=str).encode() + b"\n"


# ----------------------------------------------------------------------------------------------- parent's side


def read_message(line: bytes) -> Message:
    """Return what a line says, or raise `ParseProtocol`."""
    try:
        value = json.loads(line)
        ((kind, content),) = value.items()
        return _READERS[kind](content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ParseProtocol("The program that reads files sent something that is not part of the protocol.") from error


def _progress(content: Any) -> ParseProgress:
    fraction, rows, message = content
    expect(isinstance(fraction, int | float) and math.isfinite(fraction) and 0 <= fraction <= 1)
    expect(isinstance(rows, int) and 0 <= rows < 2**63 and isinstance(message, str))
    return ParseProgress(float(fraction), rows, message[:MAX_MESSAGE_LENGTH])


def _problem(content: Any) -> Failed:
    code, detail, data = content["code"], content["detail"], content["data"]
    expect(isinstance(code, str) and isinstance(detail, str) and isinstance(data, dict))
    kind = all_errors().get(code)
    if kind is None:
        return Failed(ParseCrashed())
    return Failed(kind(detail, **data))


_READERS: dict[str, Callable[[Any], Message]] = {
    "ready": lambda content: Ready(network=content["network"] is True),
    "progress": _progress,
    "problem": _problem,
    "done": lambda _content: Done(),
    "crash": lambda _content: Crashed(),
}


def expect(condition: bool) -> None:
    if not condition:
        raise ValueError("not of the expected shape")
