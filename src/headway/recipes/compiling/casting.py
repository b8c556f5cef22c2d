"""Casts: of text by one recorded reading, of typed values where nothing is guessed, everything else by way of its text.

What is written in a cell stays beside the value: the one who writes the result keeps it where it would print otherwise.
"""

from __future__ import annotations

from headway.datasets.columns import AS_TEXT, ColumnType
from headway.datasets.numerals import numeral
from headway.intake.readings import Reading, boolean_reading, is_format, moment_reading, number_reading
from headway.recipes.compiling.relation import NUMBERS, WHOLE, Made, Step, Table
from headway.recipes.steps import Cast

T = ColumnType
USUAL_LAYOUTS = {
    T.DATE: "YYYY-MM-DD",
    T.TIME: "HH:MM:SS",
    T.TIMESTAMP: "YYYY-MM-DD HH:MM:SS",
    T.TIMESTAMP_TZ: "YYYY-MM-DDTHH:MM:SSZ",
}
TRUE = ("true", "t", "yes", "y", "on", "1", "ja", "oui", "si", "sí")
FALSE = ("false", "f", "no", "n", "off", "0", "nein", "non")

DIRECT: dict[tuple[ColumnType, ColumnType], str] = {
    (T.TIMESTAMP, T.DATE): "cast({0} as date)",
    (T.TIMESTAMP_TZ, T.DATE): "cast({0} at time zone 'UTC' as date)",
    (T.TIMESTAMP, T.TIME): "cast({0} as time)",
    (T.TIMESTAMP_TZ, T.TIMESTAMP): "({0} at time zone 'UTC')",
    (T.TIMESTAMP, T.TIMESTAMP_TZ): "({0} at time zone 'UTC')",
    (T.DATE, T.TIMESTAMP): "cast({0} as timestamp)",
    (T.BOOLEAN, T.INTEGER): "cast({0} as hugeint)",
}


def cast(step: Cast, table: Table) -> Step:
    column, to = table.get(step.column), ColumnType(step.to)
    refuse_strange_format(step.format, to, table)
    if to is T.TEXT:
        made = Made(table.new_number(), column.name, to, why="Made text by a recipe.")
        return table.replaced({column.name: (made, {made.value: written_text(column, table)})})
    made, sql = _typed(column, to, step.format, table)
    _ask_what_is_lost(step, column, made, sql[made.value], table)
    return table.replaced({column.name: (made, sql)})


def _typed(column: Made, to: ColumnType, written_as: str | None, table: Table) -> tuple[Made, dict[str, str]]:
    number = table.new_number()
    direct = _direct(column, to)
    if direct is not None:
        keeps = column.type in NUMBERS
        made = Made(number, column.name, to, written=keeps, is_computed=to in WHOLE, why="Made so by a recipe.")
        sql = {made.value: direct}
        if keeps:
            sql[made.companion] = written_text(column, table)
        return made, sql
    source = column.value if column.type in AS_TEXT else written_text(column, table)
    kept = source if column.type not in AS_TEXT else written_text(column, table)
    made = Made(
        number, column.name, to, written=True, format=written_as, is_computed=to in WHOLE,
        why="Made so by a recipe.",
    )  # fmt: skip
    return made, {made.value: _read(source, to, written_as, table), made.companion: kept}


def _direct(column: Made, to: ColumnType) -> str | None:
    """Return SQL for casts that need no text; what does not fit becomes null."""
    if (column.type, to) in DIRECT:
        return DIRECT[column.type, to].format(column.value)
    value = column.value
    if column.type in NUMBERS and to in WHOLE:
        if column.type in WHOLE:
            return f"cast({value} as hugeint)"
        return f"if({value} = trunc({value}), try_cast({value} as hugeint), null)"
    if column.type in WHOLE and to is T.DECIMAL:
        return f"try_cast({value} as decimal(38, 0))"
    if column.type in NUMBERS and to is T.NUMBER:
        return f"cast({value} as double)"
    return None


def _read(source: str, to: ColumnType, written_as: str | None, table: Table) -> str:
    if to is T.BOOLEAN and written_as is None:
        true, false = (", ".join(f"'{word}'" for word in words) for words in (TRUE, FALSE))
        return f"case when lower({source}) in ({true}) then true when lower({source}) in ({false}) then false end"
    if to is T.UUID:
        return f"if(regexp_full_match({source}, '[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}'), {source}, null)"
    return f"{table.helper(source, to, written_as, is_reader=True)}({source})"


def written_text(column: Made, table: Table) -> str:
    """Return SQL for what is written in the cells of a column."""
    printed = column.value
    if column.type not in AS_TEXT:
        name = table.helper(printable(column.value, column.type), column.type, column.format, is_reader=False)
        printed = f"{name}({printable(column.value, column.type)})"
    return f"coalesce({column.companion}, {printed})" if column.written else printed


def printable(value: str, kind: ColumnType) -> str:
    """Return SQL for what the function that prints takes: whole numbers of any size come as decimals."""
    return f"cast({value} as decimal(38, 0))" if kind in WHOLE else value


def _ask_what_is_lost(step: Cast, column: Made, made: Made, value: str, table: Table) -> None:
    shown = column.value if column.type in AS_TEXT else f"cast({column.value} as varchar)"
    table.ask("loss", column.name, column.has_value, f"({value}) is not null", shown, accepted=step.accept_loss)


# ----------------------------------------------------------------------------------------------------- readings


def refuse_strange_format(written_as: str | None, to: ColumnType, table: Table) -> None:
    if written_as is None:
        return
    try:
        fits = is_format(written_as) and to not in {T.TEXT, T.UUID, T.NUMBER} and _reading(to, written_as).type == to
    except ValueError:
        fits = False
    if not fits:
        raise table.misfit(f"{written_as[:60]!r} is no way to write {to}.", format=written_as[:60])


def reading_of(to: ColumnType, written_as: str | None) -> Reading:
    """Return how text is read as a type: by its format, or as every program writes it, zeros in front included."""
    if written_as is not None:
        return _reading(to, written_as)
    if to in WHOLE:
        return Reading(T.INTEGER, r"[-+]?[0-9]+", "whole numbers", exact=False)
    if to is T.DECIMAL:
        return Reading(T.DECIMAL, r"[-+]?[0-9]*\.?[0-9]+", "numbers with a decimal point", exact=False)
    if to is T.NUMBER:
        return Reading(T.NUMBER, r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]{1,3})?", "numbers", exact=False)
    return moment_reading(USUAL_LAYOUTS[to])


def _reading(to: ColumnType, written_as: str) -> Reading:
    if to in WHOLE or to is T.DECIMAL:
        return number_reading(numeral(written_as), whole=to in WHOLE)
    if to is T.BOOLEAN:
        true, _, false = written_as.partition("/")
        return boolean_reading(true, false, exact=False)
    return moment_reading(written_as)
