"""What is committed about the product is what the product says of itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headway.errors import AppError
from headway.settings import Settings
from tools import reference
from tools.strings import strings_of


@pytest.mark.parametrize("path", reference.PAGES)
def test_what_is_generated_is_current(path: str) -> None:
    committed = (reference.ROOT / path).read_text(encoding="utf-8")
    assert committed == reference.PAGES[path](), f"{path} is out of date: ./x docs"


def test_no_two_models_share_a_name() -> None:
    # Their names would be made of their modules, or of which way they go, and clients would carry them on.
    schemas = json.loads((reference.ROOT / "docs/reference/openapi.json").read_text())["components"]["schemas"]
    assert [
        name for name in schemas if re.fullmatch(r"[A-Z][A-Za-z]+|Page_[A-Z][A-Za-z]+_|Body_\w+", name) is None
    ] == []


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


def test_the_list_of_sentences_has_every_one_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "entry.ts").write_text(
        """import { words } from './words.ts'
        say('{title}: {message}, {percent} percent.', { title, message: say('Done (at last)'), kind: 'no sentence' })
        say(isAsked ? 'Cancelling' : 'Cancel', { by: 'nobody' })
        sayCount(2, '{count} needs it', '{count} need it')
        plural(rows, 'row', 'rows')
        countdowns.say('no sentence')"""
    )
    (tmp_path / "words.ts").write_text(
        """texts({ one: 'A word', "'": 'a quote', 'two': ['Another: one', 'the last'] })"""
    )
    assert strings_of(tmp_path / "entry.ts") == {
        "{title}: {message}, {percent} percent.", "Done (at last)", "Cancelling", "Cancel", "{count} needs it",
        "{count} need it", "{count} row", "{count} rows", "A word", "a quote", "Another: one",
        "the last",
    }  # fmt: skip
