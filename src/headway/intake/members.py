"""Which files of an archive become datasets, and how that is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath

from headway.errors import AppError
from headway.intake.detection import is_named_table
from headway.intake.errors import ArchiveNoTable, MemberNotFound
from headway.intake.parsing import Decision, ParseOptions
from headway.intake.text_errors import TooManyTables
from headway.intake.zip_archive import Archive, Member
from headway.plurals import counted

MAX_DATASETS = 200
MAX_UNITED = 1_000
"""So many files of an archive may become datasets of one import, or one dataset together."""

MAX_LISTED = 200
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class MemberChoice:
    """The members to import, and how the decision about each of them reads."""

    members: list[Member]
    evidence: str
    others: list[str]

    def decision(self, member: Member) -> Decision:
        return Decision("member", member.name, self.evidence, runner_up=self.others or None)


def choose(archive: Archive, options: ParseOptions) -> MemberChoice:
    """Return the members that were asked for, or the largest one that is a table.

    Raises `MemberNotFound`, `ArchiveNoTable`, `TooManyTables`, or what is wrong with a member that was asked for.
    """
    wanted = options.members or ([options.member] if options.member is not None else [])
    tables = [member for member in archive.members if member.is_table]
    every = options.parts == "all" or options.unite
    if wanted:
        chosen = _named(archive.members, wanted)
    elif not tables:
        raise _nothing_to_read(archive)
    else:
        chosen = tables if every else [max(tables, key=_likeness)]
    _refuse_too_many(chosen, MAX_UNITED if options.unite else MAX_DATASETS)
    others = [member for member in archive.members if member not in chosen]
    evidence = _evidence(chosen, others, tables, wanted=bool(wanted), every=every)
    return MemberChoice(chosen, evidence, [_described(member) for member in others[:MAX_LISTED]])


def archive_decision(archive: Archive) -> Decision:
    """Say what the archive holds, and what of it was not even looked at."""
    size = sum(member.size for member in archive.members)
    said = f"The file is a zip archive of {counted(len(archive.members), 'file')}, {counted(size, 'byte')} unpacked."
    if ignored := archive.ignored_words():
        said += f" Not looked at: {ignored}."
    return Decision("compression", "zip", said)


@contextmanager
def naming(member: Member) -> Iterator[None]:
    """Say of every failure in which file of the archive it is."""
    try:
        yield
    except AppError as error:
        _in_member(error, member)
        raise


def _in_member(error: AppError, member: Member) -> AppError:
    error.detail = f"In {member.name}: {error.detail}"
    error.args = (error.detail,)
    error.data.setdefault("member", member.name)
    return error


def _likeness(member: Member) -> tuple[bool, int]:
    """Return how much a member looks like the one that is meant: notes beside the data are named like text."""
    return is_named_table(member.file_name), member.size


def _named(members: list[Member], wanted: Iterable[str]) -> list[Member]:
    """Return the members of these names, with or without their folders, whatever their case."""
    known: dict[str, Member] = {}
    for spell in (_folded_file, _folded, lambda member: member.name):
        known |= {spell(member): member for member in reversed(members)}
    found = {name: known.get(name) or known.get(name.strip().casefold()) for name in wanted}
    missing = [name for name, member in found.items() if member is None]
    if missing:
        names = [member.name for member in members]
        raise MemberNotFound(
            f"There is no file {missing[0]!r} in the archive. The files are: {_listed(names)}.", members=names[:100]
        )
    return list(dict.fromkeys(member for member in found.values() if member is not None))


def _folded(member: Member) -> str:
    return member.name.casefold()


def _folded_file(member: Member) -> str:
    return member.file_name.casefold()


def _nothing_to_read(archive: Archive) -> AppError:
    """Return why no member is a table; one that is a table behind a password is more than a picture beside it."""
    for member in archive.members:
        if member.problem is not None:
            return _in_member(member.problem, member)
    if not archive.members:
        ignored = archive.ignored_words() or "nothing at all"
        return ArchiveNoTable(f"There is no file in it that holds something. It has {ignored}.")
    described = [_described(member) for member in archive.members]
    said = counted(len(described), "file, which is no table", "files, none of which is a table")
    return ArchiveNoTable(f"It holds {said}: {_listed(described)}.")


def _refuse_too_many(chosen: list[Member], most: int) -> None:
    if len(chosen) > most:
        raise TooManyTables(f"{len(chosen):,} files of the archive are tables; one import reads at most {most:,}.")


def _evidence(chosen: list[Member], others: list[Member], tables: list[Member], *, wanted: bool, every: bool) -> str:
    if wanted:
        said = "You chose this file." if len(chosen) == 1 else f"You chose {counted(len(chosen), 'file')}."
    elif every:
        said = f"You asked for all tables; {counted(len(chosen), 'file')} of the archive are such."
    elif len(tables) == 1:
        said = "It is the only table in the archive."
    else:
        said = f"It is the largest of {len(tables):,} tables in the archive."
    described = [_described(member) for member in others]
    return f"{said} Not imported: {_listed(described)}." if described else said


def _described(member: Member) -> str:
    return f"{member.name} ({member.note})"


def _listed(names: list[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest:,} more" if rest > 0 else "")


def part_name(member: Member, table: str, *, alone: bool) -> str:
    """Return what a table of a member is called beside those of other members."""
    own = str(PurePosixPath(member.name).with_suffix("")) if PurePosixPath(member.name).suffix else member.name
    return own if alone else f"{own} · {table}"
