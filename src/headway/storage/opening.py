"""From `HEADWAY_STORAGE_URL` to an object store."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from headway.storage.local import LocalStore
from headway.storage.s3 import S3Store
from headway.storage.store import ObjectStore

S3_PARAMETERS = {"endpoint", "region"}


def open_store(url: str) -> ObjectStore:
    """Return the store at `file:///folder` or `s3://bucket/prefix?endpoint=…&region=…`; nothing is contacted yet."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
            raise ValueError("HEADWAY_STORAGE_URL needs an absolute folder: file:///var/lib/headway/objects")
        return LocalStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return _open_s3(parts.netloc, parts.path.strip("/"), parse_qs(parts.query, strict_parsing=bool(parts.query)))
    raise ValueError("HEADWAY_STORAGE_URL must begin with file:/// or s3://bucket")


def _open_s3(bucket: str, prefix: str, parameters: dict[str, list[str]]) -> ObjectStore:
    unknown = sorted(parameters.keys() - S3_PARAMETERS)
    if unknown:
        raise ValueError(f"HEADWAY_STORAGE_URL has an unknown parameter {unknown[0]!r}; known: endpoint, region")
    values = {name: found[-1] for name, found in parameters.items()}
    return S3Store(bucket, prefix=prefix, endpoint=values.get("endpoint"), region=values.get("region", "us-east-1"))
