"""What is committed about the product is what the product says of itself."""

from __future__ import annotations

import re

import pytest

from headway.errors import AppError
from headway.settings import Settings
from tools import reference


@pytest.mark.parametrize(
    "name", ["errors.md", "settings.md", "openapi.json", "promises.md", "rule-set.schema.json", "recipe.schema.json"]
)
def test_the_generated_page_is_current(name: str) -> None:
    committed = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert committed == reference.pages()[name], f"docs/reference/{name} is out of date: ./x docs"


def test_every_code_has_its_heading() -> None:
    headings = re.findall(r"^## (\S+)$", reference.errors_page(), re.MULTILINE)
    assert headings == sorted(reference.product_errors())
    assert len(headings) > 50


def test_every_setting_has_its_row() -> None:
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", reference.settings_page(), re.MULTILINE)
    assert len(rows) == len(Settings.model_fields)
    assert {"DATABASE_URL", "JWT_SECRET", "HEADWAY_DATA_DIR", "HEADWAY_STORAGE_URL", "HEADWAY_PORT"} <= set(rows)
    assert all(name.startswith("HEADWAY_") for name in set(rows) - {"DATABASE_URL", "JWT_SECRET"})
    assert all(field.description for field in Settings.model_fields.values())


def test_every_complaint_has_a_test_that_says_what_is_done_about_it() -> None:
    promises = reference.promises()
    assert {promise.number for promise in promises} == set(range(1, 21))
    assert [promise.test for promise in promises if not promise.complaint or not promise.answer] == []
    complaints: dict[int, set[str]] = {}
    for promise in promises:
        complaints.setdefault(promise.number, set()).add(promise.complaint)
    assert [each for each in complaints.values() if len(each) > 1] == [], "one complaint, one wording"


def test_a_code_is_said_by_one_class_and_has_its_sentences() -> None:
    reference.load_everything()
    seen: dict[str, type[AppError]] = {}
    for kind in _all_kinds(AppError):
        if "code" not in kind.__dict__ or not kind.__module__.startswith("headway."):
            continue
        assert kind.code not in seen, f"{kind.__name__} and {seen[kind.code].__name__} share the code {kind.code}"
        seen[kind.code] = kind
        assert re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_]+)?", kind.code), kind.code
        assert {"title", "user_action"} <= kind.__dict__.keys(), f"{kind.__name__} borrows its sentences"
        assert 400 <= kind.status < 600, kind.code


def _all_kinds(kind: type[AppError]) -> list[type[AppError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _all_kinds(child))]
