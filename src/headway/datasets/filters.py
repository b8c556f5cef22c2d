"""Questions about rows: which columns, in which order, and which rows. Parsed here, with every value bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from headway.datasets.columns import AS_TEXT, Column, ColumnType
from headway.datasets.errors import BadFilter, UnknownColumn

MAX_FILTERS = 20
MAX_SORTS = 5
COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
TEXT_OPERATORS = {"contains", "starts"}
EMPTY_OPERATORS = {"empty", "notempty"}
OPERATORS = sorted({*COMPARISONS, *TEXT_OPERATORS, *EMPTY_OPERATORS})


def _moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo is None else parsed.astimezone(UTC)


def _boolean(text: str) -> bool:
    return {"true": True, "false": False}[text.lower()]


PARSERS: dict[ColumnType, Callable[[str], Any]] = {
    ColumnType.INTEGER: int,
    ColumnType.BIG_INTEGER: Decimal,
    ColumnType.DECIMAL: Decimal,
    ColumnType.NUMBER: float,
    ColumnType.BOOLEAN: _boolean,
    ColumnType.DATE: date.fromisoformat,
    ColumnType.TIME: time.fromisoformat,
    ColumnType.TIMESTAMP: _moment,
    ColumnType.TIMESTAMP_TZ: _moment,
}


@dataclass(frozen=True, slots=True)
class RowsQuestion:
    """One page of rows. `sort` holds (column, descending); `filters` SQL with its bound values."""

    columns: list[Column]
    offset: int
    limit: int
    sort: list[tuple[Column, bool]] = field(default_factory=list)
    conditions: list[tuple[str, list[Any]]] = field(default_factory=list)
    written: bool = False

    @property
    def is_plain(self) -> bool:
        """Say whether the page is a slice of the file as it lies."""
        return not self.sort and not self.conditions

    @property
    def physical(self) -> list[str]:
        """The columns of the file that it takes to answer."""
        names = [column.physical for column in self.columns]
        if self.written:
            names += [column.physical_written for column in self.columns if column.written]
        return names

    @property
    def where(self) -> tuple[str, list[Any]]:
        """The condition in SQL, with its bound values."""
        if not self.conditions:
            return "", []
        values = [value for _, bound in self.conditions for value in bound]
        return "where " + " and ".join(sql for sql, _ in self.conditions), values

    @property
    def order(self) -> str:
        """The order in SQL; rows that are equal in it stay in file order, so that pages never overlap."""
        terms = [f"{column.physical} {'desc' if down else 'asc'} nulls last" for column, down in self.sort]
        return ", ".join([*terms, "file_row_number"])


def ask(
    columns: Sequence[Column],
    *,
    offset: int,
    limit: int,
    names: Sequence[str] = (),
    sort: Sequence[str] = (),
    filters: Sequence[str] = (),
    search: str | None = None,
    written: bool = False,
) -> RowsQuestion:
    """Return the question that a request asks, or raise `UnknownColumn` or `BadFilter`."""
    if len(filters) > MAX_FILTERS or len(sort) > MAX_SORTS:
        raise BadFilter(f"At most {MAX_FILTERS} filters and {MAX_SORTS} sort columns go together.")
    conditions = [_condition(columns, text) for text in filters]
    if search:
        conditions.append(_search(columns, search))
    return RowsQuestion(
        columns=[_column(columns, name) for name in names] or list(columns),
        offset=offset,
        limit=limit,
        sort=[_sort(columns, text) for text in sort],
        conditions=conditions,
        written=written,
    )


def _column(columns: Sequence[Column], name: str) -> Column:
    for column in columns:
        if column.name == name:
            return column
    raise UnknownColumn(f"There is no column {name[:100]!r}.", column=name[:100])


def _sort(columns: Sequence[Column], text: str) -> tuple[Column, bool]:
    # A column may really be called "-x": a name that fits as it stands wins.
    if text.startswith("-") and all(column.name != text for column in columns):
        return _column(columns, text[1:]), True
    return _column(columns, text), False


def _condition(columns: Sequence[Column], text: str) -> tuple[str, list[Any]]:
    """Parse `column:operator:value`; a column's name may hold colons, so the longest name that fits wins."""
    fitting = [column for column in columns if text.startswith(f"{column.name}:")]
    if not fitting:
        raise UnknownColumn(f"No column of the dataset begins the filter {text[:100]!r}.", filter=text[:100])
    column = max(fitting, key=lambda candidate: len(candidate.name))
    operator, _, value = text[len(column.name) + 1 :].partition(":")
    if operator in EMPTY_OPERATORS:
        return _emptiness(column, wanted=operator == "empty"), []
    if operator in TEXT_OPERATORS:
        function = "contains" if operator == "contains" else "starts_with"
        return f"{function}(lower({_text(column)}), lower(?))", [value]
    if operator in COMPARISONS:
        return f"{column.physical} {COMPARISONS[operator]} ?", [parse_value(column, value)]
    raise BadFilter(f"There is no operator {operator[:40]!r}.", allowed=OPERATORS)


def parse_value(column: Column, value: str) -> Any:
    """Return a written value as the column's type has it, or raise `BadFilter`."""
    try:
        return PARSERS.get(column.type, str)(value)
    except (ValueError, KeyError, InvalidOperation):
        raise BadFilter(
            f"{value[:100]!r} is not a value that column {column.name!r} ({column.type}) can have.",
            column=column.name,
            column_type=str(column.type),
        ) from None


def _emptiness(column: Column, *, wanted: bool) -> str:
    is_text = column.type in AS_TEXT
    empty = f"({column.physical} is null" + (f" or {column.physical} = '')" if is_text else ")")
    return empty if wanted else f"not {empty}"


def _text(column: Column) -> str:
    """Return SQL for what a person sees in the cell: its written form where it has one."""
    value = column.physical
    if column.type not in AS_TEXT:
        value = f"cast({value} as varchar)"
    return f"coalesce({column.physical_written}, {value})" if column.written else value


def _search(columns: Sequence[Column], search: str) -> tuple[str, list[Any]]:
    conditions = [f"contains(lower({_text(column)}), lower(?))" for column in columns]
    return "(" + " or ".join(conditions) + ")", [search] * len(conditions)
