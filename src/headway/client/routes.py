"""Every route of the API as a `Call`, to be given to `Api.ask`.

Written by `./x docs` from docs/reference/openapi.json. Change the code of the server, not this module.
"""

from __future__ import annotations

from typing import Any, Literal

from headway.client import schema
from headway.client.calls import Bytes, Call, address


def act_on_jobs(body: schema.BulkAction) -> Call[schema.BulkAnswer]:
    """Cancel, retry, dismiss or delete many jobs: up to 500 `ids`, or the newest 500 that fit `where`."""
    return Call("POST", address("/jobs/bulk"), body=body)


def add_user(body: schema.CreateUser) -> Call[schema.UserResponse]:
    """Add a user. Administrators only. Audited."""
    return Call("POST", address("/users"), body=body)


def apply_change(dataset_id: str, job_id: str) -> Call[schema.DatasetResponse]:
    """Make a proposed change the version that the dataset shows, at once. Repeating it is safe."""
    return Call("POST", address("/datasets/{dataset_id}/changes/{job_id}/apply", dataset_id, job_id))


def cancel_any_job(job_id: str) -> Call[schema.OperatorJob]:
    """Cancel a job of anybody: a waiting one ends at once, a running one is asked to stop. Audited."""
    return Call("POST", address("/operator/jobs/{job_id}/cancel", job_id))


def cancel_job(job_id: str) -> Call[schema.JobResponse]:
    """Cancel: a waiting job ends at once (200), a running one is asked to stop (202)."""
    return Call("POST", address("/jobs/{job_id}/cancel", job_id))


def change_password(body: schema.ChangePassword) -> Call[None]:
    """Change your own password. Everything signed in with the old one ends, but for this browser. Audited."""
    return Call("POST", address("/me/password"), body=body)


def change_recipe(recipe_id: str, body: schema.ChangeRecipe) -> Call[schema.RecipeResponse]:
    """Give a recipe another name, or other steps, which make a new version. What ran before keeps its own."""
    return Call("PATCH", address("/recipes/{recipe_id}", recipe_id), body=body)


def change_rule_set(rule_set_id: str, body: schema.ChangeRuleSet) -> Call[schema.RuleSetResponse]:
    """Give a rule set another name or other rules. Other rules are a new version; reports name the one they used."""
    return Call("PATCH", address("/rule-sets/{rule_set_id}", rule_set_id), body=body)


def claim_notification(job_id: str) -> Call[schema.NotificationAnswer]:
    """Ask before you notify somebody of a job's end: of all tabs and devices one is told to, once for each end."""
    return Call("POST", address("/jobs/{job_id}/notified", job_id))


def count_jobs(*, status: str | None = None, job_type: str | None = None) -> Call[schema.HistoryCounts]:
    """How many of your jobs there are by status and by type. It costs the same however many there are."""
    return Call("GET", address("/jobs/counts"), query={"status": status, "job_type": job_type})


def create_job(body: schema.CreateJob, *, idempotency_key: str | None = None) -> Call[schema.JobResponse]:
    """Submit a job of a kind that is installed here, by its name as `job_type` and with its `parameters`."""
    return Call("POST", address("/jobs"), headers={"idempotency-key": idempotency_key}, body=body)


def create_job_token(body: schema.CreateJobToken) -> Call[schema.JobToken]:
    """Make a short-lived token for a page of yours: it may see, cancel or send only what it names."""
    return Call("POST", address("/jobs/tokens"), body=body)


def create_rule_set(body: schema.RuleSetBody) -> Call[schema.RuleSetResponse]:
    """Keep rules under a name, to check datasets by them. Whether a dataset has the columns is asked then."""
    return Call("POST", address("/rule-sets"), body=body)


def create_rule_set_of_table_schema(body: schema.TableSchemaBody) -> Call[schema.ReadTableSchema]:
    """Keep what a Frictionless Table Schema asks for as rules. `notes` tell what of it no rule checks."""
    return Call("POST", address("/rule-sets/table-schema"), body=body)


def create_token(body: schema.CreateApiToken) -> Call[schema.NewApiToken]:
    """Make a token for a program of yours. It is shown this once, and may do no more than you. Audited."""
    return Call("POST", address("/tokens"), body=body)


def delete_dataset(dataset_id: str) -> Call[None]:
    """Delete a dataset, its rows and, if nothing else was made from it, the original file."""
    return Call("DELETE", address("/datasets/{dataset_id}", dataset_id))


def delete_job(job_id: str) -> Call[None]:
    """Delete an ended job and its history. The dataset that it made stays; a file that only it needed goes."""
    return Call("DELETE", address("/jobs/{job_id}", job_id))


def delete_recipe(recipe_id: str) -> Call[None]:
    """Delete a recipe. Datasets that it made stay, and their lineage keeps its steps."""
    return Call("DELETE", address("/recipes/{recipe_id}", recipe_id))


def delete_rule_set(rule_set_id: str) -> Call[None]:
    """Delete a rule set. Reports that were made by it stay as long as their jobs do."""
    return Call("DELETE", address("/rule-sets/{rule_set_id}", rule_set_id))


def delete_version(dataset_id: str, number: str) -> Call[None]:
    """Delete a version that is not the current one, and the room that it takes."""
    return Call("DELETE", address("/datasets/{dataset_id}/versions/{number}", dataset_id, number))


def disable_user(user_id: str) -> Call[schema.UserResponse]:
    """Keep a user from signing in, and end their tokens and sessions at once. Administrators only. Audited."""
    return Call("POST", address("/users/{user_id}/disable", user_id))


def discard_change(dataset_id: str, job_id: str) -> Call[None]:
    """Give a proposed change up, and the room that it takes."""
    return Call("DELETE", address("/datasets/{dataset_id}/changes/{job_id}", dataset_id, job_id))


def dismiss_job(job_id: str) -> Call[None]:
    """Take an ended job out of the active list. History keeps it."""
    return Call("POST", address("/jobs/{job_id}/dismiss", job_id))


def download_artifact(job_id: str, name: str) -> Call[bytes]:
    """One of them, or a part of it: a download that broke off can be gone on with. Expired files answer 410."""
    return Call("GET", address("/jobs/{job_id}/artifacts/{name}", job_id, name))


def download_original(dataset_id: str, *, version: int | None = None) -> Call[bytes]:
    """The uploaded file, byte by byte as it came."""
    return Call("GET", address("/datasets/{dataset_id}/original", dataset_id), query={"version": version})


def download_rejected_csv(dataset_id: str, *, version: int | None = None) -> Call[bytes]:
    """The rejected rows as CSV, to be corrected: `_row` names each, `_errors` says what is wrong with it."""
    return Call("GET", address("/datasets/{dataset_id}/rejected.csv", dataset_id), query={"version": version})


def download_rejected_xlsx(dataset_id: str, *, version: int | None = None) -> Call[bytes]:
    """The rejected rows as a workbook, to be corrected. Every cell is text."""
    return Call("GET", address("/datasets/{dataset_id}/rejected.xlsx", dataset_id), query={"version": version})


def enable_user(user_id: str) -> Call[schema.UserResponse]:
    """Let a user sign in again; what ended when they were disabled stays ended. Administrators only. Audited."""
    return Call("POST", address("/users/{user_id}/enable", user_id))


def erase_user(user_id: str) -> Call[schema.ErasedUser]:
    """Erase a user with all files, datasets and jobs of theirs, for ever. Administrators only. Audited."""
    return Call("DELETE", address("/users/{user_id}", user_id))


def export_dataset(dataset_id: str, body: schema.ExportRequest) -> Call[schema.JobResponse]:
    """Have a job write a dataset, or a part of it, into a file: CSV, NDJSON, JSON, XLSX or Parquet."""
    return Call("POST", address("/datasets/{dataset_id}/exports", dataset_id), body=body)


def get_active_jobs() -> Call[schema.ActiveJobs]:
    """Your running and waiting jobs, and those that ended a short while ago."""
    return Call("GET", address("/jobs/active"))


def get_change(dataset_id: str, job_id: str) -> Call[schema.ChangeResponse]:
    """What the change that a job prepared would do, or did."""
    return Call("GET", address("/datasets/{dataset_id}/changes/{job_id}", dataset_id, job_id))


def get_dataset(dataset_id: str, *, version: int | None = None) -> Call[schema.DatasetResponse]:
    """One of your datasets, with its columns and why each has its type."""
    return Call("GET", address("/datasets/{dataset_id}", dataset_id), query={"version": version})


def get_job_by_id(
    job_id: str, *, wait: float | None = None, after_version: int | None = None
) -> Call[schema.JobResponse]:
    """One of your jobs. Somebody else's answers 404."""
    return Call("GET", address("/jobs/{job_id}", job_id), query={"wait": wait, "after_version": after_version})


def get_limits(*, sha256: str | None = None) -> Call[schema.Limits]:
    """What you may upload and how, how much room is left, and whether a file is known already."""
    return Call("GET", address("/limits"), query={"sha256": sha256})


def get_lineage(dataset_id: str, *, version: int | None = None) -> Call[schema.LineageResponse]:
    """The files and the recipes that made a version, in their order."""
    return Call("GET", address("/datasets/{dataset_id}/lineage", dataset_id), query={"version": version})


def get_me() -> Call[schema.MeResponse]:
    """Who you are."""
    return Call("GET", address("/me"))


def get_overview() -> Call[schema.Overview]:
    """Workers and what they do, queues, jobs in trouble, throughput of a day, storage, retention, versions."""
    return Call("GET", address("/operator"))


def get_profile(dataset_id: str, *, version: int | None = None) -> Call[schema.ProfileResponse]:
    """What each column holds: empty cells, different values, bounds, mean, histogram, the most frequent values."""
    return Call("GET", address("/datasets/{dataset_id}/profile", dataset_id), query={"version": version})


def get_receipt(job_id: str) -> Call[schema.Receipt]:
    """What an ended job was given, what came of it, and which version did that."""
    return Call("GET", address("/jobs/{job_id}/receipt", job_id))


def get_recipe(recipe_id: str, *, version: int | None = None) -> Call[schema.RecipeResponse]:
    """A recipe at its current version, or at another one."""
    return Call("GET", address("/recipes/{recipe_id}", recipe_id), query={"version": version})


def get_rule_set(rule_set_id: str, *, version: int | None = None) -> Call[schema.RuleSetResponse]:
    """One of your rule sets. The newest 100 versions of each are kept."""
    return Call("GET", address("/rule-sets/{rule_set_id}", rule_set_id), query={"version": version})


def get_schema() -> Call[dict[str, Any]]:
    """The JSON schema of a recipe's steps."""
    return Call("GET", address("/recipes/schema"))


def get_table_schema_of_rule_set(rule_set_id: str, *, version: int | None = None) -> Call[schema.WrittenTableSchema]:
    """A rule set as a Frictionless Table Schema. `notes` tell which rules are not in it."""
    return Call("GET", address("/rule-sets/{rule_set_id}/table-schema", rule_set_id), query={"version": version})


def get_throughput(*, window: Literal["3h", "24h", "7d"] | None = None) -> Call[schema.Throughput]:
    """How many jobs of all owners ended when."""
    return Call("GET", address("/operator/throughput"), query={"window": window})


def get_user(user_id: str) -> Call[schema.UserResponse]:
    """One user. Administrators only."""
    return Call("GET", address("/users/{user_id}", user_id))


def get_validation_report(dataset_id: str, validation_id: str) -> Call[schema.ValidationReport]:
    """What a validation found; `validation_id` is the id of its job. Issues are grouped by rule."""
    return Call("GET", address("/datasets/{dataset_id}/validations/{validation_id}", dataset_id, validation_id))


def import_file(
    body: Bytes, *, filename: str | None = None, options: str | None = None, idempotency_key: str | None = None
) -> Call[schema.JobResponse]:
    """Import a file. Answers 202 with its job once the bytes are safe; the job is visible from the first byte."""
    return Call(
        "POST",
        address("/imports"),
        query={"filename": filename, "options": options},
        headers={"idempotency-key": idempotency_key},
        body=body,
    )


def issue_token(body: dict[str, str]) -> Call[schema.TokenResponse]:
    """Exchange e-mail (as `username`) and password for an access token."""
    return Call("POST", address("/auth/token"), body=body)


def list_artifacts(job_id: str) -> Call[schema.JobArtifacts]:
    """The files that the job left, in the order in which they were written, with size and digest."""
    return Call("GET", address("/jobs/{job_id}/artifacts", job_id))


def list_attempts(job_id: str) -> Call[schema.JobAttempts]:
    """How often the job was begun, and what came of each time."""
    return Call("GET", address("/jobs/{job_id}/attempts", job_id))


def list_audit(
    *,
    limit: int | None = None,
    cursor: str | None = None,
    action: Literal[
        "job.cancel",
        "job.retry",
        "queue.pause",
        "queue.resume",
        "user.create",
        "user.set_role",
        "user.disable",
        "user.enable",
        "user.delete",
        "user.set_password",
        "user.change_password",
        "user.lock_out",
        "token.create",
        "token.revoke",
        "sweep.run",
        "backup.restore",
        "dataset.export",
    ]
    | None = None,
    actor: str | None = None,
    target_type: Literal["job", "queue", "user", "token", "address", "installation", "dataset"] | None = None,
    target: str | None = None,
) -> Call[schema.PageAuditAnswer]:
    """Who did what to whom and from where, newest first."""
    return Call(
        "GET",
        address("/audit"),
        query={
            "limit": limit,
            "cursor": cursor,
            "action": action,
            "actor": actor,
            "target_type": target_type,
            "target": target,
        },
    )


def list_changes(dataset_id: str) -> Call[schema.ChangesResponse]:
    """Changes that are prepared, wait to be applied, or were decided on, the newest first."""
    return Call("GET", address("/datasets/{dataset_id}/changes", dataset_id))


def list_datasets(
    *, limit: int | None = None, cursor: str | None = None, q: str | None = None
) -> Call[schema.PageDatasetResponse]:
    """Your datasets, newest first."""
    return Call("GET", address("/datasets"), query={"limit": limit, "cursor": cursor, "q": q})


def list_decisions(dataset_id: str, *, version: int | None = None) -> Call[schema.DecisionsResponse]:
    """What was found out about the file: format, encoding, dialect, types, each with its evidence."""
    return Call("GET", address("/datasets/{dataset_id}/decisions", dataset_id), query={"version": version})


def list_events(job_id: str) -> Call[schema.JobEvents]:
    """What happened to the job: its lifecycle and its stages, in order."""
    return Call("GET", address("/jobs/{job_id}/events", job_id))


def list_jobs(
    *,
    limit: int | None = None,
    cursor: str | None = None,
    status: str | None = None,
    job_type: str | None = None,
    dataset_id: str | None = None,
    q: str | None = None,
    created_from: str | None = None,
    created_to: str | None = None,
) -> Call[schema.HistoryPage]:
    """Your jobs, newest first, by keyset: a page at any depth costs the same."""
    return Call(
        "GET",
        address("/jobs"),
        query={
            "limit": limit,
            "cursor": cursor,
            "status": status,
            "job_type": job_type,
            "dataset_id": dataset_id,
            "q": q,
            "created_from": created_from,
            "created_to": created_to,
        },
    )


def list_queues() -> Call[schema.Queues]:
    """What waits and runs, and what is paused."""
    return Call("GET", address("/queues"))


def list_recipes(*, limit: int | None = None, cursor: str | None = None) -> Call[schema.PageRecipeResponse]:
    """Recipes that are kept, the newest first."""
    return Call("GET", address("/recipes"), query={"limit": limit, "cursor": cursor})


def list_rejected(
    dataset_id: str, *, offset: int | None = None, limit: int | None = None, version: int | None = None
) -> Call[schema.RejectedResponse]:
    """The rows of the file that are not in the table: each with its place and reason, and all of them by reason."""
    return Call(
        "GET",
        address("/datasets/{dataset_id}/rejected", dataset_id),
        query={"offset": offset, "limit": limit, "version": version},
    )


def list_rule_sets(*, limit: int | None = None, cursor: str | None = None) -> Call[schema.PageRuleSetSummary]:
    """Your rule sets, newest first."""
    return Call("GET", address("/rule-sets"), query={"limit": limit, "cursor": cursor})


def list_tokens() -> Call[schema.PageApiTokenResponse]:
    """Your API tokens, newest first."""
    return Call("GET", address("/tokens"))


def list_troubled_jobs(
    *, state: Literal["stalled", "failed"], limit: int | None = None, cursor: str | None = None
) -> Call[schema.PageOperatorJob]:
    """Jobs of all owners of which nobody has been heard, or that failed; the newest first."""
    return Call("GET", address("/operator/jobs"), query={"state": state, "limit": limit, "cursor": cursor})


def list_users(*, limit: int | None = None, cursor: str | None = None) -> Call[schema.PageUserResponse]:
    """All users, newest first. Administrators only."""
    return Call("GET", address("/users"), query={"limit": limit, "cursor": cursor})


def list_versions(dataset_id: str) -> Call[schema.VersionsResponse]:
    """Every version that is kept, the newest first. `?version=` shows one of them wherever a dataset is read."""
    return Call("GET", address("/datasets/{dataset_id}/versions", dataset_id))


def list_waiting_jobs(
    queue: str, *, limit: int | None = None, cursor: str | None = None
) -> Call[schema.PageOperatorJob]:
    """Jobs of all owners that wait in a queue, the longest wait first."""
    return Call("GET", address("/queues/{queue}/jobs", queue), query={"limit": limit, "cursor": cursor})


def pause_queue(queue: str, body: schema.PauseQueue) -> Call[schema.QueueAnswer]:
    """Let no job of this queue start until it is resumed, on any worker. Running jobs go on. Audited."""
    return Call("POST", address("/queues/{queue}/pause", queue), body=body)


def preview(
    body: dict[str, Any] | Bytes,
    *,
    filename: str | None = None,
    options: str | None = None,
    ranges: str | None = None,
    size: int | None = None,
) -> Call[schema.PreviewResponse]:
    """What a file looks like: first rows, columns, decisions, rows that do not fit. Nothing is kept."""
    return Call(
        "POST",
        address("/imports/preview"),
        query={"filename": filename, "options": options, "ranges": ranges, "size": size},
        body=body,
    )


def preview_transform(dataset_id: str, body: schema.LookAtSteps) -> Call[schema.LookResponse]:
    """What steps would make of some rows, with what is wrong first. Nothing is kept or changed."""
    return Call("POST", address("/datasets/{dataset_id}/transforms/preview", dataset_id), body=body)


def put_artifact(
    job_id: str, name: str, body: Bytes, *, attempt: int | None = None, rows: int | None = None
) -> Call[schema.ArtifactResponse]:
    """Attach a file to a job that you run, in place of one of the same name. The body is the file."""
    return Call(
        "PUT",
        address("/jobs/{job_id}/artifacts/{name}", job_id, name),
        query={"attempt": attempt, "rows": rows},
        body=body,
    )


def read_logs(
    job_id: str, *, after: int | None = None, limit: int | None = None, format: Literal["json", "text"] | None = None
) -> Call[schema.JobLogs]:
    """What the job did, in lines: the last ones, or those after `after`."""
    return Call("GET", address("/jobs/{job_id}/logs", job_id), query={"after": after, "limit": limit, "format": format})


def read_rows(
    dataset_id: str,
    *,
    offset: int | None = None,
    limit: int | None = None,
    columns: list[str] | None = None,
    sort: list[str] | None = None,
    filter: list[str] | None = None,
    q: str | None = None,
    values: Literal["typed", "written"] | None = None,
    version: int | None = None,
) -> Call[schema.RowsResponse]:
    """A page of rows. Operators: eq ne lt le gt ge contains starts empty notempty."""
    return Call(
        "GET",
        address("/datasets/{dataset_id}/rows", dataset_id),
        query={
            "offset": offset,
            "limit": limit,
            "columns": columns,
            "sort": sort,
            "filter": filter,
            "q": q,
            "values": values,
            "version": version,
        },
    )


def rename_dataset(dataset_id: str, body: schema.RenameDataset) -> Call[schema.DatasetResponse]:
    """Give a dataset another name."""
    return Call("PATCH", address("/datasets/{dataset_id}", dataset_id), body=body)


def reparse(dataset_id: str, body: schema.ReparseRequest) -> Call[schema.JobResponse]:
    """Read the dataset's file once more, with other options. The job ends with what would be different."""
    return Call("POST", address("/datasets/{dataset_id}/reparse", dataset_id), body=body)


def report_progress(job_id: str, body: schema.ReportProgress) -> Call[schema.ProgressAnswer]:
    """Report on a job that you run: progress, sign of life, ending; the answer says if it was cancelled."""
    return Call("POST", address("/jobs/{job_id}/progress", job_id), body=body)


def restore_version(dataset_id: str, number: str) -> Call[schema.DatasetResponse]:
    """Make a version the current one, at once. Later ones stay, so that this can be taken back."""
    return Call("POST", address("/datasets/{dataset_id}/versions/{number}/restore", dataset_id, number))


def resume_queue(queue: str) -> Call[schema.QueueAnswer]:
    """Let the jobs of this queue start again. Audited."""
    return Call("POST", address("/queues/{queue}/resume", queue))


def retry_any_job(job_id: str) -> Call[schema.OperatorJob]:
    """Run a failed or cancelled job of anybody again. Audited."""
    return Call("POST", address("/operator/jobs/{job_id}/retry", job_id))


def retry_job(job_id: str, body: schema.RetryJob | None = None) -> Call[schema.JobResponse]:
    """Run a failed or cancelled job again, from what it had finished for good."""
    return Call("POST", address("/jobs/{job_id}/retry", job_id), body=body)


def revoke_token(token_id: str) -> Call[None]:
    """Revoke a token of yours. Whoever uses it is refused from now on. Audited."""
    return Call("DELETE", address("/tokens/{token_id}", token_id))


def run_recipe(dataset_id: str, recipe_id: str, body: schema.RunRecipe) -> Call[schema.JobResponse]:
    """Have a job run a kept recipe on what a dataset shows."""
    return Call("POST", address("/datasets/{dataset_id}/recipes/{recipe_id}", dataset_id, recipe_id), body=body)


def save_recipe(body: schema.SaveRecipe) -> Call[schema.RecipeResponse]:
    """Keep a recipe, to be run on the next dataset of the same shape."""
    return Call("POST", address("/recipes"), body=body)


def send_corrected(
    dataset_id: str, body: Bytes, *, filename: str | None = None, idempotency_key: str | None = None
) -> Call[schema.JobResponse]:
    """Send rejected rows back, corrected in the file that was downloaded, or as JSON with the same names."""
    return Call(
        "POST",
        address("/datasets/{dataset_id}/rejected", dataset_id),
        query={"filename": filename},
        headers={"idempotency-key": idempotency_key},
        body=body,
    )


def set_password(user_id: str, body: schema.SetPassword) -> Call[None]:
    """Give a user a new password; ends what they signed in with the old one. Administrators only. Audited."""
    return Call("POST", address("/users/{user_id}/password", user_id), body=body)


def set_role(user_id: str, body: schema.SetRole) -> Call[schema.UserResponse]:
    """Make a user an administrator, or one no longer, from their next request on. Administrators only. Audited."""
    return Call("PUT", address("/users/{user_id}/role", user_id), body=body)


def transform_dataset(dataset_id: str, body: schema.RunSteps) -> Call[schema.JobResponse]:
    """Have a job run steps on what a dataset shows, into a new version of it or into a new dataset."""
    return Call("POST", address("/datasets/{dataset_id}/transforms", dataset_id), body=body)


def validate_dataset(dataset_id: str, body: schema.ValidationRequest) -> Call[schema.JobResponse]:
    """Have a job check a dataset by a rule set."""
    return Call("POST", address("/datasets/{dataset_id}/validations", dataset_id), body=body)
