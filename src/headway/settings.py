"""Every setting, read once by the composition roots (`app`, `worker`, `cli`) and passed down as values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024 * 1024
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MAX_CONNECTIONS_PER_ADDRESS = 512
LEAST_TOKEN_LENGTH = 16


Days = Annotated[int, Field(ge=0, le=36500)]
"""For how long something is kept; 0 is for ever, or as long as that to which it belongs."""


class KeepDays(BaseModel):
    """Days for jobs of one type, and for what belongs to them; what is left out is as for all others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    completed: Days | None = None
    failed: Days | None = None
    cancelled: Days | None = None
    events: Days | None = None
    artifacts: Days | None = None
    logs: Days | None = None


class Settings(BaseSettings):
    """Environment variables, `HEADWAY_*` except `DATABASE_URL` and `JWT_SECRET`."""

    model_config = SettingsConfigDict(env_prefix="HEADWAY_", frozen=True, populate_by_name=True, extra="ignore")

    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("headway")),
        description="Folder for the database, objects, secrets and spool files.",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="DATABASE_URL",
        description="`sqlite:///file` or `postgresql://…`. Default: `headway.db` in the data folder.",
    )
    storage_url: str = Field(
        default="",
        description="`file:///folder` or `s3://bucket/prefix?endpoint=http://…&region=…`. Default: `objects` in the data folder.",
    )
    jwt_secret: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="JWT_SECRET",
        description="At least 32 bytes. Default: generated once, kept in the data folder with mode 0600.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one and prints it.")
    admin_email: str = Field(
        default="", description="E-mail of the first administrator, used when there is no user yet."
    )
    admin_password: SecretStr = Field(
        default=SecretStr(""), description="Password of the first administrator. Default: generated and printed once."
    )
    log_level: str = Field(
        default="info", pattern="^(debug|info|warning|error)$", description="Least level that is logged."
    )
    token_lifetime_seconds: int = Field(default=3600, ge=60, le=86400, description="How long an access token is valid.")
    session_lifetime_seconds: int = Field(default=14 * 86400, ge=300, description="How long a browser stays signed in.")
    max_upload_bytes: int = Field(default=20 * 1024 * MIB, ge=1, description="Largest file that is accepted.")
    max_unpacked_bytes: int = Field(
        default=100 * 1024 * MIB, ge=1, description="Largest size of a compressed file once unpacked."
    )
    max_uploads_per_user: int = Field(
        default=32, ge=1, description="Files that one user may upload at the same time to one API process."
    )
    max_open_uploads_per_user: int = Field(
        default=100, ge=1, description="Resumable uploads that one user may have begun and not ended, paused ones too."
    )
    upload_idle_seconds: int = Field(
        default=86400, ge=60, description="How long a resumable upload waits for its next byte before it expires."
    )
    upload_age_seconds: int = Field(
        default=7 * 86400,
        ge=60,
        description="How long a resumable upload may take from its beginning to its last byte.",
    )
    max_user_bytes: int = Field(
        default=500 * 1024 * MIB, ge=1, description="Room for the files and datasets of one user."
    )
    max_artifact_bytes: int = Field(
        default=1024 * MIB, ge=1, description="Largest file that a job may leave for its owner."
    )
    redirect_downloads: bool = Field(
        default=False,
        description="Let an S3 store serve the files of jobs itself, by addresses that are valid for a minute. Only where"
        " browsers reach the store under the address that `HEADWAY_STORAGE_URL` names.",
    )
    min_free_bytes: int = Field(
        default=256 * MIB,
        ge=0,
        description="Uploads are refused (507) when they would leave less than this free on the disk.",
    )
    worker_concurrency: int = Field(
        default=3,
        ge=1,
        le=64,
        description="Imports that one worker process runs at once; one export or other bulk job may run beside them.",
    )
    user_concurrency: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Imports of one user that run at once, on all workers together. Less than "
        "`HEADWAY_WORKER_CONCURRENCY` leaves a place for somebody else. The same value for every worker.",
    )
    parse_memory_bytes: int = Field(
        default=512 * MIB,
        ge=64 * MIB,
        description="Memory of the process that parses one file; beyond it the job fails.",
    )
    parse_seconds: int = Field(
        default=3600,
        ge=1,
        description="Wall-clock time in which one file must be parsed; its computing time may be twice as much.",
    )
    sandbox: Literal["auto", "bubblewrap", "process"] = Field(
        default="auto",
        description="How files are parsed: `bubblewrap` shuts each parse in, and without bubblewrap no worker starts;"
        " `process` only limits it; `auto` takes bubblewrap where it works.",
    )
    job_kinds: str = Field(
        default="",
        description="Kinds of jobs beyond Headway's own, separated by commas: `reports.sales:kind,sync:kind` takes `kind`"
        " from the Python modules `reports.sales` and `sync`. The same value for the API and every worker. Default: none.",
    )
    cache_bytes: int = Field(
        default=10 * 1024 * MIB, ge=0, description="Room for local copies of datasets that are being browsed."
    )
    keep_completed_days: Days = Field(
        default=30,
        description="Days after which a completed job is deleted; its dataset stays. 0 keeps it for ever.",
    )
    keep_failed_days: Days = Field(
        default=90,
        description="Days after which a failed job is deleted, with a file that only it needed. 0 keeps it for ever.",
    )
    keep_cancelled_days: Days | None = Field(
        default=None,
        description="Days after which a cancelled job is deleted. Default: as for failed ones. 0 keeps it for ever.",
    )
    keep_events_days: Days = Field(
        default=0,
        description="Days after the end of a job for which its events are kept: its timeline. 0 keeps them as long as the"
        " job, which is the longest in any case.",
    )
    keep_types: dict[str, KeepDays] = Field(
        default={},
        description='Other days for some types of jobs, as JSON: `{"export": {"completed": 7, "failed": 30}}`. Each may'
        " have `completed`, `failed`, `cancelled`, `events`, `artifacts` (the files that such jobs leave from now on) and"
        " `logs` (their lines); 0 is for ever or as long as the job, and what is left out is as for all others.",
    )
    keep_artifact_days: Days = Field(
        default=14,
        description="Days after which a file that a job left for its owner is deleted; what it was stays known. 0 keeps"
        " it as long as the job.",
    )
    keep_log_days: Days = Field(
        default=30,
        description="Days after which the lines that tell what a job did are deleted. 0 keeps them as long as the job.",
    )
    keep_versions: int = Field(
        default=30,
        ge=2,
        le=100,
        description="Versions that each dataset keeps; when one more is made, the oldest that is not in use is deleted.",
    )
    keep_audit_days: Days = Field(
        default=365,
        description="Days for which the audit remembers what administrators did. 0 keeps it for ever.",
    )
    max_streams_per_user: int = Field(default=20, ge=1, description="Live event streams that one user may hold open.")
    max_connections_per_address: int | None = Field(
        default=None,
        ge=0,
        description="Connections that one address may hold open; 0 is no limit. Default: 512, and no limit where "
        "`HEADWAY_HOST` is a loopback address. Behind a reverse proxy all come from one address: use 0.",
    )

    allowed_origins: str = Field(
        default="",
        description="Origins of other sites whose pages may show jobs, and take files in, with tokens for embeds,"
        " separated by commas:"
        " `https://shop.example.org,http://localhost:3000`. Default: none.",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Secret that opens `/metrics`, as a bearer token of at least 16 characters. An administrator's access"
        " token opens it as well.",
    )
    metrics_public: bool = Field(
        default=False, description="Open `/metrics` to everybody who reaches it; for a private network."
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("metrics_token")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value) < LEAST_TOKEN_LENGTH:
            raise ValueError(f"needs at least {LEAST_TOKEN_LENGTH} characters")
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _only_origins(cls, value: str) -> str:
        for origin in _words_in(value):
            if not _is_origin(origin):
                raise ValueError(
                    f"{origin!r} is no origin: name scheme, host and perhaps port, as https://shop.example.org"
                )
        return value

    @field_validator("admin_email")
    @classmethod
    def _stripped(cls, value: str, _info: ValidationInfo) -> str:
        return value.strip().lower()

    @model_validator(mode="before")
    @classmethod
    def _blank_means_default(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Treat `NAME=` in an env file as not set, as people mean it."""
        return {name: value for name, value in values.items() if value != ""}

    @property
    def effective_allowed_origins(self) -> list[str]:
        return _words_in(self.allowed_origins)

    @property
    def places_of_job_kinds(self) -> list[str]:
        return _words_in(self.job_kinds)

    @property
    def effective_database_url(self) -> str:
        return self.database_url.get_secret_value() or f"sqlite:///{self.data_dir / 'headway.db'}"

    @property
    def effective_storage_url(self) -> str:
        return self.storage_url or f"file://{self.data_dir / 'objects'}"

    @property
    def keep_jobs(self) -> dict[str, Any]:
        """Return how long jobs are kept, by the names of `jobs.retention.KeepJobs.worded`."""
        return {
            "completed_days": self.keep_completed_days,
            "failed_days": self.keep_failed_days,
            "log_days": self.keep_log_days,
            "cancelled_days": self.keep_cancelled_days,
            "events_days": self.keep_events_days,
            "types": {name: days.model_dump() for name, days in self.keep_types.items()},
        }

    @property
    def artifact_rules(self) -> dict[str, Any]:
        """Return what holds for files of jobs, by the names of `jobs.artifacts.service.ArtifactRules`."""
        return {
            "max_bytes": self.max_artifact_bytes,
            "keep_days": self.keep_artifact_days,
            "redirects": self.redirect_downloads,
            "types": {name: days.artifacts for name, days in self.keep_types.items() if days.artifacts is not None},
        }

    @property
    def effective_max_connections_per_address(self) -> int:
        """Return the limit, or 0 for none: on a loopback address everybody, or a proxy, is this machine."""
        if self.max_connections_per_address is not None:
            return self.max_connections_per_address
        return 0 if self.host in LOOPBACK else MAX_CONNECTIONS_PER_ADDRESS

    @property
    def spool_dir(self) -> Path:
        """Return the folder for files that one step writes and nobody else reads."""
        return self.data_dir / "spool"

    @property
    def cache_dir(self) -> Path:
        return self.data_dir / "cache"


def _words_in(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_origin(text: str) -> bool:
    """Tell whether browsers could say this of a page: scheme, host, and a port if it is not the scheme's usual one."""
    parts = urlsplit(text)
    try:
        has_name = bool(parts.hostname) and "*" not in text and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return (
        has_name
        and parts.scheme in {"http", "https"}
        and text == f"{parts.scheme}://{parts.netloc.lower()}"
        and "@" not in text
    )
