"""What recipes, their runs and looks at them are asked to be, and look like from outside."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from headway.datasets.columns import ColumnType
from headway.datasets.schemas import SourceResponse
from headway.kit.text import PlainText
from headway.recipes.steps import AnyStep, Steps, written_steps

MOST_BYTES = 32 * 1024


def _small(steps: list[AnyStep]) -> list[AnyStep]:
    if len(json.dumps(written_steps(steps), ensure_ascii=False).encode()) > MOST_BYTES:
        raise ValueError(f"the steps of a recipe have at most {MOST_BYTES:,} bytes")
    return steps


SmallSteps = Annotated[Steps, AfterValidator(_small)]
RecipeName = Annotated[PlainText, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class SaveRecipe(BaseModel):
    """A recipe to keep. `GET /recipes/schema` has the schema of its steps by itself."""

    model_config = ConfigDict(extra="forbid")

    name: RecipeName
    steps: SmallSteps


class ChangeRecipe(BaseModel):
    """Another name, or other steps, which make a new version."""

    model_config = ConfigDict(extra="forbid")

    name: RecipeName | None = None
    steps: SmallSteps | None = None


class RecipeResponse(BaseModel):
    id: UUID
    name: str
    version: int
    steps: list[dict[str, Any]]
    created_at: datetime
    updated_at: datetime


class RunOptions(BaseModel):
    """Where the result goes. With `apply` false a new version is prepared, to be looked at and applied as a change."""

    model_config = ConfigDict(extra="forbid")

    into: Literal["version", "dataset"] = "version"
    name: RecipeName | None = Field(default=None, description="Of the new dataset.")
    apply: bool = True

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.into == "version" and self.name is not None:
            raise ValueError("name: only for a new dataset")
        if self.into == "dataset" and not self.apply:
            raise ValueError("apply: only for a new version")
        return self


class RunSteps(RunOptions):
    """Steps to run once."""

    steps: SmallSteps
    recipe: RecipeName | None = Field(default=None, description="What the lineage calls them.")


class RunRecipe(RunOptions):
    """A kept recipe to run."""

    recipe_version: Number | None = Field(default=None, description="Default: the current one.")


class LookAtSteps(BaseModel):
    model_config = ConfigDict(extra="forbid")

    steps: Annotated[list[AnyStep], Field(max_length=50), AfterValidator(_small)]
    version: Number | None = None


class FindingResponse(BaseModel):
    """Something that the rows say about a step. What `blocks` fails a run unless the step accepts it."""

    step: int
    kind: str
    code: str
    column: str | None
    message: str
    count: int
    of: int
    blocks: bool
    samples: list[dict[str, Any]]


class LookedColumn(BaseModel):
    name: str
    type: ColumnType


class LookedStep(BaseModel):
    """A step, and what it does to the rows that were looked at."""

    number: int
    step: str
    rows_before: int
    rows_after: int
    columns: list[LookedColumn] = Field(description="What it leaves, at most the first 200.")
    columns_left_out: int
    findings: list[FindingResponse]


class LookResponse(BaseModel):
    """What a recipe makes of some rows. `problem` names the first step that cannot be made; rows are those before it."""

    is_sample: bool
    message: str
    rows_read: int
    rows_total: int
    rows_after: int
    problem: dict[str, Any] | None
    findings: list[FindingResponse] = Field(description="Of all steps, those that block first.")
    steps: list[LookedStep]
    columns: list[LookedColumn]
    columns_left_out: int
    rows: list[list[Any]]


class NamedRecipe(BaseModel):
    """A kept recipe at one of its versions; steps that were run once have none."""

    id: UUID | None = None
    version: int | None = None
    name: str


class Input(BaseModel):
    """A version of a dataset that went into another one. `step` is the join that brought it."""

    dataset_id: UUID
    version: int
    name: str
    step: int | None = None


class RecipeOrder(BaseModel):
    """The parameters of a run's job: the steps, for one version of one dataset."""

    model_config = ConfigDict(extra="forbid")

    into: Literal["version", "dataset"]
    name: str
    apply: bool
    import_id: UUID
    recipe: NamedRecipe
    steps: list[dict[str, Any]]
    inputs: list[Input]


class LineageStep(BaseModel):
    """A file, or a recipe, in the order in which they made the version."""

    action: str
    file: SourceResponse | None = Field(description="Of a file that came in.")
    recipe: NamedRecipe | None
    steps: list[dict[str, Any]] = Field(description="Of the recipe, as it was run.")
    inputs: list[Input] = Field(description="What the recipe was run on, the dataset itself first.")
    findings: list[FindingResponse] = Field(description="What was told and accepted.")


class LineageResponse(BaseModel):
    dataset_id: UUID
    version: int
    items: list[LineageStep]
