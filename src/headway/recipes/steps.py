"""The steps that a recipe can have, as JSON. A step that is not here does not exist, and nothing in one is SQL."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, TypeAdapter, model_validator

from headway.datasets.naming import LONGEST_NAME, different
from headway.recipes.expressions import Expression, bounded
from headway.recipes.terms import MOST_NAMED, MOST_STEPS, Closed, Name, Pattern, Text, TypeName

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"

Names = Annotated[list[Name], Field(min_length=1, max_length=MOST_NAMED), AfterValidator(different)]
Bounded = Annotated[Expression, AfterValidator(bounded)]
AcceptLoss = Annotated[
    bool, Field(description="Go on where values become empty. Otherwise that is told, and nothing is changed.")
]


class Select(Closed):
    """Keep these columns, in this order; with `keep` false, all others."""

    step: Literal["select"]
    columns: Names
    keep: bool = True


class Rename(Closed):
    step: Literal["rename"]
    columns: dict[Name, Name] = Field(min_length=1, max_length=MOST_NAMED, description="From old to new names.")


class Cast(Closed):
    """Read a column as another type. What is written in its cells is kept where it would print otherwise."""

    step: Literal["cast"]
    column: Name
    to: TypeName
    format: Annotated[Text, Field(max_length=100)] | None = Field(
        default=None,
        description="How the text is written: an example with the marks (`1.234,5`), a layout (`DD.MM.YYYY`), two words"
        " (`yes/no`).",
    )
    accept_loss: AcceptLoss = False


class Filter(Closed):
    """Keep the rows of which the condition is true."""

    step: Literal["filter"]
    where: Bounded


class Derive(Closed):
    """Compute a column. One of that name is replaced where it stands."""

    step: Literal["derive"]
    column: Name
    value: Bounded
    accept_loss: AcceptLoss = False


class Split(Closed):
    """Split text at a separator. The last new column takes all that is left; what there is too little of is empty."""

    step: Literal["split"]
    column: Name
    by: Annotated[Text, Field(min_length=1, max_length=100)]
    into: Names
    keep: bool = Field(default=False, description="Keep the column that is split.")


class Merge(Closed):
    """Join what is written in several columns. Empty cells are left out."""

    step: Literal["merge"]
    columns: Names
    into: Name
    between: Text = Field(default=" ", alias="with")
    keep: bool = Field(default=False, description="Keep the columns that are merged.")


class Trim(Closed):
    """Take blanks away from both ends of text; with `inner`, also all but one of several within it."""

    step: Literal["trim"]
    columns: Names
    inner: bool = False


class Case(Closed):
    step: Literal["case"]
    columns: Names
    to: Literal["upper", "lower", "capital"] = Field(description="`capital`: the first letter large, the others small.")


class Fill(Closed):
    """Fill empty cells: with a value, or with the next one above or below."""

    step: Literal["fill"]
    columns: Names
    value: Text | None = Field(default=None, description="As the column's type writes it.")
    direction: Literal["above", "below"] | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.value is None) == (self.direction is None):
            raise ValueError("fill takes one of value and from")
        return self


class Replace(Closed):
    """Put other text into the place of some. Without `with` the cell, or the part, becomes empty."""

    step: Literal["replace"]
    columns: Names
    find: Pattern
    by: Text | None = Field(default=None, alias="with")
    match: Literal["cell", "part", "pattern"] = Field(
        default="cell", description="The whole cell, each place where the text stands, or each that a pattern fits."
    )
    accept_loss: AcceptLoss = False


class Deduplicate(Closed):
    """Keep one row of those that are the same in some columns, or in all of them."""

    step: Literal["deduplicate"]
    columns: Names | None = None
    keep: Literal["first", "last"] = "first"


class Join(Closed):
    """Add columns of another dataset, of the row whose key is the same."""

    step: Literal["join"]
    dataset_id: UUID
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="Default: the current one.")
    on: dict[Name, Name] = Field(min_length=1, max_length=10, description="From columns here to columns there.")
    columns: dict[Name, Name] | None = Field(
        default=None, max_length=MOST_NAMED,
        description="From columns there to their names here. Default: all but the keys, under their names.",
    )  # fmt: skip
    rows: Literal["all", "matching"] = Field(default="all", description="Whether rows without a match are kept.")
    several: Literal["refuse", "repeat"] = Field(
        default="refuse", description="What becomes of a row that several rows there match."
    )


class Aggregation(Closed):
    """`column` may be left out for `count`, which then counts rows."""

    function: Literal["count", "count_distinct", "sum", "mean", "min", "max"]
    column: Name | None = None
    into: Name

    @model_validator(mode="after")
    def _of_something(self) -> Self:
        if self.column is None and self.function != "count":
            raise ValueError(f"{self.function} takes a column")
        return self


class Aggregate(Closed):
    """One row for each group of rows that are the same in some columns, or one for all, in the order of the groups."""

    step: Literal["aggregate"]
    by: Annotated[list[Name], Field(max_length=100), AfterValidator(different)] = Field(default_factory=list)
    values: list[Aggregation] = Field(min_length=1, max_length=500)


class SortKey(Closed):
    column: Name
    descending: bool = False


class Sort(Closed):
    """Put rows in order. Empty cells come last, and rows that are equal stay as they were."""

    step: Literal["sort"]
    by: list[SortKey] = Field(min_length=1, max_length=10)


class Sample(Closed):
    """Keep some rows, chosen by chance; the same ones each time, unless `seed` is another one."""

    step: Literal["sample"]
    rows: int = Field(ge=1, le=10**12)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


AnyStep = (
    Select | Rename | Cast | Filter | Derive | Split | Merge | Trim | Case | Fill | Replace | Deduplicate | Join
    | Aggregate | Sort | Sample
)  # fmt: skip
Step = Annotated[AnyStep, Field(discriminator="step")]
Steps = Annotated[list[Step], Field(min_length=1, max_length=MOST_STEPS)]

STEPS: TypeAdapter[list[AnyStep]] = TypeAdapter(Steps)
ANY_STEPS: TypeAdapter[list[AnyStep]] = TypeAdapter(list[Step])


def read_steps(value: Any) -> list[AnyStep]:
    """Return steps from JSON, also none. What came from outside was checked when it came."""
    return ANY_STEPS.validate_python(value)


def written_steps(steps: list[AnyStep]) -> list[dict[str, Any]]:
    """Return steps as JSON, without what goes without saying."""
    return [step.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"step": step.step} for step in steps]


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of a recipe's steps."""
    schema = STEPS.json_schema(by_alias=True)
    said = f"A list of steps, at most {MOST_STEPS}. Names of columns have at most {LONGEST_NAME:,} characters."
    return {"$schema": SCHEMA_ID, "title": "Steps of a Headway recipe", "description": said, **schema}
