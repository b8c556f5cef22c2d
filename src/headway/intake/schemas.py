"""What a caller may ask of an import."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from headway.datasets.columns import ColumnType
from headway.datasets.schemas import ColumnResponse, DecisionResponse
from headway.intake.parsing import ParseOptions
from headway.intake.readings import is_format
from headway.intake.upload_errors import ImportOptionsInvalid
from headway.rules.schemas import RuleSetRef

Model = TypeVar("Model", bound=BaseModel)
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, strip_whitespace=True)]


def _on_a_line(text: str) -> str:
    if set(text) & {"\r", "\n"}:
        raise ValueError("a line break ends a row and can be nothing else")
    return text


def _of_one_byte(text: str) -> str:
    if not text.isascii():
        raise ValueError(f"{text!r} cannot be it: it is one of the letters and signs of ASCII")
    return text


Mark = Annotated[str, StringConstraints(max_length=1), AfterValidator(_on_a_line), AfterValidator(_of_one_byte)]


class ReadingOptions(BaseModel):
    """How to read a file. Everything that is left out is found out, and the dataset says how."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["delimited", "xlsx", "xlsb", "xls", "ods", "fods", "json", "ndjson", "parquet", "arrow"] | None = (
        None
    )
    encoding: Annotated[str, StringConstraints(max_length=40)] | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=8), AfterValidator(_on_a_line)] | None = None
    quote: Mark | None = Field(
        default=None, description="The mark around cells; an empty text means that there is none."
    )
    escape: Mark | None = Field(
        default=None, description='What makes the mark behind it text; `"` says that it is doubled.'
    )
    comment: Annotated[str, StringConstraints(max_length=4)] | None = Field(
        default=None, description="What lines begin with that are comments; an empty text means that there are none."
    )
    skip_lines: int | None = Field(default=None, ge=0, le=1000, description="Lines to leave out before the table.")
    header: bool | Literal["none", "one", "two"] | None = Field(
        default=None, description="Whether the first row holds the column names, or the first two do."
    )
    sheet: Name | None = Field(default=None, description="The sheet of a workbook to import, also a hidden one.")
    sheets: list[Name] = Field(
        default_factory=list, max_length=200, description="Several sheets to import, each as a dataset of its own."
    )
    member: Name | None = Field(default=None, description="The file of an archive to import.")
    members: list[Name] = Field(
        default_factory=list, max_length=1000, description="Several files of an archive, each as a dataset of its own."
    )
    parts: Literal["first", "all"] | None = Field(
        default=None,
        description="`all`: every visible sheet that holds something, and every table of an archive, each as a dataset"
        " of its own.",
    )
    unite: bool = Field(
        default=False,
        description="Files of an archive, all tables or those of `members`, become one dataset; its column"
        " `_source_file` says which file a row is from.",
    )
    json_path: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        default=None,
        description="Where the rows lie in a JSON document: keys joined by points, `data.items`; an empty text is the"
        " document itself.",
    )
    types: dict[str, ColumnType] = Field(default_factory=dict, max_length=5000)
    formats: dict[str, Annotated[str, StringConstraints(min_length=1, max_length=60)]] = Field(
        default_factory=dict,
        max_length=5000,
        description="How a column of `types` is written: `DD/MM/YYYY`, `1.234,5`, `yes/no`.",
    )
    null_tokens: list[Annotated[str, StringConstraints(max_length=100)]] | None = Field(
        default=None, max_length=50, description="Words that mean no value, instead of the usual ones."
    )
    decimal_mark: Literal[".", ","] | None = None
    thousands_mark: Literal["", ",", ".", "'", "’", " ", "\u00a0", "\u202f"] | None = None
    date_format: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = Field(
        default=None, description="How dates are written where that could be read in two ways: `DD/MM/YYYY`."
    )
    bad_rows: Literal["quarantine", "fail", "text"] = Field(
        default="quarantine",
        description="Rows that do not fit: keep them apart, fail at the first one, or make a column text that has other"
        " values than its type in `types` allows.",
    )
    bad_rows_limit: float | None = Field(
        default=None, ge=0, le=100, description="Percent of the rows that may be kept apart; 5 by default."
    )
    short_rows: Literal["fill", "quarantine"] = Field(
        default="fill", description="Rows with too few cells: fill them up if those they have fit, or keep them apart."
    )
    long_rows: Literal["quarantine", "widen"] = Field(
        default="quarantine", description="Rows with too many cells: keep them apart, or give the table more columns."
    )
    stray_quotes: Literal["quarantine", "keep"] = Field(
        default="quarantine",
        description="Quotation marks inside a quoted cell: keep the row apart, or read them as text.",
    )

    @model_validator(mode="after")
    def _formats_are_known(self) -> Self:
        for text in (*self.formats.values(), *([self.date_format] if self.date_format else [])):
            if not is_format(text):
                raise ValueError(f"{text!r} is no format: write DD/MM/YYYY HH:MM:SS, 1.234,5 or yes/no")
        return self

    def parse_options(self) -> ParseOptions:
        return ParseOptions(
            format=self.format,
            encoding=self.encoding,
            delimiter=self.delimiter,
            header=self.header if isinstance(self.header, bool) or self.header is None else self.header != "none",
            header_rows={"none": 0, "one": 1, "two": 2}.get(str(self.header)),
            sheet=self.sheet,
            sheets=self.sheets,
            member=self.member,
            members=self.members,
            parts=self.parts,
            unite=self.unite,
            json_path=self.json_path,
            types={name: str(kind) for name, kind in self.types.items()},
            formats=self.formats,
            quote=self.quote,
            escape=self.escape,
            comment=self.comment,
            skip_lines=self.skip_lines,
            null_tokens=self.null_tokens,
            decimal_mark=self.decimal_mark,
            thousands_mark=self.thousands_mark,
            date_format=self.date_format,
            bad_rows=self.bad_rows,
            bad_rows_limit=self.bad_rows_limit,
            short_rows=self.short_rows,
            long_rows=self.long_rows,
            stray_quotes=self.stray_quotes,
        )


class ImportOptions(ReadingOptions):
    """How to import a file, and where to."""

    name: Name | None = Field(default=None, description="Name of the dataset. Default: the file's name.")
    duplicate: Literal["link", "import"] = Field(
        default="link",
        description="`link`: a file that you imported before leads to its dataset, unless the options that you name ask for"
        " other tables of it or another reading. `import`: again.",
    )
    into: UUID | None = Field(default=None, description="A dataset of yours that the file goes into, as `mode` says.")
    mode: Literal["append", "replace", "upsert", "repair"] = Field(
        default="append",
        description="`append`: its rows are added. `replace`: they take the place of all rows. `upsert`: rows with a"
        " known `key` are updated, others added. `repair`: they are rejected rows, corrected in the file that was downloaded.",
    )
    key: list[Name] = Field(default_factory=list, max_length=16, description="Key columns, for `upsert`.")
    apply: bool = Field(
        default=True,
        description="`false`: what the file would change is only prepared, to be looked at and applied by"
        " `POST /datasets/{id}/changes/{job_id}/apply`.",
    )

    rule_set: RuleSetRef | None = Field(
        default=None,
        description="Id or name of a rule set of yours, by which a job checks each dataset that this makes or changes.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.rule_set is not None and not self.apply:
            raise ValueError("rule_set checks what a dataset shows: leave apply out, or check it once this is applied")
        if self.into is None and (self.mode != "append" or self.key or not self.apply):
            raise ValueError("mode, key and apply say what becomes of the dataset that into names")
        if self.mode == "upsert" and not self.key:
            raise ValueError("mode upsert needs key columns: name in key those by which a row is known")
        if self.mode != "upsert" and self.key:
            raise ValueError(f"mode {self.mode} takes no key columns: leave key out, or choose mode upsert")
        return self

    def stored(self) -> dict[str, Any]:
        """Return the options as they are kept. The version before this one, after a roll back, knows no `rule_set`."""
        return self.model_dump(mode="json", exclude=None if self.rule_set else {"rule_set"})


class PreviewRequest(BaseModel):
    """A stored file to look at: that of a dataset, or of an import whichever way its job ended."""

    model_config = ConfigDict(extra="forbid")

    dataset_id: UUID | None = None
    job_id: UUID | None = None
    options: ReadingOptions = Field(default_factory=ReadingOptions)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.dataset_id is None) == (self.job_id is None):
            raise ValueError("send either dataset_id or job_id")
        return self


@dataclass(frozen=True, slots=True)
class SentRanges:
    """Which bytes of a file a body holds, one range after another: first byte, and the one behind the last."""

    ranges: list[list[int]]
    size: int

    @property
    def bytes(self) -> int:
        return sum(end - start for start, end in self.ranges)

    @property
    def is_whole(self) -> bool:
        return self.ranges == [[0, self.size]]


def read_ranges(text: str, size: int | None) -> SentRanges:
    """Read `0-1023,4096-8191`, with last bytes as HTTP counts them, or raise `ImportOptionsInvalid`."""
    pairs = [part.split("-") for part in text.split(",")]
    ranges = [[int(first), int(last) + 1] for first, last in pairs]
    edges = [edge for pair in ranges for edge in pair]
    apart = all(before < after for before, after in pairwise(edges))
    if size is None or not apart or edges[-1] > size:
        raise ImportOptionsInvalid("ranges rise and do not touch each other, and size says how long the file is")
    return SentRanges(ranges, size)


class PreviewTable(BaseModel):
    """A sheet of a workbook, or a file of an archive."""

    kind: Literal["sheet", "member"]
    name: str
    note: str | None = Field(description="What speaks against it: `hidden`, `chart`, `a picture`.")
    is_table: bool = Field(description="Whether it can be asked for.")
    is_shown: bool = Field(description="Whether the rows of this preview are its own.")


class PreviewRejected(BaseModel):
    row: int
    reason: str
    raw: str


class PreviewResponse(BaseModel):
    """What a file looks like. Of a sample `message` says so: the whole file decides on types."""

    rejected_rows: int
    rejected: list[PreviewRejected]
    is_sample: bool
    message: str
    format: str
    bytes: int
    rows_read: int
    tables: list[PreviewTable] = Field(
        description="All sheets of a workbook, or files of an archive; none if the file is one table. See the options"
        " `sheet`, `sheets`, `member`, `members`, `parts` and `unite`."
    )
    columns: list[ColumnResponse]
    decisions: list[DecisionResponse]
    rows: list[dict[str, Any]]
    written: list[dict[str, Any]] = Field(description="The same rows as they stand in the file.")


class ReparseRequest(BaseModel):
    """Read the file of a dataset once more. Options that are left out stay as they were; null has them found out."""

    model_config = ConfigDict(extra="forbid")

    options: ReadingOptions
    apply: bool = Field(default=False, description="`true`: show the result at once, if it differs.")


def read_options(text: str | bytes | None) -> ImportOptions:
    """Return the options in a JSON text, the default ones for none, or raise `ImportOptionsInvalid`."""
    return ImportOptions() if not text or not text.strip() else read_as(ImportOptions, text)


def read_as(model: type[Model], text: str | bytes) -> Model:
    """Return what a JSON text says, or raise `ImportOptionsInvalid`."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        faults = [
            {
                "pointer": "/options/" + "/".join(str(part) for part in fault["loc"]),
                "message": fault["msg"].removeprefix("Value error, "),
            }
            for fault in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise ImportOptionsInvalid("; ".join(fault["message"] for fault in faults[:5]), errors=faults) from None


class UploadAdvice(BaseModel):
    """How to send a file with tus, the protocol for uploads that can be resumed."""

    path: str = Field(description="Where uploads are created.")
    version: str
    extensions: list[str]
    checksum_algorithms: list[str]
    chunk_bytes: int = Field(
        description="A good length for one PATCH: small enough for proxies, large enough for pace."
    )
    idle_seconds: int = Field(description="How long an upload waits for its next byte.")
    max_age_seconds: int = Field(description="How long an upload may take from its creation to its last byte.")
    max_open: int = Field(description="Uploads that you may have begun and not ended at the same time.")
    open: int


class Limits(BaseModel):
    """What this service accepts."""

    max_upload_bytes: int
    max_user_bytes: int
    used_bytes: int = Field(description="Taken by your files, and announced by uploads that have not ended.")
    left_bytes: int
    formats: list[str]
    max_uploads_at_once: int = Field(description="Files that you may send to one server at the same time.")
    uploads: UploadAdvice
    known_dataset_id: UUID | None = Field(
        description="The dataset that you have from a file with the digest that was asked for, and that leads to it if no"
        " options are sent: it need not be sent."
    )
