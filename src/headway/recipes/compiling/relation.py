"""A table on its way through a recipe: which columns it has after a step, and the SQL that makes it of the one before.

Column n is `c{n}` in SQL, and `w{n}` what is written in its cells where that is kept beside it; names of people never
get there. `place` is the order of the rows. A number is used once in a recipe, so that a step never means another column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from headway.datasets.columns import AS_TEXT, Column, ColumnType
from headway.recipes.errors import RecipeDoesNotFit, RecipeTooWide
from headway.recipes.terms import MOST_COLUMNS

NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.BIG_INTEGER, ColumnType.DECIMAL, ColumnType.NUMBER})
WHOLE = frozenset({ColumnType.INTEGER, ColumnType.BIG_INTEGER})
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Made:
    """One column. `is_computed` whole numbers may have any size, and get their type from the values at the end."""

    number: int
    name: str
    type: ColumnType
    written: bool = False
    format: str | None = None
    null_tokens: tuple[str, ...] = ()
    is_computed: bool = False
    why: str = ""

    @property
    def value(self) -> str:
        return f"c{self.number}"

    @property
    def companion(self) -> str:
        return f"w{self.number}"

    @property
    def physical(self) -> list[str]:
        return [self.value, self.companion] if self.written else [self.value]

    @property
    def has_value(self) -> str:
        """SQL for whether a cell holds anything; empty text is nothing."""
        return f"({self.value} is not null" + (f" and {self.value} <> '')" if self.type in AS_TEXT else ")")

    @classmethod
    def of(cls, column: Column, number: int) -> Made:
        return cls(
            number, column.name, column.type, column.written, column.format, tuple(column.null_tokens), why=column.why
        )


@dataclass(frozen=True, slots=True)
class Helper:
    """A function that SQL lacks, made for one column: it prints values as they are written, or reads text as a type.

    `argument` is SQL over `relation`, by which the function learns what it takes.
    """

    name: str
    relation: str
    argument: str
    type: ColumnType
    format: str | None
    is_reader: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A question to the rows, asked before anything is changed: where is `before` true and `after` is not?

    `kind` is `loss` (no value may be lost), `emptied` (some must be left) or `nothing` (what is made should hold some).
    """

    step: int
    kind: str
    column: str
    relation: str
    before: str
    after: str
    shown: str
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class JoinCheck:
    """Which keys stand in several rows of the joined table, and how many rows here find none there."""

    step: int
    here: str
    there: str
    match: str
    keys: tuple[str, ...]
    refuses: bool


@dataclass(slots=True)
class Step:
    """One step compiled: `sql` makes the view `s{number}` of the one before."""

    number: int
    kind: str
    sql: str
    columns: list[Made]
    is_ordered: bool
    helpers: list[Helper] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    joins: list[JoinCheck] = field(default_factory=list)

    @property
    def relation(self) -> str:
        return f"s{self.number}"


@dataclass(slots=True)
class Table:
    """What a step begins from, and where it says what it makes of that."""

    number: int
    kind: str
    columns: list[Made]
    is_ordered: bool
    numbers: Iterator[int]
    helpers: list[Helper] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    joins: list[JoinCheck] = field(default_factory=list)

    @property
    def source(self) -> str:
        return f"s{self.number - 1}"

    def new_number(self) -> int:
        return next(self.numbers)

    def get(self, name: str) -> Made:
        """Return the column of a name. Raises `RecipeDoesNotFit`."""
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            names = [column.name[:60] for column in self.columns[:SHOWN]]
            more = f" and {len(self.columns) - SHOWN:,} more" if len(self.columns) > SHOWN else ""
            raise self.misfit(
                f"there is no column {name[:100]!r} here. There are: {', '.join(names)}{more}.", column=name[:100]
            )
        return found

    def text(self, name: str) -> Made:
        """Return a column of text. Raises `RecipeDoesNotFit`."""
        found = self.get(name)
        if found.type is not ColumnType.TEXT:
            raise self.misfit(
                f"column {name[:100]!r} is {found.type}, and this works on text. Cast it before.", column=name[:100]
            )
        return found

    def misfit(self, said: str, **data: object) -> RecipeDoesNotFit:
        return RecipeDoesNotFit(f"Step {self.number}, {self.kind}: {said}", step=self.number, kind=self.kind, **data)

    def refuse_taken(self, names: Iterable[str], among: Iterable[Made]) -> None:
        """Raise `RecipeDoesNotFit` if a new column would have the name of another one."""
        taken = {column.name for column in among}
        for name in names:
            if name in taken:
                raise self.misfit(f"there would be two columns {name[:100]!r}.", column=name[:100])
            taken.add(name)

    # --------------------------------------------------------------------------------------------- what it makes

    def made(self, sql: str, columns: list[Made], *, is_ordered: bool | None = None) -> Step:
        if len(columns) > MOST_COLUMNS:
            raise RecipeTooWide(
                f"Step {self.number}, {self.kind}: {len(columns):,} columns, of at most {MOST_COLUMNS:,}.",
                step=self.number, most=MOST_COLUMNS,
            )  # fmt: skip
        ordered = self.is_ordered if is_ordered is None else is_ordered
        return Step(self.number, self.kind, sql, columns, ordered, self.helpers, self.checks, self.joins)

    def projected(self, columns: list[Made], changed: dict[str, str] | None = None, rest: str = "") -> Step:
        """Return a step that picks columns; `changed` says what makes those that are not as they were."""
        changed = changed or {}
        picked = ["place"]
        for column in columns:
            picked += [f"{changed[name]} as {name}" if name in changed else name for name in column.physical]
        return self.made(f"select {', '.join(picked)} from {self.source}{rest}", columns)

    def kept(self, condition: str) -> Step:
        """Return a step that keeps some of the rows."""
        return self.made(f"select * from {self.source} where {condition}", self.columns)

    def replaced(self, changes: dict[str, tuple[Made, dict[str, str]]]) -> Step:
        """Return a step that puts columns into the places of others, by their names."""
        columns = [changes[column.name][0] if column.name in changes else column for column in self.columns]
        sql = {name: text for _, texts in changes.values() for name, text in texts.items()}
        return self.projected(columns, sql)

    def changed(self, column: Made, value: str) -> tuple[Made, dict[str, str]]:
        """Return a column with other values. What was written is forgotten where another one stands now."""
        made = replace(column, number=self.new_number(), is_computed=column.type in WHOLE)
        sql = {made.value: value}
        if made.written:
            sql[made.companion] = f"if({value} is distinct from {column.value}, null, {column.companion})"
        return made, sql

    def ask(self, kind: str, column: str, before: str, after: str, shown: str, *, accepted: bool = False) -> None:
        """Have the rows asked what becomes empty."""
        self.checks.append(Check(self.number, kind, column, self.source, before, after, shown, accepted))

    def helper(self, argument: str, kind: ColumnType, written_as: str | None, *, is_reader: bool) -> str:
        """Return the name of a function that reads or prints."""
        name = f"{'read' if is_reader else 'printed'}_{self.new_number()}"
        self.helpers.append(Helper(name, self.source, argument, kind, written_as, is_reader))
        return name
