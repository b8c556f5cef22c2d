"""What an export may be asked to be, and what its job is told."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from headway.datasets.filters import MAX_FILTERS, MAX_SORTS
from headway.datasets.naming import ColumnName, different
from headway.kit.text import PlainText

Format = Literal["csv", "ndjson", "json", "xlsx", "parquet"]
Encoding = Literal[
    "utf-8", "utf-16", "windows-1250", "windows-1251", "windows-1252", "iso-8859-15", "shift_jis", "gb18030"
]
MARKED = frozenset({"utf-8", "utf-16"})
"""Encodings that know a mark at the beginning."""

OF_CSV = ("delimiter", "encoding", "bom", "formulas", "unencodable")
MOST_COLUMNS = 20_000
MOST_SHEET_COLUMNS = 16_384
"""What a sheet of a workbook holds."""

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "ndjson": "application/x-ndjson",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


class ExportRequest(BaseModel):
    """One file of a dataset. Columns, `sort`, `filter` and `q` are as for its rows; the rest is about the file."""

    model_config = ConfigDict(extra="forbid")

    format: Format
    columns: Annotated[list[ColumnName], AfterValidator(different)] | None = Field(
        default=None, min_length=1, max_length=MOST_COLUMNS, description="In this order. Default: all."
    )
    sort: list[ColumnName] = Field(default=[], max_length=MAX_SORTS, description="Column, or -column for descending.")
    filter: list[ColumnName] = Field(
        default=[], max_length=MAX_FILTERS, description="column:operator:value; all of them must hold."
    )
    q: Annotated[PlainText, StringConstraints(max_length=200)] | None = Field(
        default=None, description="Found in any column, ignoring case."
    )
    values: Literal["typed", "written"] | None = Field(
        default=None,
        description="`written`: every cell as it stands in the imported file, as text. Default: `written` for CSV, `typed`"
        " for all others.",
    )
    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="Default: the current one.")
    delimiter: Literal[",", ";", "\t", "|"] = Field(default=",", description="Of CSV.")
    encoding: Encoding = Field(default="utf-8", description="Of CSV.")
    bom: bool = Field(default=False, description="Of CSV: begin with a mark that tells UTF-8 to spreadsheet programs.")
    formulas: Literal["keep", "escape"] = Field(
        default="keep",
        description="Of CSV. `escape` puts an apostrophe before text that a spreadsheet program would take for a formula.",
    )
    unencodable: Literal["fail", "replace"] = Field(
        default="fail", description="Of CSV: what becomes of characters that the encoding does not have."
    )

    @model_validator(mode="after")
    def _fits_its_format(self) -> Self:
        others = sorted(self.model_fields_set & set(OF_CSV))
        if self.format != "csv" and others:
            raise ValueError(f"{', '.join(others)}: only for csv")
        if self.bom and self.encoding not in MARKED:
            raise ValueError(f"bom: {self.encoding} knows no mark")
        return self

    @property
    def is_written(self) -> bool:
        return (self.values or ("written" if self.format == "csv" else "typed")) == "written"


class ExportOrder(BaseModel):
    """The parameters of an export's job: the request, for one version of one dataset."""

    model_config = ConfigDict(extra="forbid")

    dataset_id: UUID
    version: int
    name: str
    request: ExportRequest
