"""What a broken rule is called, in words for the owner of the rows."""

from __future__ import annotations

from headway.plurals import counted
from headway.rules.schemas import (
    DateOrder,
    OfType,
    OneOf,
    Pattern,
    Range,
    Reference,
    Required,
    Rule,
    TextLength,
    Unique,
    columns_of,
)
from headway.validations.checking.conditions import Check

SHOWN_VALUES = 5


def message_of(check: Check, count: int) -> str:
    """Return `12 values in “a” are …`."""
    names = " and ".join(f"“{name}”" for name in columns_of(check.rule))
    many = count != 1
    match check.rule:
        case Required():
            return f"{counted(count, 'row')} {'have' if many else 'has'} nothing in {names}"
        case Unique():
            return f"{counted(count, 'row')} {'repeat' if many else 'repeats'} what an earlier one has in {names}"
        case DateOrder(strict=strict):
            said = "not after" if strict else "before"
            first, last = f"“{check.rule.later}”", f"“{check.rule.earlier}”"
            return f"In {counted(count, 'row')} {first} is {said} {last}"
        case _:
            return f"{counted(count, 'value')} in {names} {'are' if many else 'is'} {_wrong(check.rule)}"


def _wrong(rule: Rule) -> str:
    match rule:
        case OfType():
            return f"not of type {rule.type}"
        case Range():
            return "not " + " and ".join(_bounds(rule))
        case TextLength():
            pair = (("at least", rule.min), ("at most", rule.max))
            bounds = [f"{word} {counted(value, 'character')} long" for word, value in pair if value is not None]
            return "not " + " and ".join(bounds)
        case Pattern():
            return f"not like the pattern {rule.pattern}"
        case OneOf():
            some = ", ".join(str(value) for value in rule.values[:SHOWN_VALUES])
            more = f" and {len(rule.values) - SHOWN_VALUES:,} more" if len(rule.values) > SHOWN_VALUES else ""
            return f"none of {some}{more}"
        case Reference():
            return f"not in the column “{rule.to}” that the rule refers to"
    raise AssertionError(rule)


def _bounds(rule: Range) -> list[str]:
    words = (("at least", rule.min), ("at most", rule.max), ("more than", rule.above), ("less than", rule.below))
    return [f"{word} {value}" for word, value in words if value is not None]
