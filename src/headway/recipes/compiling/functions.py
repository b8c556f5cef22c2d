"""The closed list of functions that expressions can call: what each takes, what it gives, and its SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headway.datasets.columns import AS_TEXT, ColumnType
from headway.recipes.compiling.relation import NUMBERS, WHOLE

T = ColumnType

ANY = frozenset(ColumnType)
TEXT, FLAG, NUMBER = AS_TEXT, frozenset({T.BOOLEAN}), NUMBERS
DAY = frozenset({T.DATE, T.TIMESTAMP, T.TIMESTAMP_TZ})
CLOCK = frozenset({T.TIME, T.TIMESTAMP, T.TIMESTAMP_TZ})

Kinds = frozenset[ColumnType]
Sql = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class Function:
    """`takes` says what each argument may be; the last one may be repeated where `most` is more.

    `alike` says that all arguments from a place on must be comparable. `gives` None means: what the first of these is.
    """

    takes: tuple[Kinds, ...]
    gives: ColumnType | None
    sql: Sql
    least: int = 0
    most: int = 0
    alike: int | None = None

    @property
    def least_args(self) -> int:
        return self.least or len(self.takes)

    @property
    def most_args(self) -> int:
        return self.most or len(self.takes)


def _call(name: str) -> Sql:
    return lambda args: f"{name}({', '.join(args)})"


def _between(word: str) -> Sql:
    return lambda args: "(" + f" {word} ".join(args) + ")"


def _compare(word: str) -> Function:
    return Function((ANY, ANY), T.BOOLEAN, lambda args: f"coalesce({args[0]} {word} {args[1]}, false)", alike=0)


def _part(name: str, kinds: Kinds) -> Function:
    def sql(args: Sequence[str]) -> str:
        return f"cast({name}({args[0]}) as hugeint)"

    return Function((kinds,), T.INTEGER, sql)


def _search(name: str) -> Function:
    return Function((TEXT, TEXT), T.BOOLEAN, lambda args: f"coalesce({name}({args[0]}, {args[1]}), false)")


BLANKS = r"[\s\p{Z}]+"


def trimmed(value: str) -> str:
    """Return SQL for text without blanks of any kind at its ends."""
    return f"regexp_replace({value}, '^{BLANKS}|{BLANKS}$', '', 'g')"


def _rounded(args: Sequence[str]) -> str:
    return f"round({args[0]}, cast({args[1]} as integer))"


def _sliced(args: Sequence[str]) -> str:
    return f"substr({args[0]}, {', '.join(f'cast({each} as bigint)' for each in args[1:])})"


def _padded(args: Sequence[str]) -> str:
    text, size, sign = args
    return f"if(length({text}) < {size}, lpad({text}, cast({size} as integer), {sign}), {text})"


def _if(args: Sequence[str]) -> str:
    return f"if({args[0]}, {args[1]}, {args[2]})"


def _in(args: Sequence[str]) -> str:
    return f"coalesce({args[0]} in ({', '.join(args[1:])}), false)"


BY_NAME: dict[str, Function] = {
    # An empty cell equals an empty one and nothing else, so that what is not "x" holds the empty ones too.
    "eq": Function((ANY, ANY), T.BOOLEAN, _between("is not distinct from"), alike=0),
    "ne": Function((ANY, ANY), T.BOOLEAN, _between("is distinct from"), alike=0),
    "lt": _compare("<"), "le": _compare("<="), "gt": _compare(">"), "ge": _compare(">="),
    "in": Function((ANY, ANY), T.BOOLEAN, _in, least=2, most=50, alike=0),
    "and": Function((FLAG,), T.BOOLEAN, _between("and"), least=2, most=50),
    "or": Function((FLAG,), T.BOOLEAN, _between("or"), least=2, most=50),
    "not": Function((FLAG,), T.BOOLEAN, lambda args: f"(not coalesce({args[0]}, false))"),
    "empty": Function((ANY,), T.BOOLEAN, lambda args: f"({args[0]} is null)"),
    "contains": _search("contains"), "starts": _search("starts_with"), "ends": _search("ends_with"),
    "matches": _search("regexp_matches"),
    "add": Function((NUMBER, NUMBER), None, _between("+"), most=50, alike=0),
    "subtract": Function((NUMBER, NUMBER), None, _between("-"), alike=0),
    "multiply": Function((NUMBER, NUMBER), None, _between("*"), most=50, alike=0),
    "divide": Function((NUMBER, NUMBER), T.NUMBER, lambda args: f"(cast({args[0]} as double) / nullif({args[1]}, 0))"),
    "remainder": Function((WHOLE, WHOLE), T.INTEGER, lambda args: f"({args[0]} % nullif({args[1]}, 0))", alike=0),
    "negate": Function((NUMBER,), None, lambda args: f"(-{args[0]})", alike=0),
    "abs": Function((NUMBER,), None, _call("abs"), alike=0),
    "round": Function((frozenset({T.DECIMAL, T.NUMBER}), WHOLE), None, _rounded),
    "floor": Function((NUMBER,), T.INTEGER, lambda args: f"cast(floor({args[0]}) as hugeint)"),
    "ceil": Function((NUMBER,), T.INTEGER, lambda args: f"cast(ceil({args[0]}) as hugeint)"),
    "upper": Function((TEXT,), T.TEXT, _call("upper")), "lower": Function((TEXT,), T.TEXT, _call("lower")),
    "trim": Function((TEXT,), T.TEXT, lambda args: trimmed(args[0])),
    "length": Function((TEXT,), T.INTEGER, lambda args: f"cast(length({args[0]}) as hugeint)"),
    "concat": Function((TEXT,), T.TEXT, _call("concat"), least=2, most=50),
    "slice": Function((TEXT, WHOLE, WHOLE), T.TEXT, _sliced, least=2),
    "substitute": Function((TEXT, TEXT, TEXT), T.TEXT, _call("replace")),
    "extract": Function((TEXT, TEXT), T.TEXT, lambda args: f"nullif(regexp_extract({args[0]}, {args[1]}), '')"),
    "pad": Function((TEXT, WHOLE, TEXT), T.TEXT, _padded),
    "year": _part("year", DAY), "month": _part("month", DAY), "day": _part("day", DAY),
    "hour": _part("hour", CLOCK), "minute": _part("minute", CLOCK), "second": _part("second", CLOCK),
    "weekday": _part("isodow", DAY),
    "date": Function((DAY,), T.DATE, lambda args: f"cast({args[0]} as date)"),
    "add_days": Function((frozenset({T.DATE}), WHOLE), T.DATE, lambda args: f"({args[0]} + cast({args[1]} as integer))"),
    "days_between": Function(
        (frozenset({T.DATE}), frozenset({T.DATE})), T.INTEGER,
        lambda args: f"cast(date_diff('day', {args[0]}, {args[1]}) as hugeint)",
    ),
    "if": Function((FLAG, ANY, ANY), None, _if, alike=1),
    "coalesce": Function((ANY, ANY), None, _call("coalesce"), most=50, alike=0),
    "text": Function((ANY,), T.TEXT, lambda args: args[0]),
}  # fmt: skip

FIXED = {"round": 1, "matches": 1, "extract": 1, "pad": 1, "slice": 1}
"""From this argument on only values are taken: places, sizes and patterns are the same in every row."""
