"""A Table Schema as rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from headway.kit.text import is_uuid
from headway.rules.errors import TableSchemaUnusable
from headway.rules.schemas import MOST_RULES, Rule
from headway.rules.table_schema.schemas import ForeignKey, Note, SchemaField, TableSchema

TYPES = {
    "integer": "integer",
    "year": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "timestamp",
    "object": "json",
    "array": "json",
    "list": "json",
    "geojson": "json",
}
"""Types of fields that a rule checks, with the rule's word for it."""

ANYTHING = frozenset({"string", "any"})
DESCRIBING = frozenset({"title", "description", "example", "rdfType", "categories", "categoriesOrdered"})
"""Members that say what a field is about, and ask nothing of its cells."""

YEAR_MONTH = "[0-9]{4}-(0[1-9]|1[0-2])"
BOUNDS = {"minimum": "min", "maximum": "max", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}
LENGTHS = {"minLength": "min", "maxLength": "max"}

_RULE: TypeAdapter[Rule] = TypeAdapter(Rule)


def read_table_schema(schema: TableSchema, references: Mapping[str, UUID]) -> tuple[list[Rule], list[Note]]:
    """Return the rules that a Table Schema asks for, and a note on each part of it that asks for more.

    `references` are datasets by the names of resources. Raises `TableSchemaUnusable` if that makes no rule set.
    """
    reading = _Reading(references)
    for number, field in enumerate(schema.fields):
        reading.read_field(f"/fields/{number}", field)
    reading.read_keys(schema)
    reading.read_rest(schema)
    if not reading.rules:
        raise TableSchemaUnusable("It asks for nothing that Headway checks.", notes=len(reading.notes))
    if len(reading.rules) > MOST_RULES:
        raise TableSchemaUnusable(
            f"It asks for {len(reading.rules):,} rules; a rule set has at most {MOST_RULES}.", limit=MOST_RULES
        )
    return reading.rules, reading.notes


class _Reading:
    """One Table Schema being read."""

    def __init__(self, references: Mapping[str, UUID]) -> None:
        self._references = references
        self.rules: list[Rule] = []
        self.notes: list[Note] = []

    def read_field(self, pointer: str, field: SchemaField) -> None:
        self._read_type(pointer, field)
        place, asked = f"{pointer}/constraints", dict(field.constraints)
        self._read_bounds(place, field, asked)
        for name, value in asked.items():
            self._read_constraint(f"{place}/{name}", field.name, name, value)
        for name in field.model_extra or {}:
            if name not in DESCRIBING:
                self._note(f"{pointer}/{name}", "Cells are checked as Headway read them, whatever this says.")

    def read_keys(self, schema: TableSchema) -> None:
        if schema.primaryKey is not None:
            columns = _listed(schema.primaryKey)
            for column in columns:
                self._add("/primaryKey", rule="required", column=column)
            self._add("/primaryKey", rule="unique", columns=columns)
        for number, columns in enumerate(schema.uniqueKeys):
            self._add(f"/uniqueKeys/{number}", rule="unique", columns=columns)
        for number, key in enumerate(schema.foreignKeys):
            self._read_foreign_key(f"/foreignKeys/{number}", key)

    def read_rest(self, schema: TableSchema) -> None:
        """Tell of members that would change how cells are read."""
        harmless: dict[str, Callable[[Any], bool]] = {
            "missingValues": lambda value: value == [""],
            "fieldsMatch": lambda value: value == "subset",
        }
        for name, value in (schema.model_extra or {}).items():
            if name in DESCRIBING | {"$schema", "name"} or harmless.get(name, lambda _: False)(value):
                continue
            self._note(f"/{name}", "Rules say nothing of that; see the options of imports for how files are read.")

    # ------------------------------------------------------------------------------------------- parts

    def _read_type(self, pointer: str, field: SchemaField) -> None:
        if field.type == "yearmonth":
            self._add(f"{pointer}/type", rule="pattern", column=field.name, pattern=YEAR_MONTH)
        elif field.type == "string" and field.format == "uuid":
            self._add(f"{pointer}/format", rule="type", column=field.name, type="uuid")
            return
        elif (checked := TYPES.get(field.type)) is not None:
            self._add(f"{pointer}/type", rule="type", column=field.name, type=checked)
            if field.type not in {checked, "datetime"}:
                self._note(f"{pointer}/type", f"Checked as {checked} only.")
        elif field.type not in ANYTHING:
            self._note(f"{pointer}/type", f"No rule checks the type {field.type[:100]!r}.")
        if field.format != "default":
            self._note(f"{pointer}/format", f"The format {field.format[:100]!r} is not checked.")

    def _read_bounds(self, pointer: str, field: SchemaField, asked: dict[str, Any]) -> None:
        """Make one rule of both bounds, and take them out of what is asked."""
        for rule, words in (("range", BOUNDS), ("length", LENGTHS)):
            bounds = {ours: asked.pop(theirs) for theirs, ours in words.items() if theirs in asked}
            if bounds and rule == "length" and field.type not in ANYTHING:
                self._note(pointer, f"Lengths of {field.type[:100]} are not checked, only those of texts.")
            elif bounds:
                self._add(pointer, rule=rule, column=field.name, **bounds)

    def _read_constraint(self, pointer: str, column: str, name: str, value: Any) -> None:
        match name, value:
            case (("required" | "unique"), False):
                pass
            case "required", True:
                self._add(pointer, rule="required", column=column)
            case "unique", True:
                self._add(pointer, rule="unique", columns=[column])
            case "pattern", _:
                self._add(pointer, rule="pattern", column=column, pattern=value)
            case "enum", _:
                self._add(pointer, rule="one_of", column=column, values=_words(value))
            case _:
                self._note(pointer, "No rule checks that.")

    def _read_foreign_key(self, pointer: str, key: ForeignKey) -> None:
        columns, others = _listed(key.fields), _listed(key.reference.fields)
        dataset = str(self._references.get(key.reference.resource, key.reference.resource))
        if len(columns) > 1 or len(others) > 1:
            self._note(pointer, "A rule compares one column with one other, no combinations.")
        elif not is_uuid(dataset):
            what = f"resource {dataset[:100]!r}" if dataset else "table itself"
            self._note(pointer, f"Name in references the dataset that the {what} is.")
        else:
            self._add(pointer, rule="reference", column=columns[0], dataset=dataset, to=others[0])

    def _add(self, pointer: str, **rule: Any) -> None:
        """Add a rule once; what cannot be one is noted."""
        try:
            read = _RULE.validate_python(rule)
        except ValidationError as error:
            said = error.errors(include_url=False)[0]
            self._note(pointer, f"It cannot be a rule: {said['msg'].removeprefix('Value error, ')}.")
            return
        if read not in self.rules:
            self.rules.append(read)

    def _note(self, pointer: str, message: str) -> None:
        self.notes.append(Note(pointer=pointer, message=message))


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _words(values: Any) -> Any:
    """Return a list with truths as they are written in tables; what is no list as it is."""
    if not isinstance(values, list):
        return values
    return [str(value).lower() if isinstance(value, bool) else value for value in values]
