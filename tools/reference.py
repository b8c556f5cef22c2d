"""Writes what follows from the code: errors, settings, promises, OpenAPI with its types, the strings of the elements.

`./x docs` writes them; a test compares what is committed with what this module says.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import headway
from headway.app import create_app
from headway.errors import AppError, all_errors
from headway.recipes.steps import json_schema
from headway.rules.schemas import RuleSetBody
from headway.settings import MIB, Settings
from tools.python_client import routes_module, schema_module
from tools.strings import strings_document

ROOT = Path(__file__).resolve().parents[1]
SUITE = ROOT / "tests" / "promises"
GENERATED = "<!-- Written by ./x docs. Change the code, not this page. -->"
GIB = 1024 * MIB
NOT_IMPORTABLE = ("headway.cli.__main__", "headway.migrations.env", "headway.migrations.versions")
"""Modules that do something when they are imported: a command line, and files that only Alembic runs."""


def load_everything() -> None:
    """Import every module of the package, so that every error class exists."""
    for module in pkgutil.walk_packages(headway.__path__, "headway."):
        if not module.name.startswith(NOT_IMPORTABLE):
            importlib.import_module(module.name)


def recipe_schema() -> str:
    """Return the JSON schema of a recipe."""
    return json.dumps(json_schema(), indent=1) + "\n"


def rule_set_schema() -> str:
    """Return the JSON schema of a rule set, as it is sent."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **RuleSetBody.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


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


# ------------------------------------------------------------------------ promises


@dataclass(frozen=True)
class Promise:
    """What a test of the conformance suite says: `test_07_…` is of the seventh complaint."""

    number: int
    complaint: str
    answer: str
    path: str
    """From the root of the checkout."""
    test: str


def promises() -> list[Promise]:
    """Return what the conformance suite holds the product to, in the order of the complaints.

    A test's docstring is the complaint, in the words of whoever complains, and below it what Headway does.
    """
    found = []
    for path in sorted(SUITE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
                continue
            complaint, _, answer = (
                " ".join(part.split()) for part in (ast.get_docstring(node) or "").partition("\n\n")
            )
            number = node.name.split("_")[1]
            found.append(
                Promise(
                    int(number) if number.isdigit() else 0,
                    complaint,
                    answer,
                    path.relative_to(ROOT).as_posix(),
                    node.name,
                )
            )
    return sorted(found, key=lambda promise: promise.number)


def promises_page() -> str:
    """Return one row for each of the twenty complaints, with every test that answers it."""
    head = f"""{GENERATED}

# Twenty complaints

What people complain of most about the progress of background jobs, wherever it is shown, and what Headway does about
it. Each row is proved by tests of the running product, over HTTP and in a real browser; they are part of `./x test`,
and `./x test tests/promises` runs them alone. How fast all of it is says `./x bench jobs`.

| | complaint | what Headway does | proved by |
|---|---|---|---|
"""
    return head + "".join(_complaint(list(tests)) for _, tests in groupby(promises(), lambda promise: promise.number))


def _complaint(tests: list[Promise]) -> str:
    answers = " ".join(test.answer for test in tests)
    proofs = "<br>".join(f"[`{test.test}`](../../{test.path})" for test in tests)
    return f"| {tests[0].number} | {tests[0].complaint} | {answers} | {proofs} |\n"


# ------------------------------------------------------------------------- openapi


def openapi_document() -> str:
    """Return the OpenAPI document of the app as it is with default settings."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            data_dir=Path(folder), database_url=f"sqlite:///{folder}/unused.db", storage_url=f"file://{folder}/objects"
        )
        document = create_app(settings).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def client_types() -> str:
    """Return the types of the OpenAPI document, for the client in TypeScript: every refusal there is a problem."""
    document = json.loads(openapi_document())
    for route in document["paths"].values():
        for asked in route.values():
            asked["responses"] = {status: said for status, said in asked["responses"].items() if int(status) < 400}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "openapi.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return str(importlib.import_module("uibuild").client_types(path))


def python_types() -> str:
    """Return the types of the OpenAPI document for Python."""
    return schema_module(json.loads(openapi_document()))


def python_routes() -> str:
    """Return the routes of the OpenAPI document for Python."""
    return routes_module(json.loads(openapi_document()))


PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/errors.md": errors_page,
    "docs/reference/settings.md": settings_page,
    "docs/reference/openapi.json": openapi_document,
    "docs/reference/promises.md": promises_page,
    "docs/reference/recipe.schema.json": recipe_schema,
    "docs/reference/rule-set.schema.json": rule_set_schema,
    "src/headway/client/schema.py": python_types,
    "src/headway/client/routes.py": python_routes,
    "web/packages/elements/strings.json": strings_document,
    "web/packages/client/src/schema.ts": client_types,
}
"""What is written, by the place where it is committed."""


def main() -> None:
    for path, text in PAGES.items():
        (ROOT / path).write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    main()
