"""Copies of the product's source with a few lines changed: a fault planted on purpose, or a clock that can be moved."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "headway"


@dataclass(frozen=True)
class Edit:
    """One change of one file below `src/headway`; `old` must stand there exactly once."""

    file: str
    old: str
    new: str


class EditDoesNotFit(Exception):
    """The source has changed, and the edit must be written anew; a fault that is not planted proves nothing."""


def altered_source(folder: Path, edits: list[Edit], base: Path | None = None) -> Path:
    """Copy the package (or the copy of it in `base`), change it, and return what to put on PYTHONPATH."""
    copy = folder / "headway"
    shutil.copytree(base / "headway" if base else SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in edits:
        path = copy / edit.file
        text = path.read_text()
        if text.count(edit.old) != 1:
            raise EditDoesNotFit(f"{edit.file} holds {edit.old!r} {text.count(edit.old)} times")
        path.write_text(text.replace(edit.old, edit.new))
    return folder
