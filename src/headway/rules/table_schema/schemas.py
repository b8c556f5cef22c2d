"""Table Schema as it is sent and shown: version 1, and what version 2 adds to it.

Sources: https://specs.frictionlessdata.io/table-schema/ and https://datapackage.org/standard/table-schema/.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from headway.datasets.naming import ColumnName
from headway.kit.text import PlainText
from headway.rules.schemas import Name, RuleSetResponse

PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
MOST_FIELDS = 5000

Names = Annotated[list[ColumnName], Field(min_length=1, max_length=16)]
Word = Annotated[PlainText, StringConstraints(max_length=1000)]


class SchemaField(BaseModel):
    """A column. What is not among these members is kept to be told of."""

    model_config = ConfigDict(extra="allow")

    name: ColumnName
    type: Word = "string"
    format: Word = "default"
    constraints: dict[str, Any] = Field(default_factory=dict)


class KeyReference(BaseModel):
    """Where the values of a foreign key stand. An empty resource is the table itself."""

    model_config = ConfigDict(extra="allow")

    resource: Word = ""
    fields: ColumnName | Names


class ForeignKey(BaseModel):
    model_config = ConfigDict(extra="allow")

    fields: ColumnName | Names
    reference: KeyReference


class TableSchema(BaseModel):
    """A Table Schema, version 1 or 2."""

    model_config = ConfigDict(extra="allow")

    fields: list[SchemaField] = Field(min_length=1, max_length=MOST_FIELDS)
    primaryKey: ColumnName | Names | None = None  # noqa: N815 - the standard's names, as those below
    uniqueKeys: list[Names] = Field(default_factory=list, max_length=100)  # noqa: N815
    foreignKeys: list[ForeignKey] = Field(default_factory=list, max_length=100)  # noqa: N815


class Note(BaseModel):
    """Something that has no equal on the other side, and is therefore not there."""

    pointer: str = Field(description="Where it stands: in the Table Schema that was sent, or in the rule set.")
    message: str


class TableSchemaBody(BaseModel):
    """A rule set to be, as a Table Schema."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    table_schema: TableSchema
    references: dict[Word, UUID] = Field(
        default_factory=dict,
        max_length=100,
        description="Your datasets, by the names of the resources that stand for them.",
    )


class ReadTableSchema(BaseModel):
    """The rule set that was made, and what of the Table Schema it does not check."""

    rule_set: RuleSetResponse
    notes: list[Note]


class WrittenTableSchema(BaseModel):
    """Rules as a Table Schema, and those that are not in it."""

    table_schema: dict[str, Any]
    notes: list[Note]
