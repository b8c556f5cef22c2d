"""Expressions become SQL here: types are checked against the table, and every value is written by us."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from headway.datasets.columns import AS_TEXT, ColumnType
from headway.datasets.filters import PARSERS
from headway.datasets.patterns import why_no_pattern
from headway.intake.merging.duck import quoted
from headway.recipes.compiling.casting import printable, written_text
from headway.recipes.compiling.functions import BY_NAME, FIXED, Function
from headway.recipes.compiling.relation import NUMBERS, WHOLE, Made, Table
from headway.recipes.expressions import Call, ColumnTerm, Expression, ValueTerm

T = ColumnType
MOST_PAD = 1_000


@dataclass(frozen=True, slots=True)
class Typed:
    """SQL and the type of its value; None is that of an empty value. `column` is set where it is one as it stands."""

    sql: str
    type: ColumnType | None
    column: Made | None = None
    value: ValueTerm | None = None


def expression(term: Expression, table: Table) -> Typed:
    """Return the SQL of an expression. Raises `RecipeDoesNotFit` for a column or a type that does not fit."""
    match term:
        case ColumnTerm():
            column = table.get(term.column)
            sql = f"cast({column.value} as hugeint)" if column.type in WHOLE else column.value
            return Typed(sql, column.type, column)
        case ValueTerm():
            return _value(term, table)
        case Call():
            return _called(term, table)


def condition(term: Expression, table: Table) -> str:
    """Return SQL that is true or false for each row."""
    found = expression(term, table)
    if found.type is not T.BOOLEAN:
        raise table.misfit(f"a condition is true or false, and this is {found.type or 'empty'}.")
    return found.sql


def literal(text: str, kind: ColumnType, table: Table) -> str:
    """Return SQL of a value written as text. Raises `RecipeDoesNotFit` if it is none of its type."""
    if kind in AS_TEXT:
        return quoted(text)
    try:
        return _literal(PARSERS[kind](text), kind)
    except (ValueError, KeyError, ArithmeticError):
        raise table.misfit(f"{text[:100]!r} is not a value of type {kind}.") from None


def _literal(value: object, kind: ColumnType) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return f"cast({value} as hugeint)"
        case Decimal():
            if not value.is_finite():
                raise ValueError(value)
            return f"cast({value:f} as hugeint)" if kind in WHOLE else f"({value:f})"
        case float():
            return f"cast('{value!r}' as double)"
        case datetime():
            zoned = kind is T.TIMESTAMP_TZ
            moment = value if value.tzinfo or not zoned else value.replace(tzinfo=UTC)
            return f"cast('{moment.isoformat(' ')}' as {'timestamptz' if zoned else 'timestamp'})"
        case date() | time():
            return f"cast('{value.isoformat()}' as {kind.value})"
        case _:
            raise ValueError(value)


def _value(term: ValueTerm, table: Table) -> Typed:
    if term.value is None:
        return Typed("null", None, value=term)
    if term.type is not None:
        written = str(term.value).lower() if isinstance(term.value, bool) else str(term.value)
        kind = ColumnType(term.type)
        return Typed(literal(written, kind, table), kind)
    match term.value:
        case bool():
            return Typed(_literal(term.value, T.BOOLEAN), T.BOOLEAN)
        case int():
            if abs(term.value) >= 10**38:
                raise table.misfit("a whole number has at most 38 digits.")
            return Typed(_literal(term.value, T.INTEGER), T.INTEGER)
        case float():
            exact = Decimal(repr(term.value))
            return Typed(literal(format(exact, "f"), T.DECIMAL, table), T.DECIMAL)
        case _:
            return Typed(quoted(term.value), T.TEXT, value=term)


def _called(call: Call, table: Table) -> Typed:
    function, name = BY_NAME[call.call], call.call
    if not function.least_args <= len(call.args) <= function.most_args:
        takes = (
            f"{function.least_args}"
            if function.least_args == function.most_args
            else f"{function.least_args} to {function.most_args}"
        )
        raise table.misfit(f"{name} takes {takes} values, and not {len(call.args)}.")
    _refuse_computed(call, table)
    args = [expression(each, table) for each in call.args]
    if name in {"text", "concat"}:
        args = [Typed(_text(each, table), T.TEXT) for each in args]
    if name == "empty":
        return Typed(_emptiness(args[0]), T.BOOLEAN)
    if function.alike is not None:
        args = [*args[: function.alike], *_comparable(args[function.alike :], name, table)]
    for place, each in enumerate(args):
        kinds = function.takes[min(place, len(function.takes) - 1)]
        if each.type is not None and each.type not in kinds:
            raise table.misfit(f"{name} takes {_listed(kinds)}, and this is {each.type}.")
    return Typed(function.sql([each.sql for each in args]), _given(function, args))


def _refuse_computed(call: Call, table: Table) -> None:
    fixed = call.args[FIXED.get(call.call, len(call.args)) :]
    values = [each.value for each in fixed if isinstance(each, ValueTerm)]
    if len(values) < len(fixed):
        raise table.misfit(f"{call.call} takes its other values as they are written, the same in every row.")
    if call.call in {"matches", "extract"}:
        refuse_bad_pattern(str(values[0]), table)
    if call.call == "pad" and not _is_size(values[0]):
        raise table.misfit(f"pad makes texts of at most {MOST_PAD:,} characters.")


def _is_size(value: object) -> bool:
    try:
        return 0 <= int(str(value)) <= MOST_PAD
    except ValueError:
        return False


def refuse_bad_pattern(pattern: str, table: Table) -> None:
    """Raise `RecipeDoesNotFit` for what is no regular expression that can be used."""
    if why_no_pattern(pattern) is not None:
        raise table.misfit(f"{pattern[:100]!r} is no regular expression.")


def _text(value: Typed, table: Table) -> str:
    if value.column is not None:
        return written_text(value.column, table)
    if value.type is None or value.type in AS_TEXT:
        return value.sql
    sql = printable(value.sql, value.type)
    return f"{table.helper(sql, value.type, None, is_reader=False)}({sql})"


def _emptiness(value: Typed) -> str:
    return f"({value.sql} is null" + (f" or {value.sql} = '')" if value.type in AS_TEXT else ")")


def _given(function: Function, args: Sequence[Typed]) -> ColumnType | None:
    if function.gives is not None:
        return function.gives
    return next((each.type for each in args[function.alike or 0 :] if each.type is not None), None)


def _comparable(args: list[Typed], name: str, table: Table) -> list[Typed]:
    """Return values of one type. Texts without a type become what they are compared with; numbers meet in the wider."""
    kinds = [each.type for each in args if each.type is not None and each.value is None]
    lead = next((kind for kind in kinds if kind not in AS_TEXT), None)
    if lead is not None:
        args = [
            Typed(literal(str(each.value.value), lead, table), lead) if _is_bare_text(each) and each.value else each
            for each in args
        ]
    found = {each.type for each in args if each.type is not None}
    if found <= NUMBERS:
        widest = T.NUMBER if T.NUMBER in found else T.DECIMAL if T.DECIMAL in found else T.INTEGER
        return [_widened(each, widest, mixed=len(found) > 1) for each in args]
    families = {T.TEXT if kind in AS_TEXT else kind for kind in found}
    if len(families) > 1:
        raise table.misfit(
            f"{name} takes values of one type, and these are {' and '.join(sorted(map(str, families)))}."
        )
    return args


def _is_bare_text(value: Typed) -> bool:
    return value.value is not None and value.type is T.TEXT


def _widened(value: Typed, kind: ColumnType, *, mixed: bool) -> Typed:
    if value.type is None or not mixed:
        return value
    if kind is T.NUMBER:
        return Typed(f"cast({value.sql} as double)", kind)
    if value.type in WHOLE:
        return Typed(f"cast({value.sql} as decimal(38, 0))", kind)
    return value


def _listed(kinds: frozenset[ColumnType]) -> str:
    return "any type" if kinds == frozenset(ColumnType) else " or ".join(sorted(map(str, kinds)))
