"""Every decision names the option that changes it, and what would take the runner-up."""

from __future__ import annotations

from typing import Any

import pytest

from headway.datasets.decisions import explained


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
