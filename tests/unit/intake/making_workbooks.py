"""Workbooks made for a test, and one line to read one."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl

from chaos.hostile_xlsx import SHEET
from headway.intake.formats import workbook

from .parse_helpers import Parsed, parse_bytes

HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = "</sheetData></worksheet>"


def at(text: str) -> dt.datetime:
    """Return a moment without a zone, as files have them."""
    return dt.datetime.fromisoformat(text)


def book(*rows: list[Any], change: Callable[[Any], None] | None = None) -> bytes:
    """Return a workbook with these rows on its first sheet."""
    wb = openpyxl.Workbook()
    for row in rows:
        wb.active.append(row)
    if change is not None:
        change(wb)
    buffer = io.BytesIO()
    wb.save(buffer)
    return buffer.getvalue()


def with_member(content: bytes, name: str, text: str | bytes) -> bytes:
    """Return the workbook with one member replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, text if member == name else old.read(member))
    return buffer.getvalue()


def member(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


def with_sheet(xml: str) -> bytes:
    return with_member(book(["a"]), SHEET, HEAD + xml + TAIL)


def parse(folder: Path, content: bytes, **options: Any) -> Parsed:
    return parse_bytes(workbook.parse_xlsx, folder, content, "table.xlsx", **options)
