"""Table Schema read as rules and written from them; nothing of either side is lost without a note."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from pydantic import TypeAdapter, ValidationError

from headway.rules.errors import TableSchemaUnusable
from headway.rules.schemas import MOST_RULES, Rule
from headway.rules.table_schema.reading import read_table_schema
from headway.rules.table_schema.schemas import TableSchema
from headway.rules.table_schema.writing import write_table_schema

RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])
COUNTRIES = uuid4()


def read(schema: dict[str, Any], **references: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rules, and where there are notes."""
    rules, notes = read_table_schema(TableSchema.model_validate(schema), references)
    return RULES.dump_python(rules, mode="json", exclude_none=True), [note.pointer for note in notes]


def of_field(**members: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what becomes of a field, beside one that makes a rule in any case."""
    sure = {"name": "sure", "type": "any", "constraints": {"required": True}}
    rules, notes = read({"fields": [{"name": "a", **members}, sure]})
    return rules[:-1], notes


def write(*rules: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    schema, notes = write_table_schema(RULES.validate_python(rules))
    return schema, [note.pointer for note in notes]


def test_a_schema_as_people_have_it_becomes_rules() -> None:
    schema = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "primaryKey": "id",
        "missingValues": [""],
        "foreignKeys": [{"fields": "country", "reference": {"resource": "countries", "fields": "code"}}],
        "fields": [
            {"name": "id", "type": "integer", "title": "Number"},
            {"name": "country", "constraints": {"pattern": "[A-Z]{2}", "minLength": 2, "maxLength": 2}},
            {"name": "amount", "type": "number", "constraints": {"minimum": "0.00", "exclusiveMaximum": 1000}},
            {"name": "state", "constraints": {"required": True, "enum": ["new", "paid"]}},
            {"name": "key", "format": "uuid", "constraints": {"unique": True}},
            {"name": "month", "type": "yearmonth"},
        ],
    }
    assert read(schema, countries=COUNTRIES) == (
        [
            {"rule": "type", "column": "id", "type": "integer"},
            {"rule": "length", "column": "country", "min": 2, "max": 2},
            {"rule": "pattern", "column": "country", "pattern": "[A-Z]{2}"},
            {"rule": "type", "column": "amount", "type": "number"},
            {"rule": "range", "column": "amount", "min": "0.00", "below": 1000},
            {"rule": "required", "column": "state"},
            {"rule": "one_of", "column": "state", "values": ["new", "paid"]},
            {"rule": "type", "column": "key", "type": "uuid"},
            {"rule": "unique", "columns": ["key"]},
            {"rule": "pattern", "column": "month", "pattern": "[0-9]{4}-(0[1-9]|1[0-2])"},
            {"rule": "required", "column": "id"},
            {"rule": "unique", "columns": ["id"]},
            {"rule": "reference", "column": "country", "dataset": str(COUNTRIES), "to": "code"},
        ],
        [],
    )


@pytest.mark.parametrize(
    ("members", "rules", "notes"),
    [
        ({"type": "geopoint"}, [], ["/fields/0/type"]),
        ({"type": "array"}, [{"rule": "type", "column": "a", "type": "json"}], ["/fields/0/type"]),
        ({"type": "date", "format": "%d/%m/%Y"}, [{"rule": "type", "column": "a", "type": "date"}], ["/fields/0/format"]),
        ({"type": "boolean", "trueValues": ["yes"]}, [{"rule": "type", "column": "a", "type": "boolean"}], ["/fields/0/trueValues"]),
        ({"format": "email"}, [], ["/fields/0/format"]),
        ({"constraints": {"required": "yes", "unique": False}}, [], ["/fields/0/constraints/required"]),
        ({"constraints": {"jsonSchema": {}}}, [], ["/fields/0/constraints/jsonSchema"]),
        ({"constraints": {"minimum": [1]}}, [], ["/fields/0/constraints"]),
        ({"constraints": {"enum": []}}, [], ["/fields/0/constraints/enum"]),
        ({"constraints": {"enum": "abc"}}, [], ["/fields/0/constraints/enum"]),
        ({"constraints": {"enum": [True, False]}}, [{"rule": "one_of", "column": "a", "values": ["true", "false"]}], []),
        ({"type": "list", "constraints": {"minLength": 1}}, [{"rule": "type", "column": "a", "type": "json"}], ["/fields/0/type", "/fields/0/constraints"]),
    ],
)  # fmt: skip
def test_what_no_rule_checks_is_told(members: dict[str, Any], rules: list[dict[str, Any]], notes: list[str]) -> None:
    assert of_field(**members) == (rules, notes)


def test_what_concerns_the_whole_table_is_told_too() -> None:
    def key(fields: Any, resource: str, others: Any) -> dict[str, Any]:
        return {"fields": fields, "reference": {"resource": resource, "fields": others}}

    _, notes = read(
        {
            "fields": [{"name": "id", "type": "integer"}],
            "missingValues": ["", "-"],
            "fieldsMatch": "equal",
            "foreignKeys": [
                key("id", "unknown", "id"),
                key("id", "", "id"),
                key(["a", "b"], str(COUNTRIES), ["c", "d"]),
            ],
        }
    )
    assert notes == ["/foreignKeys/0", "/foreignKeys/1", "/foreignKeys/2", "/missingValues", "/fieldsMatch"]


def test_a_schema_that_makes_no_rule_set_is_refused() -> None:
    with pytest.raises(TableSchemaUnusable):
        read({"fields": [{"name": "a"}]})
    with pytest.raises(TableSchemaUnusable):
        read({"fields": [{"name": str(number), "type": "date"} for number in range(MOST_RULES + 1)]})
    with pytest.raises(ValidationError):
        read({"fields": []})


def test_rules_become_a_schema_and_come_back_as_they_were() -> None:
    rules = [
        {"rule": "type", "column": "id", "type": "integer"},
        {"rule": "required", "column": "id"},
        {"rule": "unique", "columns": ["id"]},
        {"rule": "length", "column": "name", "max": 10},
        {"rule": "pattern", "column": "name", "pattern": "[a-z]+"},
        {"rule": "range", "column": "day", "min": "2024-01-01"},
        {"rule": "one_of", "column": "state", "values": ["a", 1]},
        {"rule": "unique", "columns": ["id", "name"]},
        {"rule": "reference", "column": "state", "dataset": str(COUNTRIES), "to": "code"},
    ]
    schema, notes = write(*rules)
    assert (schema["fieldsMatch"], notes) == ("subset", [])
    assert [(field["name"], field["type"]) for field in schema["fields"]] == [
        ("id", "integer"), ("name", "string"), ("day", "date"), ("state", "any"),
    ]  # fmt: skip
    back, notes = read(schema)
    # A bound of dates is one of a field of dates there.
    assert [rule for rule in back if rule not in rules] == [{"rule": "type", "column": "day", "type": "date"}]
    assert [rule for rule in rules if rule not in back] == []
    assert notes == []


def test_rules_that_a_schema_cannot_ask_are_told() -> None:
    schema, notes = write(
        {"rule": "pattern", "column": "a", "pattern": "x"},
        {"rule": "pattern", "column": "a", "pattern": "y"},
        {"rule": "type", "column": "a", "type": "date"},
        {"rule": "type", "column": "a", "type": "time"},
        {"rule": "type", "column": "b", "type": "timestamp_tz"},
        {"rule": "date_order", "earlier": "a", "later": "b"},
    )
    assert notes == ["/rules/1", "/rules/3", "/rules/4", "/rules/5"]
    assert schema["fields"] == [
        {"name": "a", "type": "date", "constraints": {"pattern": "x"}},
        {"name": "b", "type": "datetime"},
    ]


@pytest.mark.parametrize(
    ("bound", "kind"),
    [(1, "number"), ("0.10", "number"), ("2024-01-01", "date"), ("10:00", "time"), ("2024-01-01T10:00", "datetime"), ("x", "any")],
)  # fmt: skip
def test_bounds_say_the_type_that_a_field_needs(bound: Any, kind: str) -> None:
    [field] = write({"rule": "range", "column": "a", "max": bound})[0]["fields"]
    assert (field["type"], field["constraints"]) == (kind, {"maximum": bound})
