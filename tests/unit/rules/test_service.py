"""Rule sets: kept under a name, in versions, for their owner alone, and only if their patterns can be used."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from headway.kit.db import Database
from headway.rules import service
from headway.rules.errors import (
    PatternInvalid,
    PatternTooCostly,
    RuleSetNameTaken,
    RuleSetNotFound,
    RuleSetVersionNotFound,
    RulesTooLarge,
    TooManyRuleSets,
)
from headway.rules.schemas import ChangeRuleSet, RuleSetBody
from headway.rules.service import RuleSetService
from tests.support.clock import FakeClock

ANN, BEN = "ann", "ben"


@pytest.fixture
def rule_sets(database: Database, clock: FakeClock) -> RuleSetService:
    return RuleSetService(database, clock)


def body(name: str = "orders", *rules: dict[str, Any]) -> RuleSetBody:
    return RuleSetBody.model_validate({"name": name, "rules": rules or [{"rule": "required", "column": "id"}]})


def pattern(text: str) -> dict[str, Any]:
    return {"rule": "pattern", "column": "a", "pattern": text}


async def test_other_rules_are_a_new_version_and_the_old_one_stays(
    rule_sets: RuleSetService, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await rule_sets.create(ANN, body())
    named = await rule_sets.change(ANN, first.id, ChangeRuleSet(name="all orders"))
    same = await rule_sets.change(ANN, first.id, ChangeRuleSet(rules=first.rules))
    other = await rule_sets.change(ANN, first.id, ChangeRuleSet(rules=body("x", pattern("x+")).rules))
    assert (first.version, named.version, same.version, other.version) == (1, 1, 1, 2)
    assert (await rule_sets.get(ANN, "all orders")).rules == other.rules
    assert (await rule_sets.get(ANN, first.id, 1)).rules == first.rules
    monkeypatch.setattr(service, "MOST_VERSIONS", 1)
    await rule_sets.change(ANN, first.id, ChangeRuleSet(rules=first.rules))
    with pytest.raises(RuleSetVersionNotFound):
        await rule_sets.get(ANN, first.id, 2)
    assert (await rule_sets.get(ANN, first.id, 3)).rule_count == 1


async def test_they_are_their_owners_alone(rule_sets: RuleSetService) -> None:
    hers = await rule_sets.create(ANN, body())
    his = await rule_sets.create(BEN, body())
    for ref in (hers.id, str(hers.id), "nothing", uuid4()):
        with pytest.raises(RuleSetNotFound):
            await rule_sets.get(BEN, ref)
    with pytest.raises(RuleSetNotFound):
        await rule_sets.change(BEN, hers.id, ChangeRuleSet(name="mine"))
    with pytest.raises(RuleSetNotFound):
        await rule_sets.delete(BEN, hers.id)
    assert [each.id for each in (await rule_sets.list_rule_sets(BEN, limit=10, cursor=None)).items] == [his.id]
    await rule_sets.delete(ANN, hers.id)
    assert (await rule_sets.list_rule_sets(ANN, limit=10, cursor=None)).items == []


async def test_a_list_has_pages(rule_sets: RuleSetService, clock: FakeClock) -> None:
    for name in "abc":
        await rule_sets.create(ANN, body(name))
        clock.advance(1)
    page = await rule_sets.list_rule_sets(ANN, limit=2, cursor=None)
    rest = await rule_sets.list_rule_sets(ANN, limit=2, cursor=page.next_cursor)
    assert ([each.name for each in (*page.items, *rest.items)], rest.next_cursor) == (["c", "b", "a"], None)


async def test_a_name_is_had_once_and_there_are_limits(
    rule_sets: RuleSetService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rule_sets.create(ANN, body("a"))
    other = await rule_sets.create(ANN, body("b"))
    with pytest.raises(RuleSetNameTaken):
        await rule_sets.create(ANN, body("a"))
    with pytest.raises(RuleSetNameTaken):
        await rule_sets.change(ANN, other.id, ChangeRuleSet(name="a"))
    many = {"rule": "one_of", "column": "a", "values": ["x" * 1000] * 1000}
    with pytest.raises(RulesTooLarge):
        await rule_sets.create(ANN, body("c", many))
    monkeypatch.setattr(service, "MOST_SETS", 2)
    with pytest.raises(TooManyRuleSets):
        await rule_sets.create(ANN, body("c"))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("(", PatternInvalid),
        ("(?=a)b", PatternInvalid),
        (r"(a)\1", PatternInvalid),
        ("a{1001}", PatternTooCostly),
        ("((a{30}){30}){30}", PatternTooCostly),
        (r"\p{L}{1000}", PatternTooCostly),
    ],
)
async def test_patterns_that_cannot_be_used_are_refused_with_their_place(
    rule_sets: RuleSetService, text: str, error: type[PatternInvalid]
) -> None:
    with pytest.raises(error) as refused:
        await rule_sets.create(ANN, body("x", pattern("it's a+"), pattern(text)))
    assert (refused.value.data["pointer"], refused.value.data["pattern"]) == ("/rules/1/pattern", text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rule": "range", "column": "a"},
        {"rule": "length", "column": "a"},
        {"rule": "length", "column": "a", "min": -1},
        {"rule": "range", "column": "a", "min": True},
        {"rule": "unique", "columns": []},
        {"rule": "unique", "columns": ["a", "a"]},
        {"rule": "one_of", "column": "a", "values": []},
        {"rule": "pattern", "column": "a", "pattern": "\x00"},
        {"rule": "no_such", "column": "a"},
        {"rule": "required", "column": "a", "more": 1},
    ],
)
def test_a_rule_says_what_it_must_and_nothing_else(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        body("x", wrong)
