"""What is sent and answered, as JSON.

Written by `./x docs` from docs/reference/openapi.json. Change the code of the server, not this module.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class ActiveJobs(TypedDict):
    """Everything the jobs button shows: running and waiting ones, and those that ended a short while ago."""

    jobs: list[JobResponse]
    counts: JobCounts
    next_poll_ms: int
    server_time: str


class Aggregate(TypedDict):
    """One row for each group of rows that are the same in some columns, or one for all, in the order of the groups."""

    step: Literal["aggregate"]
    by: NotRequired[list[str]]
    values: list[Aggregation]


class Aggregation(TypedDict):
    """`column` may be left out for `count`, which then counts rows."""

    function: Literal["count", "count_distinct", "sum", "mean", "min", "max"]
    column: NotRequired[str | None]
    into: str


class ApiTokenResponse(TypedDict):
    """A token of a program. The token itself was shown once and is not kept."""

    id: str
    name: str
    prefix: str
    scopes: list[Literal["jobs:read", "jobs:write", "imports:write", "datasets:read", "datasets:write", "admin"]]
    created_at: str
    last_used_at: str | None
    expires_at: str | None


class ArtifactResponse(TypedDict):
    """A file that a job left. Size and digest say what it is, also once it is gone."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    rows: int | None
    attempt: int
    created_at: str
    expires_at: str | None
    expired: bool


class AttemptStage(TypedDict):
    """One thing that an attempt did, and from when to when."""

    name: str
    started_at: str
    ended_at: NotRequired[str | None]


class AuditAnswer(TypedDict):
    """Who did what to whom, and from where."""

    id: str
    at: str
    actor: Person
    address: str | None
    request_id: str | None
    action: str
    target_type: str
    target: Person
    result: str
    details: dict[str, Any]


class BodyIssueTokenApiV2AuthTokenPost(TypedDict):
    grant_type: NotRequired[str | None]
    username: str
    password: str
    scope: NotRequired[str]
    client_id: NotRequired[str | None]
    client_secret: NotRequired[str | None]


class BulkAction(TypedDict):
    """One action on many jobs: those with these `ids`, or the newest ones that fit `where` and the action."""

    action: Literal["cancel", "retry", "dismiss", "delete"]
    ids: NotRequired[list[str] | None]
    where: NotRequired[JobSelection | None]


class BulkAnswer(TypedDict):
    done: list[str]
    refused: list[BulkRefusal]
    more: NotRequired[bool]


class BulkRefusal(TypedDict):
    """Why nothing was done to one job: what its own address would have answered."""

    id: str
    code: str
    detail: str


class Call(TypedDict):
    """What a function makes of others. docs/how-to/use-recipes.md says what each of them takes."""

    call: Literal[
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "and",
        "or",
        "not",
        "empty",
        "in",
        "contains",
        "starts",
        "ends",
        "matches",
        "add",
        "subtract",
        "multiply",
        "divide",
        "remainder",
        "negate",
        "abs",
        "round",
        "floor",
        "ceil",
        "upper",
        "lower",
        "trim",
        "length",
        "concat",
        "slice",
        "substitute",
        "extract",
        "pad",
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "weekday",
        "date",
        "add_days",
        "days_between",
        "if",
        "coalesce",
        "text",
    ]
    args: list[ColumnTerm | ValueTerm | Call]


class Case(TypedDict):
    step: Literal["case"]
    columns: list[str]
    to: Literal["upper", "lower", "capital"]


class Cast(TypedDict):
    """Read a column as another type. What is written in its cells is kept where it would print otherwise."""

    step: Literal["cast"]
    column: str
    to: Literal["text", "integer", "decimal", "number", "boolean", "date", "time", "timestamp", "timestamp_tz", "uuid"]
    format: NotRequired[str | None]
    accept_loss: NotRequired[bool]


class ChangePassword(TypedDict):
    current_password: str
    new_password: str
    revoke_tokens: NotRequired[bool]


class ChangeRecipe(TypedDict):
    """Another name, or other steps, which make a new version."""

    name: NotRequired[str | None]
    steps: NotRequired[
        list[
            Select
            | Rename
            | Cast
            | Filter
            | Derive
            | Split
            | Merge
            | Trim
            | Case
            | Fill
            | Replace
            | Deduplicate
            | Join
            | Aggregate
            | Sort
            | Sample
        ]
        | None
    ]


class ChangeResponse(TypedDict):
    """A change of a dataset, prepared by a job: what it would do, or did. `state` is one of preparing (its job tells how far that is), proposed, applied, unchanged, discarded, expired."""

    job_id: str
    action: str
    state: str
    base_version: int | None
    version: int | None
    summary: dict[str, Any] | None
    created_at: str
    decided_at: str | None
    expires_at: str | None


class ChangeRuleSet(TypedDict):
    """What is to be different. Other rules make a new version; a name alone does not."""

    name: NotRequired[str | None]
    rules: NotRequired[
        list[Required | Unique | OfType | Range | TextLength | Pattern | OneOf | DateOrder | Reference] | None
    ]


class ChangesResponse(TypedDict):
    """The newest changes of a dataset, at most 50."""

    items: list[ChangeResponse]


class CheckedRule(TypedDict):
    """A rule, and how many rows broke it."""

    rule: Required | Unique | OfType | Range | TextLength | Pattern | OneOf | DateOrder | Reference
    count: int
    reference: NotRequired[NamedVersion | None]


class ColumnResponse(TypedDict):
    """A column. Values of `big_integer` and `decimal` travel as strings with all their digits."""

    name: str
    type: ColumnType
    nulls: int
    null_tokens: list[str]
    format: str | None
    why: str
    written: bool


class ColumnTerm(TypedDict):
    """What a column holds in the row."""

    column: str


ColumnType = Literal[
    "text",
    "integer",
    "big_integer",
    "decimal",
    "number",
    "boolean",
    "date",
    "time",
    "timestamp",
    "timestamp_tz",
    "uuid",
    "json",
]


class CreateApiToken(TypedDict):
    name: str
    scopes: list[Literal["jobs:read", "jobs:write", "imports:write", "datasets:read", "datasets:write", "admin"]]
    expires_in_days: NotRequired[int | None]


class CreateJob(TypedDict):
    """A job of a kind that is installed here, or else one that the caller itself will run and report on."""

    job_type: str
    title: NotRequired[str]
    message: NotRequired[str | None]
    metadata: NotRequired[dict[str, Any]]
    heartbeat_seconds: NotRequired[int]
    stages: NotRequired[list[DeclaredStage] | None]
    parameters: NotRequired[dict[str, Any] | None]


class CreateJobToken(TypedDict):
    scopes: list[str]
    ttl_seconds: NotRequired[int]


class CreateUser(TypedDict):
    email: str
    password: str
    role: NotRequired[Literal["admin", "user"]]


class DatasetResponse(TypedDict):
    """A dataset, with the columns of its current version in file order."""

    id: str
    name: str
    rows: int
    rejected_rows: int
    bytes: int
    version: int
    columns: list[ColumnResponse]
    source: SourceResponse
    job_id: str
    created_at: str
    updated_at: str


class DateOrder(TypedDict):
    """The moment in `later` is not before that in `earlier`; with `strict` it is not the same one either."""

    rule: Literal["date_order"]
    earlier: str
    later: str
    strict: NotRequired[bool]


class DecisionResponse(TypedDict):
    """One thing that was found out about the file, with its evidence and what came second."""

    subject: str
    value: Any
    evidence: str
    runner_up: Any
    option: NotRequired[str | None]
    instead: NotRequired[dict[str, Any] | None]


class DecisionsResponse(TypedDict):
    """How a version was read. `options` is what was asked for; everything else was found out."""

    items: list[DecisionResponse]
    options: dict[str, Any]


class DeclaredStage(TypedDict):
    """One of the stages that a job goes through. Its share of the whole is its weight among all weights."""

    key: str
    weight: NotRequired[float]


class Deduplicate(TypedDict):
    """Keep one row of those that are the same in some columns, or in all of them."""

    step: Literal["deduplicate"]
    columns: NotRequired[list[str] | None]
    keep: NotRequired[Literal["first", "last"]]


class Derive(TypedDict):
    """Compute a column. One of that name is replaced where it stands."""

    step: Literal["derive"]
    column: str
    value: ColumnTerm | ValueTerm | Call
    accept_loss: NotRequired[bool]


class Disk(TypedDict):
    """The disk of a folder, as this API process sees it."""

    folder: str
    free_bytes: int
    size_bytes: int


class EndedJobs(TypedDict):
    """How many jobs ended in the span that begins `at`."""

    at: str
    completed: int
    failed: int
    cancelled: int


class ErasedUser(TypedDict):
    """How much there was of somebody who is no more."""

    datasets: int
    files: int
    jobs: int
    objects: int
    left: int


class ExpectedEnd(TypedDict):
    """By when jobs like this one have ended: half of them by `likely_at`, nine of ten by `late_at`."""

    likely_at: str
    late_at: str


class ExportRequest(TypedDict):
    """One file of a dataset. Columns, `sort`, `filter` and `q` are as for its rows; the rest is about the file."""

    format: Literal["csv", "ndjson", "json", "xlsx", "parquet"]
    columns: NotRequired[list[str] | None]
    sort: NotRequired[list[str]]
    filter: NotRequired[list[str]]
    q: NotRequired[str | None]
    values: NotRequired[Literal["typed", "written"] | None]
    version: NotRequired[int | None]
    delimiter: NotRequired[Literal[",", ";", "\t", "|"]]
    encoding: NotRequired[
        Literal[
            "utf-8", "utf-16", "windows-1250", "windows-1251", "windows-1252", "iso-8859-15", "shift_jis", "gb18030"
        ]
    ]
    bom: NotRequired[bool]
    formulas: NotRequired[Literal["keep", "escape"]]
    unencodable: NotRequired[Literal["fail", "replace"]]


class FailingRow(TypedDict):
    """A row that breaks a rule, with what is written in the columns of the rule. Rows are counted from 1."""

    row: int
    values: dict[str, str | None]
    first_row: NotRequired[int | None]


Fill = TypedDict(
    "Fill",
    {
        "step": "Literal['fill']",
        "columns": "list[str]",
        "value": "NotRequired[str | None]",
        "from": "NotRequired[Literal['above', 'below'] | None]",
    },
)


class Filter(TypedDict):
    """Keep the rows of which the condition is true."""

    step: Literal["filter"]
    where: ColumnTerm | ValueTerm | Call


class FindingResponse(TypedDict):
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


class ForeignKey(TypedDict):
    fields: str | list[str]
    reference: KeyReference


class HistoryCounts(TypedDict):
    """How many of your jobs each filter would show, beside the other one that is set."""

    total: int
    matching: int
    status: dict[str, int]
    job_types: list[TypeCount]
    more_job_types: bool


class HistoryPage(TypedDict):
    """One page of your jobs. With filters it may hold fewer than `limit`, or none, and still not be the last one."""

    items: list[JobResponse]
    next_cursor: str | None
    searched_back_to: str | None


class Input(TypedDict):
    """A version of a dataset that went into another one. `step` is the join that brought it."""

    dataset_id: str
    version: int
    name: str
    step: NotRequired[int | None]


class Issue(TypedDict):
    """What one rule found. `count` is exact."""

    code: str
    rule: int
    columns: list[str]
    message: str
    count: int
    rows: list[list[int]]
    rows_complete: bool
    samples: list[FailingRow]
    suggestions: list[Suggestion]


class JobArtifacts(TypedDict):
    items: list[ArtifactResponse]


class JobAttempt(TypedDict):
    """One time that a job was begun. `outcome` is `running` until it ended."""

    number: int
    outcome: Literal["running", "completed", "failed", "cancelled", "crashed", "worker_lost", "handed_back"]
    worker: str | None
    started_at: str
    ended_at: NotRequired[str | None]
    problem: NotRequired[Problem | None]
    stages: NotRequired[list[AttemptStage]]


class JobAttempts(TypedDict):
    items: list[JobAttempt]
    events_dropped_at: NotRequired[str | None]


class JobCounts(TypedDict):
    """How many of the caller's visible jobs run, wait, or need a person."""

    running: int
    queued: int
    paused: int
    attention: int


class JobEventResponse(TypedDict):
    seq: int
    at: str
    kind: str
    attempt: int
    data: dict[str, Any]


class JobEvents(TypedDict):
    items: list[JobEventResponse]
    events_dropped_at: NotRequired[str | None]


class JobLogs(TypedDict):
    """Some lines of a job, in order. Ask again with `after` set to `next_after`."""

    items: list[LogLine]
    next_after: int
    more: bool
    total: int
    dropped: int


class JobResponse(TypedDict):
    """A job. `status` drives code (a pending job says `running`), `phase` and `message` are what people read."""

    id: str
    job_type: str
    title: str
    status: Literal["pending", "running", "completed", "failed", "cancelled"]
    phase: Literal[
        "uploading",
        "queued",
        "retrying",
        "running",
        "finishing",
        "stalled",
        "cancelling",
        "completed",
        "partial",
        "failed",
        "cancelled",
    ]
    progress: int
    message: str | None
    stage: str | None
    stage_index: int | None
    stage_count: int | None
    done_units: int | None
    total_units: int | None
    failed_units: int | None
    unit: str | None
    rate: float | None
    expected_end: ExpectedEnd | None
    error: str | None
    problem: Problem | None
    outcome: str | None
    result: dict[str, Any] | None
    attempt: int
    version: int
    cancel_requested: bool
    paused: bool
    resumable_until: str | None
    related_dataset_id: str | None
    metadata: dict[str, Any]
    created_at: str
    started_at: str | None
    completed_at: str | None
    updated_at: str
    queue: QueuePlace | None


class JobSelection(TypedDict):
    """Which of your jobs are meant; the members are the filters of `GET /jobs`. An empty one means all of them."""

    status: NotRequired[str | None]
    job_type: NotRequired[str | None]
    dataset_id: NotRequired[str | None]
    q: NotRequired[str | None]
    created_from: NotRequired[str | None]
    created_to: NotRequired[str | None]


class JobToken(TypedDict):
    """A token for a page; send it as `Authorization: Bearer …`, never in an address."""

    token: str
    expires_at: str


class JobTotals(TypedDict):
    """How many jobs of all owners are kept, by the words of their status: `running` holds the pending ones too."""

    running: int
    pending: int
    completed: int
    partial: int
    failed: int
    cancelled: int


class Join(TypedDict):
    """Add columns of another dataset, of the row whose key is the same."""

    step: Literal["join"]
    dataset_id: str
    version: NotRequired[int | None]
    on: dict[str, str]
    columns: NotRequired[dict[str, str] | None]
    rows: NotRequired[Literal["all", "matching"]]
    several: NotRequired[Literal["refuse", "repeat"]]


class KeepType(TypedDict):
    """Days for jobs of one type; null where it is as for all others."""

    completed_days: int | None
    failed_days: int | None
    cancelled_days: int | None
    events_days: int | None
    artifacts_days: int | None
    logs_days: int | None


class KeyReference(TypedDict):
    """Where the values of a foreign key stand. An empty resource is the table itself."""

    resource: NotRequired[str]
    fields: str | list[str]


class LastSweep(TypedDict):
    at: str
    by: str
    removed: list[Removed]
    problems: list[str]


class Limits(TypedDict):
    """What this service accepts."""

    max_upload_bytes: int
    max_user_bytes: int
    used_bytes: int
    left_bytes: int
    formats: list[str]
    max_uploads_at_once: int
    uploads: UploadAdvice
    known_dataset_id: str | None


class LineageResponse(TypedDict):
    dataset_id: str
    version: int
    items: list[LineageStep]


class LineageStep(TypedDict):
    """A file, or a recipe, in the order in which they made the version."""

    action: str
    file: SourceResponse | None
    recipe: NamedRecipe | None
    steps: list[dict[str, Any]]
    inputs: list[Input]
    findings: list[FindingResponse]


class LogLine(TypedDict):
    """One line. `number` counts all lines that the job ever said; those that are missing are not kept any more."""

    number: int
    attempt: int
    at: str
    level: Literal["debug", "info", "warning", "error"]
    source: Literal["worker", "program"]
    text: str


class LookAtSteps(TypedDict):
    steps: list[
        Select
        | Rename
        | Cast
        | Filter
        | Derive
        | Split
        | Merge
        | Trim
        | Case
        | Fill
        | Replace
        | Deduplicate
        | Join
        | Aggregate
        | Sort
        | Sample
    ]
    version: NotRequired[int | None]


class LookResponse(TypedDict):
    """What a recipe makes of some rows. `problem` names the first step that cannot be made; rows are those before it."""

    is_sample: bool
    message: str
    rows_read: int
    rows_total: int
    rows_after: int
    problem: dict[str, Any] | None
    findings: list[FindingResponse]
    steps: list[LookedStep]
    columns: list[LookedColumn]
    columns_left_out: int
    rows: list[list[Any]]


class LookedColumn(TypedDict):
    name: str
    type: ColumnType


class LookedStep(TypedDict):
    """A step, and what it does to the rows that were looked at."""

    number: int
    step: str
    rows_before: int
    rows_after: int
    columns: list[LookedColumn]
    columns_left_out: int
    findings: list[FindingResponse]


class MeResponse(TypedDict):
    """The caller."""

    id: str
    email: str
    role: Literal["admin", "user"]


Merge = TypedDict(
    "Merge",
    {
        "step": "Literal['merge']",
        "columns": "list[str]",
        "into": "str",
        "with": "NotRequired[str]",
        "keep": "NotRequired[bool]",
    },
)


class NamedRecipe(TypedDict):
    """A kept recipe at one of its versions; steps that were run once have none."""

    id: NotRequired[str | None]
    version: NotRequired[int | None]
    name: str


class NamedVersion(TypedDict):
    """A dataset or a rule set in one version."""

    id: str
    name: str
    version: int


class NewApiToken(TypedDict):
    """A token that has just been made."""

    id: str
    name: str
    prefix: str
    scopes: list[Literal["jobs:read", "jobs:write", "imports:write", "datasets:read", "datasets:write", "admin"]]
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    token: str


class Note(TypedDict):
    """Something that has no equal on the other side, and is therefore not there."""

    pointer: str
    message: str


class NotificationAnswer(TypedDict):
    """Whether the caller is the one to show the notification of a job's end."""

    first: bool


class OfType(TypedDict):
    """Every value reads as this type, as Headway reads types: `00123` is no integer, and dates are YYYY-MM-DD."""

    rule: Literal["type"]
    column: str
    type: Literal["integer", "number", "boolean", "date", "time", "timestamp", "timestamp_tz", "uuid", "json"]


class OldJobs(TypedDict):
    """How many jobs the next sweep deletes. Nobody counts further than 10,000: 10,001 means more than that."""

    completed: int
    failed: int


class OneOf(TypedDict):
    """Every value is one of these."""

    rule: Literal["one_of"]
    column: str
    values: list[int | float | str]


class OperatorJob(TypedDict):
    """A job of anybody. `since` is when what it is doing now began: its wait, its attempt, its silence, its end."""

    id: str
    job_type: str
    title: str
    owner: Person
    phase: Literal[
        "uploading",
        "queued",
        "retrying",
        "running",
        "finishing",
        "stalled",
        "cancelling",
        "completed",
        "partial",
        "failed",
        "cancelled",
    ]
    progress: int
    stage: str | None
    message: str | None
    error: str | None
    code: str | None
    attempt: int
    worker: str | None
    paused: bool
    retryable: bool
    since: str
    created_at: str


class Overview(TypedDict):
    """All that an operator looks at first."""

    server_time: str
    next_poll_ms: int
    workers: list[WorkerAnswer]
    lost_workers: list[WorkerAnswer]
    queues: list[QueueAnswer]
    jobs: JobTotals
    stalled: SomeJobs
    failed: SomeJobs
    throughput: Throughput
    storage: StorageUse | None
    disks: list[Disk]
    retention: Retention
    versions: Versions


class OwnerUse(TypedDict):
    owner: Person
    files: int
    original_bytes: int
    datasets: int
    row_bytes: int
    artifact_bytes: NotRequired[int]


class PageApiTokenResponse(TypedDict):
    items: list[ApiTokenResponse]
    next_cursor: str | None


class PageAuditAnswer(TypedDict):
    items: list[AuditAnswer]
    next_cursor: str | None


class PageDatasetResponse(TypedDict):
    items: list[DatasetResponse]
    next_cursor: str | None


class PageOperatorJob(TypedDict):
    items: list[OperatorJob]
    next_cursor: str | None


class PageRecipeResponse(TypedDict):
    items: list[RecipeResponse]
    next_cursor: str | None


class PageRuleSetSummary(TypedDict):
    items: list[RuleSetSummary]
    next_cursor: str | None


class PageUserResponse(TypedDict):
    items: list[UserResponse]
    next_cursor: str | None


class Pattern(TypedDict):
    """The whole text matches a regular expression in the syntax of RE2, which takes linear time."""

    rule: Literal["pattern"]
    column: str
    pattern: str


class PauseQueue(TypedDict):
    """Why a queue is paused, for those whose jobs wait in it."""

    reason: NotRequired[str]


class Person(TypedDict):
    """Somebody who owns or does something. `email` is null for who was erased, and for what is no user."""

    id: str
    email: str | None


class PreviewRejected(TypedDict):
    row: int
    reason: str
    raw: str


class PreviewResponse(TypedDict):
    """What a file looks like. Of a sample `message` says so: the whole file decides on types."""

    rejected_rows: int
    rejected: list[PreviewRejected]
    is_sample: bool
    message: str
    format: str
    bytes: int
    rows_read: int
    tables: list[PreviewTable]
    columns: list[ColumnResponse]
    decisions: list[DecisionResponse]
    rows: list[dict[str, Any]]
    written: list[dict[str, Any]]


class PreviewTable(TypedDict):
    """A sheet of a workbook, or a file of an archive."""

    kind: Literal["sheet", "member"]
    name: str
    note: str | None
    is_table: bool
    is_shown: bool


class Problem(TypedDict):
    """An RFC 9457 problem; members beyond these are facts of the particular error."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    user_action: str
    retryable: bool


class ProfileResponse(TypedDict):
    """What the columns hold, in file order."""

    rows: int
    is_known: bool
    columns: list[ProfiledColumn]


class ProfiledColumn(TypedDict):
    nulls: int
    distinct: int | None
    distinct_is_exact: bool
    min: Any
    max: Any
    mean: float | None
    length: TextLengths | None
    histogram: list[int] | None
    top: list[TopValue]
    note: str | None
    name: str
    type: ColumnType


class ProgressAnswer(TypedDict):
    """What a reporter needs to know: go on, or stop because the owner cancelled."""

    id: str
    status: Literal["pending", "running", "completed", "failed", "cancelled"]
    progress: int
    clamped: bool
    cancel_requested: bool
    lease_expires_at: str | None
    version: int


class QueueAnswer(TypedDict):
    """A queue: what waits, what runs, in how many places of living workers."""

    name: str
    waiting: int
    waiting_since: str | None
    running: int
    places: int
    paused: QueuePause | None


class QueuePause(TypedDict):
    at: str
    by: Person
    reason: str


class QueuePlace(TypedDict):
    """Where a waiting job stands at this moment. Whoever comes with nothing running may still go before it."""

    position: int
    ahead: int
    expected_start: str | None


class Queues(TypedDict):
    items: list[QueueAnswer]


class Range(TypedDict):
    """Numbers, dates or times from `min` to `max`, or more than `above` and less than `below`."""

    rule: Literal["range"]
    column: str
    min: NotRequired[int | float | str | None]
    max: NotRequired[int | float | str | None]
    above: NotRequired[int | float | str | None]
    below: NotRequired[int | float | str | None]


class ReadTableSchema(TypedDict):
    """The rule set that was made, and what of the Table Schema it does not check."""

    rule_set: RuleSetResponse
    notes: list[Note]


class ReadingOptions(TypedDict):
    """How to read a file. Everything that is left out is found out, and the dataset says how."""

    format: NotRequired[
        Literal["delimited", "xlsx", "xlsb", "xls", "ods", "fods", "json", "ndjson", "parquet", "arrow"] | None
    ]
    encoding: NotRequired[str | None]
    delimiter: NotRequired[str | None]
    quote: NotRequired[str | None]
    escape: NotRequired[str | None]
    comment: NotRequired[str | None]
    skip_lines: NotRequired[int | None]
    header: NotRequired[bool | Literal["none", "one", "two"] | None]
    sheet: NotRequired[str | None]
    sheets: NotRequired[list[str]]
    member: NotRequired[str | None]
    members: NotRequired[list[str]]
    parts: NotRequired[Literal["first", "all"] | None]
    unite: NotRequired[bool]
    json_path: NotRequired[str | None]
    types: NotRequired[dict[str, ColumnType]]
    formats: NotRequired[dict[str, str]]
    null_tokens: NotRequired[list[str] | None]
    decimal_mark: NotRequired[Literal[".", ","] | None]
    thousands_mark: NotRequired[Literal["", ",", ".", "'", "’", " ", "\xa0", "\u202f"] | None]
    date_format: NotRequired[str | None]
    bad_rows: NotRequired[Literal["quarantine", "fail", "text"]]
    bad_rows_limit: NotRequired[float | None]
    short_rows: NotRequired[Literal["fill", "quarantine"]]
    long_rows: NotRequired[Literal["quarantine", "widen"]]
    stray_quotes: NotRequired[Literal["quarantine", "keep"]]


class Receipt(TypedDict):
    """What an ended job was given, what it made of it, and who did that: enough to check it years later."""

    job_id: str
    job_type: str
    title: str
    status: Literal["pending", "running", "completed", "failed", "cancelled"]
    outcome: str | None
    error: str | None
    problem: Problem | None
    input: ReceiptInput | None
    rows: ReceiptRows | None
    datasets: list[str]
    attempts: int
    headway: str | None
    events_dropped_at: NotRequired[str | None]
    created_at: str
    started_at: str | None
    completed_at: str


class ReceiptInput(TypedDict):
    """What was given in."""

    file_name: str
    bytes: int
    sha256: str


class ReceiptRows(TypedDict):
    """What became of the rows: every one that was read is stored or rejected."""

    read: int
    stored: int
    rejected: int


class RecipeResponse(TypedDict):
    id: str
    name: str
    version: int
    steps: list[dict[str, Any]]
    created_at: str
    updated_at: str


class Reference(TypedDict):
    """Every value stands in a column of another dataset of yours, in the version that it has when this is checked."""

    rule: Literal["reference"]
    column: str
    dataset: str
    to: str


class RejectedGroup(TypedDict):
    """Rows that were rejected for one reason. `rows` are ranges `[first, last]` or single rows `[only]`."""

    reason: str
    count: int
    rows: list[list[int]]
    more_ranges: int
    samples: list[RejectedRow]


class RejectedResponse(TypedDict):
    """A page of the rows that were left out, and all of them by reason."""

    items: list[RejectedRow]
    total: int
    groups: list[RejectedGroup]


class RejectedRow(TypedDict):
    """A row of the file that did not fit the table. `id` names it when it is sent back corrected."""

    id: str
    file: int
    row: int
    byte: int | None
    reason: str
    raw: str
    cut: NotRequired[bool]
    cells: list[str | None]


class Removed(TypedDict):
    kind: str
    count: int
    bytes: int | None


class Rename(TypedDict):
    step: Literal["rename"]
    columns: dict[str, str]


class RenameDataset(TypedDict):
    name: str


class ReparseRequest(TypedDict):
    """Read the file of a dataset once more. Options that are left out stay as they were; null has them found out."""

    options: ReadingOptions
    apply: NotRequired[bool]


Replace = TypedDict(
    "Replace",
    {
        "step": "Literal['replace']",
        "columns": "list[str]",
        "find": "str",
        "with": "NotRequired[str | None]",
        "match": "NotRequired[Literal['cell', 'part', 'pattern']]",
        "accept_loss": "NotRequired[bool]",
    },
)


class ReportProgress(TypedDict):
    """Progress, sign of life and question "was I cancelled?" in one call. Every member may be left out."""

    progress: NotRequired[int | None]
    message: NotRequired[str | None]
    stage: NotRequired[str | None]
    done_units: NotRequired[int | None]
    total_units: NotRequired[int | None]
    failed_units: NotRequired[int | None]
    unit: NotRequired[str | None]
    status: NotRequired[Literal["running", "completed", "failed", "cancelled"] | None]
    error: NotRequired[str | None]
    result: NotRequired[dict[str, Any] | None]
    related_dataset_id: NotRequired[str | None]
    attempt: NotRequired[int | None]
    log: NotRequired[list[str | ReportedLine]]


class ReportedLine(TypedDict):
    """A line of a program. Several lines in one text become several; one that is too long is cut, and says so."""

    text: str
    level: NotRequired[Literal["debug", "info", "warning", "error"]]


class Required(TypedDict):
    """No cell of the column is empty: neither null nor a text without any character."""

    rule: Literal["required"]
    column: str


class Retention(TypedDict):
    """For how many days things are kept after their end, 0 being for ever, and what sweeps do about it."""

    keep_completed_days: int
    keep_failed_days: int
    keep_cancelled_days: int
    keep_events_days: int
    keep_types: dict[str, KeepType]
    keep_audit_days: int
    keep_artifact_days: int
    keep_log_days: int
    due: OldJobs
    last_sweep: LastSweep | None


class RetryJob(TypedDict):
    """How much of a job is to be tried again."""

    scope: NotRequired[Literal["all", "failed_items"]]


class RowsColumn(TypedDict):
    name: str
    type: ColumnType


class RowsResponse(TypedDict):
    """A page of rows. `total` counts all rows that fit the question."""

    columns: list[RowsColumn]
    rows: list[dict[str, Any]]
    total: int


class RuleSetBody(TypedDict):
    """A rule set to be. Empty cells are for `required` alone: every other rule leaves them out."""

    name: str
    rules: list[Required | Unique | OfType | Range | TextLength | Pattern | OneOf | DateOrder | Reference]


class RuleSetResponse(TypedDict):
    """A rule set in one of its versions."""

    id: str
    name: str
    version: int
    rule_count: int
    created_at: str
    updated_at: str
    rules: list[Required | Unique | OfType | Range | TextLength | Pattern | OneOf | DateOrder | Reference]


class RuleSetSummary(TypedDict):
    """A rule set, without its rules."""

    id: str
    name: str
    version: int
    rule_count: int
    created_at: str
    updated_at: str


class RunRecipe(TypedDict):
    """A kept recipe to run."""

    into: NotRequired[Literal["version", "dataset"]]
    name: NotRequired[str | None]
    apply: NotRequired[bool]
    recipe_version: NotRequired[int | None]


class RunSteps(TypedDict):
    """Steps to run once."""

    into: NotRequired[Literal["version", "dataset"]]
    name: NotRequired[str | None]
    apply: NotRequired[bool]
    steps: list[
        Select
        | Rename
        | Cast
        | Filter
        | Derive
        | Split
        | Merge
        | Trim
        | Case
        | Fill
        | Replace
        | Deduplicate
        | Join
        | Aggregate
        | Sort
        | Sample
    ]
    recipe: NotRequired[str | None]


class Sample(TypedDict):
    """Keep some rows, chosen by chance; the same ones each time, unless `seed` is another one."""

    step: Literal["sample"]
    rows: int
    seed: NotRequired[int]


class SaveRecipe(TypedDict):
    """A recipe to keep. `GET /recipes/schema` has the schema of its steps by itself."""

    name: str
    steps: list[
        Select
        | Rename
        | Cast
        | Filter
        | Derive
        | Split
        | Merge
        | Trim
        | Case
        | Fill
        | Replace
        | Deduplicate
        | Join
        | Aggregate
        | Sort
        | Sample
    ]


class SchemaField(TypedDict):
    """A column. What is not among these members is kept to be told of."""

    name: str
    type: NotRequired[str]
    format: NotRequired[str]
    constraints: NotRequired[dict[str, Any]]


class Select(TypedDict):
    """Keep these columns, in this order; with `keep` false, all others."""

    step: Literal["select"]
    columns: list[str]
    keep: NotRequired[bool]


class SessionResponse(TypedDict):
    """Who has just signed in; the session itself is in the cookie."""

    email: str
    role: Literal["admin", "user"]


class SetPassword(TypedDict):
    """A password that an administrator gives to somebody."""

    new_password: str
    revoke_tokens: NotRequired[bool]


class SetRole(TypedDict):
    role: Literal["admin", "user"]


class SignIn(TypedDict):
    email: str
    password: str


class SomeJobs(TypedDict):
    items: list[OperatorJob]
    more: bool


class Sort(TypedDict):
    """Put rows in order. Empty cells come last, and rows that are equal stay as they were."""

    step: Literal["sort"]
    by: list[SortKey]


class SortKey(TypedDict):
    column: str
    descending: NotRequired[bool]


class SourceResponse(TypedDict):
    """The file that a dataset was made from."""

    file_name: str
    format: str
    sha256: str
    bytes: int


class Split(TypedDict):
    """Split text at a separator. The last new column takes all that is left; what there is too little of is empty."""

    step: Literal["split"]
    column: str
    by: str
    into: list[str]
    keep: NotRequired[bool]


class StorageUse(TypedDict):
    """How much room people's things take, as it was measured; within an hour while a worker runs."""

    measured_at: str
    owners: int
    files: int
    original_bytes: int
    datasets: int
    row_bytes: int
    artifact_bytes: NotRequired[int]
    largest: list[OwnerUse]


class Suggestion(TypedDict):
    """Another wording of the rule, and in how many of the rows that break it now it would hold. It was tried."""

    label: str
    patch: dict[str, Any]
    fixes: int


class TableSchema(TypedDict):
    """A Table Schema, version 1 or 2."""

    fields: list[SchemaField]
    primaryKey: NotRequired[str | list[str] | None]
    uniqueKeys: NotRequired[list[list[str]]]
    foreignKeys: NotRequired[list[ForeignKey]]


class TableSchemaBody(TypedDict):
    """A rule set to be, as a Table Schema."""

    name: str
    table_schema: TableSchema
    references: NotRequired[dict[str, str]]


class TextLength(TypedDict):
    """Texts of so many characters."""

    rule: Literal["length"]
    column: str
    min: NotRequired[int | None]
    max: NotRequired[int | None]


class TextLengths(TypedDict):
    """How long texts are, in characters."""

    min: int
    max: int
    mean: float


class Throughput(TypedDict):
    """Spans of equal length, the present one last."""

    minutes: int
    spans: list[EndedJobs]


class TokenResponse(TypedDict):
    """An access token; send it as `Authorization: Bearer …`."""

    access_token: str
    token_type: NotRequired[Literal["bearer"]]
    expires_in: int


class TopValue(TypedDict):
    """A value and how often it occurs. `cut` says that a text goes on behind its first 200 characters."""

    value: Any
    count: int
    cut: bool


class Trim(TypedDict):
    """Take blanks away from both ends of text; with `inner`, also all but one of several within it."""

    step: Literal["trim"]
    columns: list[str]
    inner: NotRequired[bool]


class TypeCount(TypedDict):
    job_type: str
    count: int


class Unique(TypedDict):
    """No value stands twice, or no combination of values. Rows with an empty cell among them are not compared."""

    rule: Literal["unique"]
    columns: list[str]


class UploadAdvice(TypedDict):
    """How to send a file with tus, the protocol for uploads that can be resumed."""

    path: str
    version: str
    extensions: list[str]
    checksum_algorithms: list[str]
    chunk_bytes: int
    idle_seconds: int
    max_age_seconds: int
    max_open: int
    open: int


class UserResponse(TypedDict):
    """A user, as administrators see them."""

    id: str
    email: str
    role: Literal["admin", "user"]
    disabled_at: str | None
    created_at: str
    password_changed_at: str


class ValidationReport(TypedDict):
    """What a validation found: every rule with its count, and an issue for each that was broken."""

    dataset: NamedVersion
    rule_set: NamedVersion
    checked_at: str
    rows: int
    failing_rows: int
    rules: list[CheckedRule]
    issues: list[Issue]
    file: str | None
    file_rows: int
    file_note: str | None


class ValidationRequest(TypedDict):
    """A dataset to be checked by a rule set."""

    rule_set: str
    rule_set_version: NotRequired[int | None]
    version: NotRequired[int | None]


class ValueTerm(TypedDict):
    """The same in every row. A text is what it is compared with, unless `type` says what it is."""

    value: bool | int | float | str | None
    type: NotRequired[
        Literal["text", "integer", "decimal", "number", "boolean", "date", "time", "timestamp", "timestamp_tz", "uuid"]
        | None
    ]


class VersionResponse(TypedDict):
    """One state of a dataset. `action` made it, from version `based_on`; an import makes the first one from none."""

    number: int
    is_current: bool
    action: str
    based_on: int | None
    rows: int
    rejected_rows: int
    bytes: int
    columns: int
    source: SourceResponse
    job_id: str
    created_at: str


class Versions(TypedDict):
    headway: str
    python: str
    database: str
    store: str


class VersionsResponse(TypedDict):
    """Every version that is kept, the newest first."""

    items: list[VersionResponse]
    keeps: int


class WorkerAnswer(TypedDict):
    """A worker. Null is what an older version, or the system below it, does not tell."""

    id: str
    host: str
    pid: int
    version: str | None
    places: WorkerPlaces
    memory_bytes: int | None
    started_at: str
    beat_at: str
    jobs: list[OperatorJob]


class WorkerPlaces(TypedDict):
    imports: int | None
    bulk: int


class WrittenTableSchema(TypedDict):
    """Rules as a Table Schema, and those that are not in it."""

    table_schema: dict[str, Any]
    notes: list[Note]
