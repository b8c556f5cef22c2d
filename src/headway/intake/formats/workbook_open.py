"""Opens each kind of workbook; which kind it is has been found out before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from headway.intake.errors import SheetPasswordProtected, SheetUnreadable
from headway.intake.formats.workbook_ods import OdsWorkbook
from headway.intake.formats.workbook_package import Package, reading_package
from headway.intake.formats.workbook_sheets import Workbook
from headway.intake.formats.workbook_xls import XlsWorkbook
from headway.intake.formats.workbook_xlsb import XlsbWorkbook
from headway.intake.formats.workbook_xlsx import XlsxWorkbook
from headway.intake.parsing import ParseRequest

TEXTS_SHARE = 4
"""The shared texts may take so much less than all the memory."""

_BLOCK = 256 * 1024
_CONTENT, _MANIFEST = "content.xml", "META-INF/manifest.xml"


@contextmanager
def open_xlsx(request: ParseRequest, source: Path) -> Iterator[Workbook]:
    with reading_package(source, request.max_unpacked_bytes, request.ranges) as package:
        yield XlsxWorkbook(package, request.memory_bytes // TEXTS_SHARE)


@contextmanager
def open_xlsb(request: ParseRequest, source: Path) -> Iterator[Workbook]:
    with reading_package(source, request.max_unpacked_bytes, request.ranges) as package:
        yield XlsbWorkbook(package, request.memory_bytes // TEXTS_SHARE)


@contextmanager
def open_xls(request: ParseRequest, source: Path) -> Iterator[Workbook]:
    with closing(XlsWorkbook(source)) as workbook:
        yield workbook


@contextmanager
def open_ods(request: ParseRequest, source: Path) -> Iterator[Workbook]:
    with reading_package(source, request.max_unpacked_bytes, request.ranges) as package:
        _refuse_encrypted(package)
        if _CONTENT not in package:
            raise SheetUnreadable("The document has no content.")
        yield OdsWorkbook(lambda: package.blocks(_CONTENT))


@contextmanager
def open_fods(request: ParseRequest, source: Path) -> Iterator[Workbook]:
    yield OdsWorkbook(lambda: _blocks(source))


def _refuse_encrypted(package: Package) -> None:
    if _MANIFEST in package and any(tag == "encryption-data" for tag, _ in package.index(_MANIFEST)):
        raise SheetPasswordProtected("Nothing in it can be read without its password.")


def _blocks(source: Path) -> Iterator[tuple[bytes, float]]:
    size = max(1, source.stat().st_size)
    with source.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block, file.tell() / size
