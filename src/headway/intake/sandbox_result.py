"""What a child left in its folder, as its parent reads it: exactly of the right shape, and no path that leads out.

Apart from what both sides say (`sandbox_protocol.py`): loading the schemas by which a result is checked would take
each child longer than reading a small file.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from headway.datasets.columns import Column
from headway.datasets.schemas import ColumnProfile
from headway.intake.errors import ParseProtocol
from headway.intake.parsing import Decision, ParsedPart, ParseResult
from headway.intake.sandbox_protocol import MAX_RESULT_BYTES, RESULT_FILE, expect


def read_result(output_dir: Path) -> ParseResult:
    """Return the result that a child left in its folder, or raise `ParseProtocol`."""
    try:
        file = _own_file(output_dir / RESULT_FILE, output_dir)
        expect(file.stat().st_size <= MAX_RESULT_BYTES)
        result = ParseResult.from_json(json.loads(file.read_bytes()))
        _check_result(result, output_dir)
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise ParseProtocol("The program that reads files left a result that cannot be understood.") from error
    return result


def _check_result(result: ParseResult, output_dir: Path) -> None:
    expect(isinstance(result.format, str) and isinstance(result.answer, dict))
    expect(bool(result.parts) or bool(result.answer))
    for part in result.parts:
        _check_part(part, output_dir)


def _check_part(part: ParsedPart, output_dir: Path) -> None:
    expect(isinstance(part.name, str))
    expect(_is_count(part.rows) and _is_count(part.rejected_rows))
    _own_file(part.path, output_dir)
    if part.rejects_path is not None:
        _own_file(part.rejects_path, output_dir)
    expect([column.position for column in part.columns] == list(range(len(part.columns))))
    for column in part.columns:
        _check_column(column)
    for decision in part.decisions:
        _check_decision(decision)
    expect(len(part.profile) in {0, len(part.columns)})
    for described in part.profile:
        ColumnProfile.model_validate(described)


def _check_column(column: Column) -> None:
    expect(isinstance(column.name, str) and isinstance(column.why, str) and isinstance(column.written, bool))
    expect(_is_count(column.nulls) and (column.format is None or isinstance(column.format, str)))
    expect(isinstance(column.null_tokens, list) and all(isinstance(token, str) for token in column.null_tokens))


def _check_decision(decision: Decision) -> None:
    expect(isinstance(decision.subject, str) and isinstance(decision.evidence, str))


def _own_file(path: Path, output_dir: Path) -> Path:
    """Return the path of a plain file inside the folder; a link that leads out of it is refused."""
    expect(stat.S_ISREG(path.lstat().st_mode))
    real = path.resolve(strict=True)
    expect(real.is_relative_to(output_dir.resolve(strict=True)))
    return real


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63
