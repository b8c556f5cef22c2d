"""The zip container of a workbook. What its headers say about sizes may be a lie; what unpacks is counted."""

from __future__ import annotations

import contextlib
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from headway.intake.errors import ArchiveBomb, SheetPasswordProtected, SheetUnreadable, UnpackedSizeLimit
from headway.intake.formats.markup import EventParser, MarkupError, by_local
from headway.intake.known_bytes import Ranges, opened

MAX_MEMBERS = 10_000
MAX_RATIO = 300
RATIO_COUNTS_FROM_BYTES = 50 * 1024 * 1024
"""Sheets of equal cells compress well, an honest one of 96 MB about 1 to 20; a bomb begins far beyond."""

MAX_INDEX_BYTES = 8 * 1024 * 1024
_BLOCK, _SMALL_BLOCK = 1024 * 1024, 16 * 1024

_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,  # what zipfile says of a method of compression that it does not have
    RuntimeError,
    MarkupError,
    ValueError,
)


class Package:
    """An open workbook of members. Names are found whatever their case and their slashes."""

    def __init__(self, source: Path, max_unpacked_bytes: int, ranges: Ranges = ()) -> None:
        self._archive = zipfile.ZipFile(opened(source, ranges))
        # What precedes a hole in the same block is lost with it.
        self._block = _SMALL_BLOCK if ranges else _BLOCK
        self._max_bytes = max_unpacked_bytes
        self._unpacked: dict[str, int] = {}
        members = self._archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise SheetUnreadable(f"The workbook has {len(members):,} parts; none has so many.")
        self._members = {_plain(member.filename): member for member in members}

    def __contains__(self, name: str) -> bool:
        return _plain(name) in self._members

    def close(self) -> None:
        self._archive.close()

    def blocks(self, name: str) -> Iterator[tuple[bytes, float]]:
        """Yield a member piece by piece, each with the share of the member that is done by then."""
        member = self._member(name)
        packed, size = max(1, member.compress_size), 0
        with naming_damage(), self._archive.open(member) as file:
            while block := file.read(self._block):
                size += len(block)
                self._refuse_too_large(name, size)
                if size > RATIO_COUNTS_FROM_BYTES and size > MAX_RATIO * packed:
                    raise ArchiveBomb(f"{packed:,} bytes of the workbook unpack to more than {size:,}.")
                yield block, min(1.0, size / max(1, member.file_size))

    def _refuse_too_large(self, name: str, size: int) -> None:
        """Count a member once, however often it is read."""
        self._unpacked[name] = max(size, self._unpacked.get(name, 0))
        if sum(self._unpacked.values()) > self._max_bytes:
            raise UnpackedSizeLimit("The workbook unpacks to more than one file may.")

    def events(self, name: str, parser: EventParser) -> None:
        """Feed a whole member to a parser of XML."""
        with naming_damage():
            parser.feed_all(block for block, _ in self.blocks(name))

    def index(self, name: str) -> list[tuple[str, dict[str, str]]]:
        """Return the elements of a small member in order: local names, and attributes by local names."""
        found: list[tuple[str, dict[str, str]]] = []
        member = self._member(name)
        if member.file_size > MAX_INDEX_BYTES:
            raise SheetUnreadable(f"The part {name} of the workbook is far larger than any.")
        self.events(name, EventParser(lambda tag, attributes: found.append((tag, by_local(attributes))), _ignore))
        return found

    def links(self, name: str) -> dict[str, tuple[str, str]]:
        """Return what a part refers to: kind and full name of each target, by the id of the relation."""
        folder, file = posixpath.split(name)
        beside = posixpath.join(folder, "_rels", f"{file}.rels")
        if beside not in self:
            return {}
        return {
            attributes.get("Id", ""): (
                attributes.get("Type", "").rpartition("/")[2],
                _absolute(folder, attributes.get("Target", "")),
            )
            for tag, attributes in self.index(beside)
            if tag == "Relationship"
        }

    def _member(self, name: str) -> zipfile.ZipInfo:
        member = self._members.get(_plain(name))
        if member is None:
            said = (
                f"The workbook has no part {name}." if name else "The workbook does not say in which part the sheet is."
            )
            raise SheetUnreadable(said)
        if member.flag_bits & 1:
            raise SheetPasswordProtected(
                "The workbook is encrypted, so nothing in it can be read without its password."
            )
        return member


@contextlib.contextmanager
def reading_package(source: Path, max_unpacked_bytes: int, ranges: Ranges = ()) -> Iterator[Package]:
    """Open a workbook for the time of the block."""
    with naming_damage():
        package = Package(source, max_unpacked_bytes, ranges)
    with contextlib.closing(package):
        yield package


@contextlib.contextmanager
def naming_damage() -> Iterator[None]:
    """Turn what libraries say about a broken file into the error of ours."""
    try:
        yield
    except _DAMAGE as error:
        # The words of a library are for us: they may name what is ours, and help nobody to find the place.
        said = str(error) if isinstance(error, MarkupError) else "a part of it cannot be unpacked or understood"
        raise SheetUnreadable(f"The workbook is damaged or incomplete: {said}.") from error


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _absolute(folder: str, target: str) -> str:
    target = target.replace("\\", "/")
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))


def _ignore(_name: str) -> None:
    return
