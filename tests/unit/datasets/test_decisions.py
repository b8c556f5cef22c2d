"""Every decision names the option that changes it, and what would take the runner-up."""

from __future__ import annotations

from typing import Any

import pytest

from headway.datasets.decisions import asked_for, explained


@pytest.mark.parametrize(
    ("subject", "value", "runner_up", "option", "instead"),
    [
        ("encoding", "cp1252", "iso8859-15", "encoding", {"encoding": "iso8859-15"}),
        ("encoding", "utf-8", None, "encoding", None),
        ("dialect", {"delimiter": ","}, "semicolon", "delimiter", {"delimiter": ";"}),
        ("dialect", {"delimiter": ","}, "^", "delimiter", {"delimiter": "^"}),
        ("header", True, None, "header", {"header": False}),
        ("header", False, None, "header", {"header": True}),
        ("header", "row 3", None, "header", {"header": False}),
        ("header", None, None, "header", {"header": True}),
        ("header", {"renamed": ["a"]}, None, None, None),
        ("sheet", "One", ["Two (hidden)", "Three"], "sheet", {"sheet": "Three"}),
        ("column:a:b", "integer", None, "types", {"types": {"a:b": "text"}}),
        ("column:a", "text", None, "types", None),
        ("rows", {"skipped_lines": 2}, None, None, None),
    ],
)
def test_a_decision_names_what_changes_it(
    subject: str, value: Any, runner_up: Any, option: str | None, instead: dict[str, Any] | None
) -> None:
    said = explained({"subject": subject, "value": value, "evidence": "it is so", "runner_up": runner_up})
    assert (said.option, said.instead) == (option, instead)
    assert (said.subject, said.value, said.evidence) == (subject, value, "it is so")


def test_what_was_asked_for_is_told_without_what_is_found_out_and_where_the_file_went() -> None:
    kept = {
        "encoding": None,
        "types": {},
        "null_tokens": [],
        "header": False,
        "quote": "",
        "mode": "append",
        "into": None,
    }
    assert asked_for({**kept, "types": {"a": "text"}}) == {"header": False, "quote": "", "types": {"a": "text"}}
    assert asked_for(kept) == {"header": False, "quote": ""}
