"""What is in a zip archive, found by looking into its files. Names in it are labels and never become a path."""

from __future__ import annotations

import contextlib
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from headway.errors import AppError
from headway.intake.archives import Budget
from headway.intake.codecs import codec_of
from headway.intake.detection import recognise
from headway.intake.errors import (
    ArchiveBomb,
    ArchiveCorrupt,
    ArchiveEncrypted,
    ArchiveMethod,
    ArchiveNested,
    ArchiveTooManyMembers,
    ArchiveTruncated,
)
from headway.intake.known_bytes import Ranges, opened
from headway.plurals import counted

MAX_MEMBERS = 10_000
MAX_RATIO = 1_000
MAX_NAME_CHARACTERS = 200
_LOOK_BYTES = 16 * 1024
_BLOCK = 1024 * 1024
_TAIL_BYTES = 66_000
"""The record at the end of an archive, and the longest comment that it may have."""

_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_UNICODE_PATH = 0x7075
_SYMLINK = 0o120000
_HEADER_BYTES = 30

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error, RuntimeError, IndexError)
"""What the library raises over archives that are damaged."""

_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive. `note` says what it is; `problem` is why it cannot be read, where that is known already."""

    name: str
    info: zipfile.ZipInfo
    is_table: bool
    note: str
    problem: AppError | None = None

    @property
    def size(self) -> int:
        return self.info.file_size

    @property
    def file_name(self) -> str:
        """Its name without the folders."""
        return PurePosixPath(self.name).name


class Archive:
    """An open archive. `members` are its files in their order."""

    def __init__(self, source: Path, budget: Budget, ranges: Ranges = ()) -> None:
        self._budget = budget
        self._packed_bytes = 0
        self._archive = _opened(source, ranges)
        entries = self._archive.infolist()
        if len(entries) > MAX_MEMBERS:
            raise ArchiveTooManyMembers(f"It holds {len(entries):,} files; {MAX_MEMBERS:,} are possible.")
        _refuse_overlaps(entries, source.stat().st_size)
        self._ignored: dict[str, int] = {}
        kept = []
        for entry in entries:
            if kind := _ignored_as(entry):
                self._ignored[kind] = self._ignored.get(kind, 0) + 1
            else:
                kept.append(entry)
        names = _unique([label(entry) for entry in kept])
        self.members = [self._look(name, entry) for name, entry in zip(names, kept, strict=True)]

    def close(self) -> None:
        self._archive.close()

    def extract(self, member: Member, target: Path) -> Iterator[float]:
        """Unpack a member into `target`, and yield the share of it that is done."""
        self._packed_bytes += member.info.compress_size
        with self._reading(member) as file, target.open("wb") as unpacked:
            done = 0
            while block := file.read(_BLOCK):
                done += len(block)
                self._budget.spend(len(block), self._packed_bytes)
                unpacked.write(block)
                yield min(1.0, done / max(1, member.size))

    def beginning(self, member: Member, target: Path, length: int) -> bool:
        """Unpack at most so many bytes, as far as they are sound; say whether that is all of the member."""
        with target.open("wb") as unpacked:
            try:
                with self._reading(member) as file:
                    while unpacked.tell() < length and (block := file.read(min(_LOOK_BYTES, length - unpacked.tell()))):
                        unpacked.write(block)
                    return not file.read(1)
            except ArchiveCorrupt:
                return False

    def ignored_words(self) -> str:
        """Say what is not looked at: `2 folders, 1 hidden file`."""
        said = []
        for words, count in sorted(self._ignored.items()):
            one, _, many = words.partition("|")
            said.append(counted(count, one, many))
        return ", ".join(said)

    @contextlib.contextmanager
    def _reading(self, member: Member) -> Iterator[IO[bytes]]:
        if member.problem is not None:
            raise member.problem
        with _naming_damage(), self._archive.open(member.info) as file:
            yield file

    def _look(self, name: str, entry: zipfile.ZipInfo) -> Member:
        """Say what a member is by its first bytes."""
        if entry.flag_bits & _ENCRYPTED:
            return Member(name, entry, False, "encrypted", ArchiveEncrypted("It cannot be read without its password."))
        try:
            with _naming_damage(), self._archive.open(entry) as file:
                head = file.read(_LOOK_BYTES)
        except AppError as problem:
            note = "packed in another way" if isinstance(problem, ArchiveMethod) else "damaged"
            return Member(name, entry, False, note, problem)
        found = recognise(head, PurePosixPath(name).name)
        if found.compression == "zip":
            nested = ArchiveNested("It is an archive inside of the archive.")
            return Member(name, entry, False, "another archive", nested)
        is_table = found.format is not None or codec_of(head) is not None
        return Member(name, entry, is_table, found.format or found.note)


@contextlib.contextmanager
def reading_archive(source: Path, budget: Budget, ranges: Ranges = ()) -> Iterator[Archive]:
    """Open an archive for the time of the block."""
    with contextlib.closing(Archive(source, budget, ranges)) as archive:
        yield archive


def _opened(source: Path, ranges: Ranges) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(opened(source, ranges))
    except DAMAGE as error:
        raise unreadable(source) from error


def unreadable(source: Path) -> AppError:
    """Return what is wrong with an archive that cannot be opened: its end is missing, or it says what is not so."""
    with source.open("rb") as file:
        file.seek(max(0, source.stat().st_size - _TAIL_BYTES))
        has_end = b"PK\x05\x06" in file.read()
    if has_end:
        return ArchiveCorrupt("The list of its files, at the end of the archive, is damaged.")
    return ArchiveTruncated("The zip archive ends before the list of its files, which stands at the end.")


@contextlib.contextmanager
def _naming_damage() -> Iterator[None]:
    try:
        yield
    except NotImplementedError as error:  # how `zipfile` says that it does not know a method
        raise ArchiveMethod("It is packed in a way that is not read here.") from error
    except DAMAGE as error:
        raise ArchiveCorrupt("Its content does not fit its own check sum, size or place in the archive.") from error


def _refuse_overlaps(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Refuse members that share bytes: so a small archive unpacks to petabytes."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < 0:
            raise ArchiveCorrupt("The list of files in the archive names places that it does not have.")
        if entry.header_offset < end:
            raise ArchiveBomb("Files in the archive share their bytes, which no honest archive needs.")
        end = entry.header_offset + _HEADER_BYTES + entry.compress_size
    if end > size and sum(entry.compress_size for entry in entries) > size:
        raise ArchiveCorrupt("The archive claims to hold more bytes than it has.")


def _ignored_as(entry: zipfile.ZipInfo) -> str | None:
    parts = [part for part in entry.filename.replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    if entry.filename.endswith(("/", "\\")):
        return "folder|folders"
    if entry.external_attr >> 16 & 0o170000 == _SYMLINK:
        return "link|links"
    if "__MACOSX" in parts or any(part.startswith(".") for part in parts):
        return "hidden file|hidden files"
    if parts and parts[-1].lower() in _SYSTEM_FILES:
        return "file of the system|files of the system"
    return None if entry.file_size else "empty file|empty files"


# ------------------------------------------------------------------------------------------------------- names


def label(entry: zipfile.ZipInfo) -> str:
    """Return what a member is called for people: no way out of its folder, no control or direction characters."""
    name = unicodedata.normalize("NFC", _decoded(entry)).replace("\\", "/")
    clean = "".join(c for c in name if unicodedata.category(c) not in {"Cc", "Cf", "Cs"})
    parts = [part.strip() for part in clean.split("/")]
    kept = "/".join(part for part in parts if part and part not in {".", ".."} and not part.endswith(":"))
    return kept[-MAX_NAME_CHARACTERS:].strip() or "unnamed"


def _decoded(entry: zipfile.ZipInfo) -> str:
    """Return the name as it was meant: many programs write UTF-8 and do not say so."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    try:
        raw = entry.orig_filename.encode("cp437")
        return _unicode_path(entry.extra, raw) or raw.partition(b"\0")[0].decode("utf-8")
    except UnicodeError:
        return entry.filename


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """Return the name in the field that some programs add for it, if it belongs to this very name."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[4 : 4 + length], extra[4 + length :]
        if kind == _UNICODE_PATH and len(field) > 5 and struct.unpack_from("<L", field, 1)[0] == zlib.crc32(raw):
            return field[5:].decode("utf-8", "replace")
    return None


def _unique(names: list[str]) -> list[str]:
    """Number names that stand in the archive again."""
    taken: set[str] = set()
    unique = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.add(candidate)
        unique.append(candidate)
    return unique
