"""What a caller may ask of an import."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from headway.datasets.columns import ColumnType
from headway.intake.parsing import ParseOptions
from headway.intake.upload_errors import ImportOptionsInvalid

Name = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]


class ImportOptions(BaseModel):
    """How to import a file. Everything that is left out is found out, and the dataset says how."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = Field(default=None, description="Name of the dataset. Default: the file's name.")
    duplicate: Literal["link", "import"] = Field(
        default="link", description="`link`: a file that you imported before leads to its dataset. `import`: again."
    )
    format: Literal["delimited", "xlsx", "xls", "json", "ndjson", "parquet", "arrow"] | None = None
    encoding: Annotated[str, StringConstraints(max_length=40)] | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = None
    header: bool | None = Field(default=None, description="Whether the first row holds the column names.")
    sheet: Name | None = None
    types: dict[str, ColumnType] = Field(default_factory=dict, max_length=5000)

    def parse_options(self) -> ParseOptions:
        return ParseOptions(
            format=self.format,
            encoding=self.encoding,
            delimiter=self.delimiter,
            header=self.header,
            sheet=self.sheet,
            types={name: str(kind) for name, kind in self.types.items()},
        )


def read_options(text: str | bytes | None) -> ImportOptions:
    """Return the options in a JSON text, the default ones for none, or raise `ImportOptionsInvalid`."""
    if not text or not text.strip():
        return ImportOptions()
    try:
        return ImportOptions.model_validate_json(text)
    except ValidationError as error:
        faults = [
            {"pointer": "/options/" + "/".join(str(part) for part in fault["loc"]), "message": fault["msg"]}
            for fault in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise ImportOptionsInvalid("; ".join(fault["message"] for fault in faults[:5]), errors=faults) from None


class Limits(BaseModel):
    """What this service accepts."""

    max_upload_bytes: int
    max_user_bytes: int
    used_bytes: int
    formats: list[str]
