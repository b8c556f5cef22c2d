"""Writes the pages of docs/reference that follow from the code: errors, settings and the OpenAPI document.

`./x docs` writes them; a test compares what is committed with what this module says.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import tempfile
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import headway
from headway.app import create_app
from headway.errors import AppError, all_errors
from headway.settings import MIB, Settings

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
GENERATED = "<!-- Written by ./x docs. Change the code, not this page. -->"
GIB = 1024 * MIB
NOT_IMPORTABLE = ("headway.cli.__main__", "headway.migrations.env", "headway.migrations.versions")
"""Modules that do something when they are imported: a command line, and files that only Alembic runs."""


def pages() -> dict[str, str]:
    """Return the text of every generated page by its file name."""
    return {"errors.md": errors_page(), "settings.md": settings_page(), "openapi.json": openapi_document()}


def load_everything() -> None:
    """Import every module of the package, so that every error class exists."""
    for module in pkgutil.walk_packages(headway.__path__, "headway."):
        if not module.name.startswith(NOT_IMPORTABLE):
            importlib.import_module(module.name)


# -------------------------------------------------------------------------- errors


def errors_page() -> str:
    """Return the closed list of codes, each with its status, its sentences and what it means for machines."""
    head = f"""{GENERATED}

# Errors

Every failure is an [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem, `application/problem+json`; a failed
job carries the same object in `problem`. Branch on `code`, which never changes its meaning; the sentences are for
people and may change. `retryable` says that the same request may succeed later. Members beyond those below are facts
of the particular failure: a line, a size, a name. An answer of 500 and above also has `support_id`, which finds it in
the log: the `X-Request-ID` that every answer carries.

```json
{json.dumps(_example(), indent=2)}
```
"""
    return head + "".join(_error(kind) for _code, kind in sorted(product_errors().items()))


def product_errors() -> dict[str, type[AppError]]:
    """Return the error classes of the product by code, without those that a test made up."""
    load_everything()
    return {code: kind for code, kind in all_errors().items() if kind.__module__.startswith("headway.")}


def _example() -> dict[str, Any]:
    kind = product_errors()["upload.too_large"]
    return kind("The file has more than 1048576 bytes.", limit_bytes=1048576).problem()


def _error(kind: type[AppError]) -> str:
    lines = [f"## {kind.code}", f"**{kind.status}** · {_sentence(kind.title)}"]
    documentation = kind.__dict__.get("__doc__")
    if documentation and kind is not AppError:
        lines.append(inspect.cleandoc(documentation))
    lines.append(f"*What to do:* {_sentence(kind.user_action)}")
    if kind.retryable:
        lines.append("The same request may succeed later.")
    return "\n" + "\n\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


# ------------------------------------------------------------------------ settings


def settings_page() -> str:
    """Return one row for each setting."""
    head = f"""{GENERATED}

# Settings

Environment variables, read once at the start; `NAME=` (empty) means the default. `headway doctor` shows what is in
effect. Sizes are in bytes, durations in seconds. Credentials of an S3 store are the usual `AWS_ACCESS_KEY_ID` and
`AWS_SECRET_ACCESS_KEY`.

| variable | default | meaning |
|---|---|---|
"""
    return head + "".join(_setting(name, field) for name, field in Settings.model_fields.items())


def _setting(name: str, field: FieldInfo) -> str:
    variable = str(field.validation_alias or f"HEADWAY_{name.upper()}")
    limits = [f"{word} {limit}" for word, limit in _limits(field)]
    meaning = " ".join([field.description or "", *([f"({', '.join(limits)})"] if limits else [])])
    return f"| `{variable}` | {_default(field)} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    value = field.default
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    if value is PydanticUndefined:
        return "the platform's folder for user data"
    if value == "":
        return ""
    if isinstance(value, int) and value >= MIB and value % MIB == 0:
        return f"`{value}` ({value // GIB} GiB)" if value % GIB == 0 else f"`{value}` ({value // MIB} MiB)"
    return f"`{value}`"


def _limits(field: FieldInfo) -> list[tuple[str, Any]]:
    words = {"ge": "at least", "le": "at most"}
    return [
        (word, getattr(limit, name)) for limit in field.metadata for name, word in words.items() if hasattr(limit, name)
    ]


# ------------------------------------------------------------------------- openapi


def openapi_document() -> str:
    """Return the OpenAPI document of the app as it is with default settings."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder), database_url=f"sqlite:///{folder}/unused.db", storage_url=f"file://{folder}/objects"
        )
        document = create_app(settings).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
